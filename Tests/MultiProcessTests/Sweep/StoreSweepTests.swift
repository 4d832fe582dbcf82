import Foundation
import KBUSShm
import Testing

/// Kills a process before each of its stores into the bus file, one store a run, until the operation completes. After each kill
/// another process takes the lock over, every invariant holds, the operation has happened entirely or not at all, every
/// request in flight has exactly one answer, and a fresh round trip works.
@Suite(.serialized, .timeLimit(.minutes(10))) struct StoreSweepTests {
  @Test(
    "A process killed before any store of an operation leaves the bus whole, and the operation done or not done",
    arguments: [
      "announce", "first", "across", "batch", "urgent", "request", "stateful", "reply", "take", "takeUrgent", "bind", "unbind", "allOrWait",
      "close", "open", "openDescriptor", "takeByDescriptor", "closeDescriptor", "openFast", "takeByFast", "closeFast",
    ])
  func sweep(_ operation: String) throws {
    let scene = try SweepScene()
    defer { scene.end() }
    var completed: Int?
    var kills = 0
    var before = 0, after = 0
    for n in 1...2000 {
      // At the last entry of a chunk another one is linked in before; all others are alike.
      try scene.alignQueues(at: operation == "across" ? 31 : 8)
      let peer = try SweepPeer(operation, killedBefore: n, directory: scene.directory)
      try scene.play(operation, with: peer)
      let outcome = peer.finish()
      let happened = try scene.verify(operation, completed: outcome != .killed)
      if happened { after += 1 } else { before += 1 }
      if case .completed(let stores) = outcome {
        completed = stores
        #expect(stores == kills, "the operation makes as many stores as there were kill points")
        break
      }
      try #require(outcome == .killed, "store \(n): \(outcome)")
      kills += 1
    }
    let stores = try #require(completed, "the operation never completed")
    #expect(stores > 3, "too few stores for this to have been a sweep")
    #expect(operation.hasPrefix("open") || before > 0 && after > 0, "kill points lie on both sides of the commit")
    print("sweep: \(operation): \(stores) stores, \(kills) kills, \(before) not done, \(after) done")
  }
}
