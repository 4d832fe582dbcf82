/// Why something could not be measured.
struct BenchError: Error, CustomStringConvertible {
  let description: String
  /// It can't be done here, which is nobody's fault: something is not installed, say.
  let isUnavailable: Bool

  init(_ description: String, isUnavailable: Bool = false) {
    self.description = description
    self.isUnavailable = isUnavailable
  }

  /// A failed call to the system; `result` is its negative errno.
  init(_ what: String, errno result: Int32) { self.init("\(what): errno \(-result)") }

}
