import KBUSShm

/// Why a run ended early.
struct BenchError: Error, CustomStringConvertible {
  let description: String

  init(_ description: String) { self.description = description }

  init(_ error: KBusError) { description = "\(error)" }

  /// A failed call to the system; `result` is its negative errno.
  init(_ what: String, errno result: Int32) { description = "\(what): errno \(-result)" }

  static func wrapping<T>(_ body: () throws(KBusError) -> T) throws(BenchError) -> T {
    do { return try body() } catch { throw BenchError(error) }
  }
}
