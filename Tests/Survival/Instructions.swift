import ArgumentParser
import CSurvival
import KBUSShm

/// The instruction sweep: a process of the release build is stepped through an operation and killed after its n-th instruction,
/// the C library's and those of its system calls included.
struct Instructions: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Kills a process after each instruction of an operation. Meant for a release build.")

  @Option(help: "Only this operation.") var operation: String?
  @Option(help: "Kill after every so manyth instruction.") var stride = 1
  @Option(help: "The first instruction; by default another one each time.") var from: Int?
  @Option(help: "Where to keep how far it is, so that it can be stopped and continued.") var state: String?

  static let swept: [Operation] = [.announce, .request, .reply, .loan, .take, .release, .bind, .close, .open]

  func run() throws {
    guard csurvival_can_step() != 0 else { return print("instructions: skipped: single-stepping is written for x86-64") }
    let stage = try SweepStage()
    let operations = try operation.map { [try Operation(named: $0)] } ?? Self.swept
    var bookmark = Bookmark(state)
    var kills = 0
    for operation in operations {
      let swept = try sweep(operation.name, stage, &bookmark) { n in try kill(operation, after: n, on: stage) }
      kills += swept
      // The same, but what is killed is the recovery of a process that was killed in the middle of it.
      let length = try self.length(operation, stage)
      for part in 1...3 where operation == .announce || operation == .close {
        kills += try sweep("recover-\(operation)-\(part)", stage, &bookmark) { n in
          _ = try kill(operation, after: length * part / 4, on: stage, andVerify: false)
          return try kill(.open, after: n, on: stage, as: operation)
        }
      }
    }
    print("instructions: \(kills) kills survived")
  }

  /// Kills at every n until the operation completes.
  private func sweep(_ name: String, _ stage: SweepStage, _ bookmark: inout Bookmark, _ attempt: (Int) throws -> Attempt) throws -> Int {
    var n = bookmark.next(of: name) ?? from ?? Int.random(in: 1...stride)
    var kills = 0, done = 0
    var progress = Progress()
    while true {
      let outcome: Attempt
      do { outcome = try attempt(n) } catch { throw Failure("\(name), instruction \(n): \(error)") }
      if outcome.completed { break }
      kills += 1
      if outcome.happened { done += 1 }
      n += stride
      bookmark.set(name, to: n)
      progress.say("instructions: \(name): \(n)")
    }
    bookmark.set(name, to: 1)
    print("instructions: \(name): \(n - 1) instructions, \(kills) kills, \(kills - done) not done, \(done) done")
    return kills
  }

  private struct Attempt {
    let completed: Bool
    let happened: Bool
  }

  /// How many instructions an operation has.
  private func length(_ operation: Operation, _ stage: SweepStage) throws -> Int {
    let victim = try stage.victim(operation, .step)
    let length = try step(victim, .max, stage)
    try expect(try victim.finish() == .completed, "killed")
    _ = try stage.scene.verify(operation, completed: true)
    return length
  }

  /// Steps a process that is ready through `count` instructions of its operation, or to the end.
  private func step(_ victim: Victim, _ count: Int, _ stage: SweepStage) throws -> Int {
    try expect(csurvival_seize(victim.process) == 0, "no tracing")
    victim.go()
    try expect(csurvival_run_to_mark(victim.process) == 0, "the process ended before its operation")
    let stepped = unsafe csurvival_step(victim.process, count, stage.nursery.board.ended, nil)
    try expect(stepped >= 0, "the process ended in its operation")
    if stepped < count { _ = csurvival_let_go(victim.process) }
    return stepped
  }

  /// `swept`: whose traces are to be judged, if not the operation's own.
  private func kill(
    _ operation: Operation, after n: Int, on stage: SweepStage, as swept: Operation? = nil, andVerify verifies: Bool = true
  ) throws -> Attempt {
    let victim = try stage.victim(operation, .step)
    let completed = try step(victim, n, stage) < n
    if !completed {
      victim.kill()
      _ = csurvival_wait(victim.process, 10_000)
    }
    let end = try victim.finish()
    try expect((end == .completed) == completed, "ended otherwise than meant")
    guard verifies else { return Attempt(completed: completed, happened: false) }
    let happened = try stage.scene.verify(swept ?? operation, completed: completed && swept == nil)
    return Attempt(completed: completed, happened: happened)
  }
}
