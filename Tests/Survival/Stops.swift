import ArgumentParser
import CSurvival
import Glibc
import KBUSShm

/// The stop sweep: a process is stopped before each store of a send. Whoever needs the bus meanwhile is told who holds it, within a
/// bounded time, or is not held up at all; when the process goes on, or dies, so does everybody.
struct Stops: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Stops a process before each store of a send. Needs a debug build.")

  @Option(help: "The operation.") var operation = "announce"
  @Option(help: "Stop before every so manyth store.") var stride = 1

  func run() throws {
    let stage = try SweepStage()
    let operation = try Operation(named: self.operation)
    var stops = 0, reported = 0
    var n = Int.random(in: 1...stride)
    while true {
      let victim = try stage.victim(operation, .stop, limit: UInt64(n))
      victim.go()
      let stopped = try waitUntilStopped(victim)
      if stopped {
        do {
          if try isHeldUp(by: victim) { reported += 1 }
        } catch { throw Failure("\(operation), stopped before store \(n): \(error)") }
        stops += 1
        // Every other one dies instead of going on.
        victim.kill(n % 2 == 0 ? SIGCONT : SIGKILL)
      }
      let end = try victim.finish()
      try expect(end == (stopped && n % 2 != 0 ? .killed : .completed), "ended otherwise than meant")
      do { _ = try stage.scene.verify(operation, completed: end == .completed) } catch {
        throw Failure("\(operation), stopped before store \(n): \(error)")
      }
      guard stopped else { break }
      n += stride
    }
    try expect(stops > 3 && reported > 0 && (reported < stops || stride > 1), "stops both under the lock and outside of it")
    print("stops: \(operation): \(stops) stops, \(reported) times the holder was reported, else nobody was held up")
  }

  private func waitUntilStopped(_ victim: Victim) throws -> Bool {
    for _ in 0..<20_000 {
      if victim.isOver { return false }
      if csurvival_state(victim.process) == CChar(UInt8(ascii: "T")) { return true }
      csurvival_sleep(500)
    }
    throw Failure("neither stopped nor over")
  }

  /// Whether the lock can't be had. Then the error names the holder; and it comes, whatever the holder does.
  private func isHeldUp(by victim: Victim) throws -> Bool {
    do throws(KBusError) {
      _ = try Bus.check(0)
    } catch {
      guard error.code == .lockStalled else {
        // What is checked while a process is between two stores outside the lock need not be consistent, but it must be readable.
        throw Failure("\(error)")
      }
      try expect("\(error)".contains("\(victim.process)"), "the error names another holder: \(error)")
      return true
    }
    return false
  }
}
