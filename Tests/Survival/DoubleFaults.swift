import ArgumentParser
import KBUSShm

/// The double fault: one process is killed before its n-th store, and the next, which repairs what it left, before its m-th.
struct DoubleFaults: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Kills the recoverer of a killed process before each of its stores. Needs a debug build.")

  @Option(help: "Only this operation.") var operation: String?
  @Option(help: "A random sample of so many pairs; without it all pairs.") var count: Int?
  @Option(help: "Of the random sample.") var seed: UInt64 = .random(in: 1...999_999)
  @Option(help: "Where to keep how far it is, so that it can be stopped and continued.") var state: String?

  func run() throws {
    let stage = try SweepStage()
    // Nobody has to repair what has no name yet.
    let operations = try operation.map { [try Operation(named: $0)] } ?? Operation.allCases.filter { $0 != .create }
    var bookmark = Bookmark(state)
    var pairs = 0
    if let count { print("double: seed \(seed), \(count) pairs of each of \(operations.count) operations") }
    for operation in operations {
      let pairsBefore = pairs
      if let count {
        var random = Noise(seed: seed)
        let stores = try self.stores(of: operation, stage), repairs = try self.stores(ofRepair: operation, after: stores / 2, stage)
        for _ in 0..<count {
          try kill(operation, Int.random(in: 1...stores, using: &random), Int.random(in: 1...repairs, using: &random), stage)
          pairs += 1
        }
      } else {
        var progress = Progress()
        var n = bookmark.next(of: operation.name) ?? 1
        while true {
          var m = 1
          let first = try fault(operation, n, stage)
          if first == .completed {
            _ = try stage.scene.verify(operation, completed: true)
            break
          }
          // For each m the first must be killed anew.
          while try fault(.open, m, stage) == .killed {
            _ = try verify(operation, n, m, stage)
            pairs += 1
            m += 1
            _ = try fault(operation, n, stage)
          }
          _ = try verify(operation, n, m, stage)
          n += 1
          bookmark.set(operation.name, to: n)
          progress.say("double: \(operation): store \(n), \(pairs) pairs")
        }
      }
      print("double: \(operation): \(pairs - pairsBefore) pairs")
    }
    bookmark.remove()
    print("double: \(pairs) double faults survived")
  }

  private func kill(_ operation: Operation, _ n: Int, _ m: Int, _ stage: SweepStage) throws {
    _ = try fault(operation, n, stage)
    _ = try fault(.open, m, stage)
    _ = try verify(operation, n, m, stage)
  }

  private func verify(_ operation: Operation, _ n: Int, _ m: Int, _ stage: SweepStage) throws -> Bool {
    do { return try stage.scene.verify(operation, completed: false) } catch {
      throw Failure("\(operation), killed before store \(n), and who repairs it before store \(m): \(error)")
    }
  }

  private func fault(_ operation: Operation, _ n: Int, _ stage: SweepStage) throws -> Victim.End {
    let victim = try stage.victim(operation, .kill, limit: UInt64(n))
    victim.go()
    return try victim.finish()
  }

  private func stores(of operation: Operation, _ stage: SweepStage) throws -> Int {
    let victim = try stage.victim(operation, .kill)
    victim.go()
    _ = try victim.finish()
    _ = try stage.scene.verify(operation, completed: true)
    try expect(victim.stores > 0, "no fault points: this is a release build")
    return victim.stores
  }

  /// How many stores it takes to open the bus after such a kill.
  private func stores(ofRepair operation: Operation, after n: Int, _ stage: SweepStage) throws -> Int {
    _ = try fault(operation, n, stage)
    let victim = try stage.victim(.open, .kill)
    victim.go()
    _ = try victim.finish()
    _ = try stage.scene.verify(operation, completed: false)
    return victim.stores
  }
}
