import CBench
import Glibc

/// Another process: this program started once more, or another program. It is killed when this value goes.
final class Peer {
  let process: pid_t
  private var hasEnded = false

  /// How long a peer may take to get ready or to end.
  private static let patience: UInt64 = 30_000_000_000

  init(path: String = "/proc/self/exe", _ arguments: [String], input: Int32 = -1, errors: Int32 = -1) throws(BenchError) {
    var argv = unsafe ([path] + arguments).map { unsafe strdup($0) } + [nil]
    defer { for index in 0...arguments.count { unsafe free(argv[index]) } }
    process = unsafe cbench_spawn(path, &argv, input, errors)
    guard process > 0 else {
      hasEnded = true
      throw BenchError("cannot start \(path)", errno: process)
    }
  }

  deinit { if !hasEnded { cbench_kill(process) } }

  /// Waits until this is true. It is an error if the peer ends first.
  func wait(until isTrue: () -> Bool) throws(BenchError) {
    let deadline = Clock.now() + Peer.patience
    while !isTrue() {
      if let status = try endStatus() { throw BenchError("a peer ended early, with wait status \(status)", isEcho: status != 0) }
      try Peer.pause(before: deadline)
    }
  }

  /// Waits until the peer has ended of itself, and without complaint.
  func waitForEnd() throws(BenchError) {
    let status = try endStatus(before: Clock.now() + Peer.patience)
    guard status == 0 else { throw BenchError("a peer failed, with wait status \(status)", isEcho: true) }
  }

  /// Waits until the peer has ended, and returns how.
  func endStatus(before deadline: UInt64) throws(BenchError) -> Int32 {
    while true {
      if let status = try endStatus() { return status }
      try Peer.pause(before: deadline)
    }
  }

  private func endStatus() throws(BenchError) -> Int32? {
    var status: Int32 = 0
    let result = unsafe cbench_has_ended(process, &status)
    if result == 0 { return nil }
    hasEnded = true
    guard result == 1 else { throw BenchError("cannot wait for a peer", errno: result) }
    return status
  }

  private static func pause(before deadline: UInt64) throws(BenchError) {
    guard Clock.now() < deadline else { throw BenchError("a peer neither got ready nor ended in time") }
    usleep(100)
  }
}

// What a peer does about itself.
extension Peer {
  static var ownProcess: pid_t { getpid() }

  /// Has the kernel kill this process when its parent ends, however that comes about.
  static func dieWith(parent: pid_t) throws(BenchError) {
    let result = cbench_die_with_parent(parent)
    guard result == 0 else { throw BenchError("cannot be tied to process \(parent)", errno: result) }
  }

  /// Returns once no process holds the other end of standard input.
  static func outliveWritersOfStandardInput() { cbench_outlive_writers_of_stdin() }
}
