/// What went wrong, in a form both for programs and for people.
///
/// Expected outcomes (an empty queue, a time limit on a receive) are return values, not errors.
public struct KBusError: Error, Sendable {
  /// Which failure this is. Stable between releases; new ones may be added.
  public struct Code: Sendable, Equatable {
    /// The name of the code, as `kbus errno` and docs/ERRORS.md list it.
    public let name: StaticString
    /// The errno that C and Python report; never 0.
    public let errno: CInt
    /// What to do about it.
    public let remedy: StaticString

    init(name: StaticString, errno: Int, remedy: StaticString) {
      self.name = name
      self.errno = CInt(truncatingIfNeeded: errno)
      self.remedy = remedy
    }

    public static func == (left: Code, right: Code) -> Bool { left.errno == right.errno && left.name.isSame(as: right.name) }
  }

  /// Apart, so that an error is one word on its way through the calls that throw it on: that halves their code.
  private final class Details: Sendable {
    let code: Code
    let operation: StaticString
    let explanation: String
    let messageID: MessageID?

    init(_ code: Code, _ operation: StaticString, _ explanation: String, _ messageID: MessageID?) {
      self.code = code
      self.operation = operation
      self.explanation = explanation
      self.messageID = messageID
    }
  }

  private let details: Details

  public var code: Code { details.code }
  /// What was being done: `"send"`, `"bind"`, `"open"`.
  public var operation: StaticString { details.operation }
  /// What was found, with the value: `no replier is bound to "$.Lamp"`.
  public var explanation: String { details.explanation }
  /// What to do about it.
  public var remedy: String { code.remedy.description }
  public var errno: CInt { code.errno }
  /// Of `pending`: the message that waits.
  public var messageID: MessageID? { details.messageID }

  @inline(never) init(_ code: Code, _ operation: StaticString, _ found: Phrase) {
    details = Details(code, operation, found.text, nil)
  }

  /// The same, about this message.
  @inline(never) init(_ error: KBusError, about id: MessageID) {
    details = Details(error.code, error.operation, error.explanation, id)
  }
}

extension KBusError: CustomStringConvertible {
  /// For example `send: no replier is bound to "$.Lamp" (EADDRNOTAVAIL). Start the service ...`.
  public var description: String {
    "\(operation): \(explanation) (\(Errno.symbol(errno) ?? "errno \(errno)")). \(remedy)"
  }
}
