import KBUSShm

/// Why something could not be measured.
struct BenchError: Error, CustomStringConvertible {
  let description: String
  /// It can't be done here, which is nobody's fault: something is not installed, say.
  let isUnavailable: Bool
  /// It is a peer's, which has said so itself.
  let isEcho: Bool

  init(_ description: String, isUnavailable: Bool = false, isEcho: Bool = false) {
    self.description = description
    self.isUnavailable = isUnavailable
    self.isEcho = isEcho
  }

  init(_ error: KBusError) { self.init("\(error)") }

  /// A failed call to the system; `result` is its negative errno.
  init(_ what: String, errno result: Int32) { self.init("\(what): errno \(-result)") }

  static func wrapping<T: ~Copyable>(_ body: () throws(KBusError) -> T) throws(BenchError) -> T {
    do { return try body() } catch { throw BenchError(error) }
  }
}
