import ArgumentParser
import CBench
import Glibc

/// Becomes another program, which is killed when the process that started this ends.
struct Tied: ParsableCommand {
  static let configuration = CommandConfiguration(shouldDisplay: false)

  @Option var parent: Int32

  @Argument(parsing: .captureForPassthrough)
  var words: [String]

  func run() throws {
    let result = cbench_die_with_parent(parent)
    guard result == 0 else { throw BenchError("cannot be tied to process \(parent)", errno: result) }
    var argv = unsafe words.map { unsafe strdup($0) } + [nil]
    _ = unsafe execv(words[0], &argv)
    throw BenchError("cannot start \(words[0])", errno: -errno)
  }
}
