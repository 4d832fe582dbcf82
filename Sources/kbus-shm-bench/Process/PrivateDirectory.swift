import CBench
import FoundationEssentials
import Glibc

/// A directory of this run's own, for its bus and its shared words.
///
/// A second process, `Guard`, removes it when this one ends, so that not even SIGKILL leaves anything behind.
struct PrivateDirectory {
  let path: String
  private let `guard`: Peer
  private let lifeline: Int32

  init(in parent: String) throws(BenchError) {
    path = parent + "/kbus-bench-\(Peer.ownProcess)-\(Clock.now())"
    try PrivateDirectory.make(path)
    var ends: [Int32] = [-1, -1]
    let result = unsafe cbench_pipe(&ends)
    guard result == 0 else { throw BenchError("cannot make a pipe", errno: result) }
    defer { _ = Glibc.close(ends[0]) }
    lifeline = ends[1]
    `guard` = try Peer(["guard", "--directory", path], input: ends[0])
  }

  /// Lets the guard do its work now.
  func remove() {
    _ = Glibc.close(lifeline)
    guard (try? `guard`.end(within: 10)) == 0 else { return PrivateDirectory.removeTree(path) }
  }

  static func make(_ path: String) throws(BenchError) {
    guard unsafe mkdir(path, 0o700) == 0 else { throw BenchError("cannot make \(path)", errno: -errno) }
  }

  static func removeTree(_ path: String) {
    try? FileManager.default.removeItem(atPath: path)
  }
}
