import CBench

/// Processors by number.
struct CPUList: CustomStringConvertible, Sendable {
  var cpus: [Int32]

  var description: String { cpus.map { String($0) }.joined(separator: ",") }

  /// Those that this process may run on.
  static func allowed() throws(BenchError) -> CPUList {
    var cpus = [Int32](repeating: 0, count: 1024)
    let count = unsafe cbench_allowed_cpus(&cpus, Int32(cpus.count))
    guard count > 0 else { throw BenchError("cannot ask for the processors of this process", errno: count) }
    return CPUList(cpus: Array(cpus.prefix(Int(count))))
  }

  /// Binds the calling thread, and the threads that it starts from now on.
  func pinThisThread() throws(BenchError) {
    let result = unsafe cbench_pin(cpus, Int32(cpus.count))
    guard result == 0 else { throw BenchError("cannot bind to processor \(self)", errno: result) }
  }
}
