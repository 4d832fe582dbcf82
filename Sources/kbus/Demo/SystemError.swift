import Glibc

/// A failed system call, in the system's own words.
struct SystemError: Error, CustomStringConvertible {
  let call: String
  let reason: String

  /// **Errors:** call it at once after the failure, before anything else can change `errno`.
  init(_ call: String, errno number: Int32 = errno) {
    self.call = call
    reason = Self.text(number)
  }

  var description: String { "\(call): \(reason)" }

  static func text(_ number: Int32 = errno) -> String { unsafe String(cString: strerror(number)) }
}
