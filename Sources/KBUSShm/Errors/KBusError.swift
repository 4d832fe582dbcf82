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

    init(name: StaticString, errno: Int) {
      self.name = name
      self.errno = CInt(errno)
    }

    public static func == (left: Code, right: Code) -> Bool {
      left.errno == right.errno && left.name.utf8CodeUnitCount == right.name.utf8CodeUnitCount
        && left.name.description.utf8.elementsEqual(right.name.description.utf8)
    }
  }

  public let code: Code
  /// What was being done: `"send"`, `"bind"`, `"open"`.
  public let operation: StaticString
  /// What was found, with the value: `no replier is bound to "$.Lamp"`.
  public let explanation: String
  /// What to do about it.
  public let remedy: String

  public var errno: CInt { code.errno }

  init(_ code: Code, _ operation: StaticString, _ explanation: String, remedy: String) {
    self.code = code
    self.operation = operation
    self.explanation = explanation
    self.remedy = remedy
  }
}

extension KBusError: CustomStringConvertible {
  /// For example `send: no replier is bound to "$.Lamp" (EADDRNOTAVAIL). Start the service ...`.
  public var description: String {
    "\(operation): \(explanation) (\(Errno.symbol(errno) ?? "errno \(errno)")). \(remedy)"
  }
}
