import ArgumentParser
import CSurvival
import KBUSShm

/// Shows that the store sweep misses no store: the stores into the bus file that the processor reports are those that have
/// a fault point before them, one each.
///
/// The pages of the mapping are unwritable while an operation runs; each store faults, is noted, and is let through as a single step.
struct Completeness: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Compares the fault points of each operation with the stores that the processor sees. Needs a debug build.")

  func run() throws {
    guard csurvival_can_step() != 0 else { return print("completeness: skipped: single-stepping is written for x86-64") }
    let stage = try SweepStage()
    var points = 0, stores = 0
    for operation in Operation.allCases {
      let victim = try stage.victim(operation, .watch)
      victim.go()
      try expect(try victim.finish() == .completed, "\(operation): killed")
      let noted = try stage.stores(Int(victim.result))
      // The first store is that of a call which changes nothing: it takes the lock.
      let account = try Account(Array(noted.dropFirst()), faultPoints: victim.stores, lock: noted[0].offset)
      _ = try stage.scene.verify(operation, completed: true)
      print(
        "completeness: \(operation): \(account.faultPoints) fault points, \(account.seen) stores seen, "
          + "\(account.copies) of them copies of bytes by the C library, \(account.idle) points had nothing to store")
      try expect(account.faultPoints == account.seen + account.idle, "\(operation): a store without a fault point")
      points += account.faultPoints
      stores += account.seen
    }
    print("completeness: \(points) fault points, \(stores) stores, none without a fault point")
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
  }

}
