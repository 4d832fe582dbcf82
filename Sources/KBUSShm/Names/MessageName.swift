// Message names as plain bytes. Nothing here touches shared memory, so all of it runs in ordinary unit tests.

/// The name of a message, such as `$.Sensors.Kitchen`, or a wildcard to bind to, such as `$.Sensors.*`.
///
/// A value of this type need not be valid: the bus says so when it is used (EBADMSG, ENAMETOOLONG), as the
/// specification has it. Bytes rather than characters count.
///
/// **Source:** KBUS specification, section 2.
public struct MessageName: Sendable, Equatable {
  /// The bytes of the name, without a terminating zero.
  public let bytes: [UInt8]

  /// The longest name that the bus takes, in bytes.
  public static let maximumLength = 1000

  public init(_ name: String) { bytes = name.bytes }

  public init(bytes: [UInt8]) { self.bytes = bytes }

  init(_ span: RawSpan) {
    var bytes: [UInt8] = []
    for position in 0..<span.byteCount { bytes.append(span.byte(position)) }
    self.init(bytes: bytes)
  }

  public static func == (left: MessageName, right: MessageName) -> Bool { left.bytes == right.bytes }

  /// What sort of name these bytes are.
  public enum Form: UInt8, Sendable {
    /// A name that messages can bear.
    case plain
    /// Ends in `%`: matches one more word.
    case child
    /// Ends in `*`: matches one or more further words.
    case descendants
    /// Breaks the grammar.
    case invalid
  }

  /// Checks the grammar: `$.` and then words of ASCII letters and digits, parted by single dots; the last may be `*` or `%`.
  ///
  /// The length limits are checked apart, since they have an errno of their own.
  public var form: Form {
    let count = bytes.count
    guard count >= 3, bytes[0] == Ascii.dollar, bytes[1] == Ascii.dot else { return .invalid }
    let last = bytes[count - 1]
    let isWildcard = (last == Ascii.star || last == Ascii.percent) && bytes[count - 2] == Ascii.dot
    var wordIsEmpty = true
    for position in 2..<(isWildcard ? count - 1 : count) {
      let byte = bytes[position]
      if byte == Ascii.dot {
        if wordIsEmpty { return .invalid }
        wordIsEmpty = true
      } else {
        guard Ascii.isLetterOrDigit(byte) else { return .invalid }
        wordIsEmpty = false
      }
    }
    // Before a wildcard the open word is empty by construction; a plain name must not end in a dot.
    guard isWildcard else { return wordIsEmpty ? .invalid : .plain }
    guard wordIsEmpty else { return .invalid }
    return last == Ascii.percent ? .child : .descendants
  }

  /// Whether a binding to this name receives a message called `name`. The bus itself routes by hash (`Route`);
  /// this says the same rule in the open, for tools and tests.
  public func matches(_ name: MessageName) -> Bool {
    switch form {
    case .invalid: return false
    case .plain: return bytes == name.bytes
    case .child, .descendants:
      let prefix = bytes.count - 1
      guard name.bytes.count > prefix, name.bytes[..<prefix] == bytes[..<prefix] else { return false }
      return form == .descendants || !name.bytes[prefix...].contains(Ascii.dot)
    }
  }
}

extension MessageName: ExpressibleByStringLiteral, ExpressibleByStringInterpolation {
  public init(stringLiteral name: String) { self.init(name) }
}

extension MessageName: CustomStringConvertible {
  public var description: String { String(decoding: bytes, as: UTF8.self) }
}

/// The bytes with a meaning in names and options.
enum Ascii {
  static let dollar: UInt8 = 0x24
  static let percent: UInt8 = 0x25
  static let star: UInt8 = 0x2A
  static let dot: UInt8 = 0x2E
  static let slash: UInt8 = 0x2F
  static let tab: UInt8 = 0x09
  static let newline: UInt8 = 0x0A
  static let space: UInt8 = 0x20
  static let colon: UInt8 = 0x3A
  static let equals: UInt8 = 0x3D

  static func isLetterOrDigit(_ byte: UInt8) -> Bool {
    (byte >= 0x30 && byte <= 0x39) || (byte >= 0x41 && byte <= 0x5A) || (byte >= 0x61 && byte <= 0x7A)
  }
}
