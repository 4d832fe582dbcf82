import CBench
import FoundationEssentials
import Glibc

/// Another process: this program started once more, or another program. It is killed when this value goes.
final class Peer {
  let process: pid_t
  private var hasEnded = false

  /// Where it writes what it complains of.
  private let complaints: String?

  init(
    path: String = "/proc/self/exe", _ arguments: [String], input: Int32 = -1, errors: Int32 = -1, complaints: String? = nil
  ) throws(BenchError) {
    self.complaints = complaints
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
    let deadline = Clock.now() + 30_000_000_000
    while !isTrue() {
      guard Clock.now() < deadline else { throw BenchError("it did not get ready in time") }
      var status: Int32 = 0
      guard unsafe cbench_wait(process, 1, &status) == 0 else {
        hasEnded = true
        throw complaint(status: status)
      }
    }
  }

  /// Why it ended with this wait status: what it said last, or else the status.
  func complaint(status: Int32) -> BenchError {
    let text = complaints.flatMap { try? String(contentsOfFile: $0, encoding: .utf8) } ?? ""
    let why = text.split(separator: "\n").last.map { String($0) } ?? "it ended with wait status \(status), and said nothing"
    return BenchError(why, isUnavailable: status == Int32(CBENCH_UNAVAILABLE) << 8)
  }

  /// Waits until the peer has ended, and returns its wait status.
  func end(within seconds: Int32) throws(BenchError) -> Int32 {
    var status: Int32 = 0
    let result = unsafe cbench_wait(process, seconds * 1000, &status)
    guard result != 0 else { throw BenchError("it did not end within \(seconds) seconds") }
    hasEnded = true
    guard result == 1 else { throw BenchError("cannot wait for a peer", errno: result) }
    return status
  }
}

extension Peer {
  /// A reaper, which watches over the buses of a directory until it is killed.
  static func reaper(of directory: String) throws(BenchError) -> Peer {
    let path = try Program.pathBesideOwn("kbus-reaper")
    return try Peer(["tied", "--parent", "\(Peer.ownProcess)", path, "--directory", directory, "--stay"])
  }
}

// What a peer does about itself.
extension Peer {
  static var ownProcess: pid_t { getpid() }

  /// Returns once no process holds the other end of standard input.
  static func outliveWritersOfStandardInput() { cbench_outlive_writers_of_stdin() }
}
