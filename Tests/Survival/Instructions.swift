import ArgumentParser
import CSurvival
import Glibc
import KBUSShm

/// The instruction sweep: a process of the release build is killed after its n-th instruction in an operation, the C library's and those
/// around its system calls included.
struct Instructions: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Kills a process after each instruction of an operation. Meant for a release build.")

  @Option(help: "Only this operation.") var operation: String?
  @Option(help: "Kill after every so manyth instruction, from one that is another each time.") var stride = 1
  @Option(help: "Where to keep how far it is, so that it can be stopped and continued.") var state: String?

  func run() throws {
    guard csurvival_can_step() != 0 else { return print("instructions: skipped: single-stepping is written for x86-64") }
    Self.bindNow()
    let stage = try SweepStage()
    var bookmark = Bookmark(state)
    var kills = 0
    for sweep in try sweeps(stage) where operation == nil || operation == sweep.name { kills += try run(sweep, stage, &bookmark) }
    try expect(kills > 0, "nothing was swept")
    bookmark.remove()
    print("instructions: \(kills) kills survived")
  }

  /// Begins anew with all functions of shared libraries bound: their binding at the first call is nobody's operation.
  private static func bindNow() {
    guard unsafe getenv("LD_BIND_NOW") == nil else { return }
    unsafe setenv("LD_BIND_NOW", "1", 1)
    var arguments = unsafe CommandLine.arguments.map { unsafe strdup($0) } + [nil]
    unsafe execv("/proc/self/exe", &arguments)
  }

  private func sweeps(_ stage: SweepStage) throws -> [InstructionSweep] {
    let plain: [Operation] = [
      .announce, .urgent, .across, .batch, .request, .reply, .loan, .take, .batchTake, .release, .bind, .unbind, .report,
      .close, .reap, .open, .create,
    ]
    var sweeps = plain.map { InstructionSweep($0) }
    // Recovery of a process that was killed early, in the middle and late in its operation.
    for first in [Operation.announce, .close] {
      let route = try Route(of: InstructionSweep(first), on: stage)
      for part in 1...7 { sweeps.append(InstructionSweep(.setLimits, after: first, on: route, part: part, of: 8)) }
    }
    return sweeps
  }

  /// Kills at every n until the operation completes.
  private func run(_ sweep: InstructionSweep, _ stage: SweepStage, _ bookmark: inout Bookmark) throws -> Int {
    let route = try Route(of: sweep, on: stage)
    var n = bookmark.next(of: sweep.name) ?? Int.random(in: 1...stride)
    var kills = 0, done = 0
    var progress = Progress()
    while n <= route.count {
      let attempt: InstructionSweep.Attempt
      do { attempt = try sweep.attempt(on: stage) { victim in try route.follow(to: n, by: victim) } } catch {
        throw Failure("\(sweep.name), instruction \(n): \(error)")
      }
      if !attempt.completed { kills += 1 }
      if attempt.happened { done += 1 }
      n += stride
      bookmark.set(sweep.name, to: n)
      progress.say("instructions: \(sweep.name): \(n) of \(route.count)")
    }
    print("instructions: \(sweep.name): \(route.count) instructions, \(kills) kills, \(done) found the operation done")
    fflush(nil)
    return kills
  }
}

/// What is killed: an operation; or one that has first to repair what another left when it was killed.
struct InstructionSweep {
  let name: String
  private let operation: Operation
  private let first: Operation?
  private let firstRoute: Route?
  private let firstKill: Int

  init(_ operation: Operation) {
    name = operation.name
    self.operation = operation
    first = nil
    firstRoute = nil
    firstKill = 0
  }

  /// The first is killed so far on its way.
  init(_ operation: Operation, after first: Operation, on route: Route, part: Int, of parts: Int) {
    name = "recover-\(first)-\(part)"
    self.operation = operation
    self.first = first
    firstRoute = route
    firstKill = route.count * part / parts
  }

  struct Attempt {
    let completed: Bool
    let happened: Bool
  }

  /// Brings a process to its operation; `follow` leads it on, and says whether it has completed. If not it is killed.
  func attempt(on stage: SweepStage, _ follow: (Victim) throws -> Bool) throws -> Attempt {
    var repairer: Victim?
    if let first, let firstRoute {
      repairer = try stage.victim(operation, .stepAlone, as: .repairer)
      let victim = try stage.victim(first, .step)
      try Self.begin(victim)
      if try firstRoute.follow(to: firstKill, by: victim) {
        // Now and then its way is a shorter one; then there is nothing to repair.
        _ = csurvival_let_go(victim.process)
        try expect(try victim.finish() == .completed, "killed by somebody else")
      } else {
        try Self.kill(victim)
      }
    }
    let victim = try repairer ?? stage.victim(operation, .step)
    try Self.begin(victim)
    let completed = try follow(victim)
    if completed {
      _ = csurvival_let_go(victim.process)
      try expect(try victim.finish() == .completed, "killed by somebody else")
    } else {
      try Self.kill(victim)
    }
    let happened = try stage.scene.verify(first ?? operation, completed: completed && first == nil)
    return Attempt(completed: completed, happened: happened)
  }

  private static func begin(_ victim: Victim) throws {
    try expect(csurvival_seize(victim.process) == 0, "no tracing")
    victim.go()
    try expect(csurvival_run_to_mark(victim.process) == 0, "the process ended before its operation")
  }

  private static func kill(_ victim: Victim) throws {
    victim.kill()
    _ = csurvival_wait(victim.process, 10_000)
    try expect(try victim.finish() == .killed, "not killed")
  }
}

/// The way through an operation, instruction by instruction, as one process went it. Others go the same way but for details.
struct Route {
  /// Where each instruction is.
  private let places: [UInt64]
  /// The n-th time that its place is met.
  private let hits: [Int]
  private static let longest = 2_000_000

  var count: Int { places.count }

  init(of sweep: InstructionSweep, on stage: SweepStage) throws {
    var places = [UInt64](repeating: 0, count: Self.longest)
    var count = 0
    let attempt = try sweep.attempt(on: stage) { victim in
      count = unsafe csurvival_step(victim.process, Self.longest, victim.ended, &places)
      return count >= 0 && count < Self.longest
    }
    try expect(attempt.completed, "\(sweep.name) does not end")
    places.removeLast(places.count - count)
    self.places = places
    var met: [UInt64: Int] = [:]
    hits = places.map { place in
      met[place, default: 0] += 1
      return met[place] ?? 0
    }
  }

  /// Leads a process to behind its n-th instruction; true if it has completed instead. Stepping all the way would take long: it
  /// runs to an instruction not far before that is seldom met, and is stepped from there.
  func follow(to n: Int, by victim: Victim) throws -> Bool {
    var from = 0, cost = n
    for candidate in max(0, n - 400)..<n where hits[candidate] + n - candidate < cost {
      from = candidate
      cost = hits[candidate] + n - candidate
    }
    if from > 0 {
      guard csurvival_run_to(victim.process, places[from], hits[from]) == 0 else {
        try expect(victim.hasEnded, "the process ended in its operation")
        return true
      }
    }
    let stepped = unsafe csurvival_step(victim.process, n - from, victim.ended, nil)
    try expect(stepped >= 0, "the process ended in its operation")
    return stepped < n - from
  }
}
