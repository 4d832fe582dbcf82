import ArgumentParser
import CSurvival
import KBUSShm

/// Shows that the store sweep misses no store: the stores into the bus file that the processor reports are those that have
/// a fault point before them, one each.
///
/// The pages of the mapping are unwritable while an operation runs; each store faults, is noted, and is let through as a single step.
/// A mapping that the operation makes itself is watched from its first moment on, so that a new bus and a process's first open are seen whole.
///
/// What a process does alone, that is. Its helper thread is not there: the words that the kernel changes when that thread ends, the life word of
/// an owner and the role of watching, are taken as a lock is, in C, where there are no fault points. The instruction sweep has helpers.
struct Completeness: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Compares the fault points of each operation with the stores that the processor sees. Needs a debug build.")

  @Option(help: "Recovery is looked at after the kill before every so manyth store of each operation.") var stride = 7

  func run() throws {
    guard csurvival_can_step() != 0 else { return print("completeness: skipped: single-stepping is written for x86-64") }
    let stage = try SweepStage()
    var points = 0, stores = 0
    for operation in Operation.allCases {
      let account = try watch(try stage.victim(operation, .watch), on: stage)
      _ = try stage.scene.verify(operation, completed: true)
      print(
        "completeness: \(operation): \(account.faultPoints) fault points, \(account.seen) stores seen, "
          + "\(account.copies) of them copies of bytes by the C library, \(account.idle) points had nothing to store")
      points += account.faultPoints
      stores += account.seen
    }
    for operation in Operation.allCases {
      let accounts = try recoveries(from: operation, on: stage)
      let of = accounts.reduce(0) { $0 + $1.faultPoints }
      print("completeness: \(operation): \(accounts.count) kills, \(of) fault points of who came next")
      points += of
      stores += accounts.reduce(0) { $0 + $1.seen }
    }
    print("completeness: \(points) fault points, \(stores) stores, none without a fault point")
  }

  /// The stores of a process that is let do its operation.
  private func watch(_ process: Victim, on stage: SweepStage) throws -> Account {
    process.go()
    try expect(try process.finish() == .completed, "killed by somebody else")
    let noted = try stage.stores(Int(process.result))
    // The first store is that of a call which changes nothing: it takes the lock.
    return try Account(Array(noted.dropFirst()), faultPoints: process.stores, lock: noted[0].offset)
  }

  /// Kills processes in the operation, and watches the next one that takes the lock: it repairs what they left.
  private func recoveries(from operation: Operation, on stage: SweepStage) throws -> [Account] {
    var accounts: [Account] = []
    var n = Int.random(in: 1...stride)
    while true {
      let repairer = try stage.victim(.setLimits, .watch, as: .repairer)
      let victim = try stage.victim(operation, .kill, limit: UInt64(n))
      victim.go()
      let end = try victim.finish(), account = try watch(repairer, on: stage)
      _ = try stage.scene.verify(operation, completed: end == .completed)
      if end == .completed { return accounts }
      accounts.append(account)
      n += stride
    }
  }
}

/// The stores of one operation, held against its fault points.
private struct Account {
  let faultPoints: Int
  /// Stores seen; all that one call of memcpy or memset makes count as one, as they have one fault point.
  private(set) var seen = 0
  private(set) var copies = 0
  /// Fault points before bytes that were the same already, and were left alone.
  private(set) var idle = 0

  /// `lock` is where the lock word lies. It has no fault points: its stores are for the instruction sweep.
  init(_ stores: [csurvival_store], faultPoints: Int, lock: UInt64) throws {
    self.faultPoints = faultPoints
    try expect(faultPoints > 0, "no fault points: this is a release build")
    var behind: [[csurvival_store]] = Array(repeating: [], count: faultPoints + 1)
    for store in stores where store.offset != lock { behind[Int(store.fault_point)].append(store) }
    try expect(behind[0].isEmpty, "stores before the first fault point: \(behind[0])")
    for (point, group) in behind.enumerated().dropFirst() {
      if group.isEmpty { idle += 1 }
      guard let first = group.first else { continue }
      seen += 1
      guard group.count > 1 || first.is_library != 0 else { continue }
      copies += 1
      try expect(
        group.allSatisfy { $0.is_library != 0 }, "fault point \(point) stands before more than one store: \(group)")
    }
    try expect(faultPoints == seen + idle, "a store without a fault point")
  }
}
