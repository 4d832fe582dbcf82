import Glibc
import Testing

@testable import KBUSShm

/// The store sweep of whoever watches over a bus while it gives back the pages of large slots. Who takes its place goes on with it: that has
/// to be a helper, so nobody here may start a reaper.
@Suite(.serialized, .timeLimit(.minutes(10))) struct GiveBackSweepTests {
  @Test("Whoever gives pages back and is killed before any store leaves the bus whole: the next one frees the slots")
  func sweep() throws {
    let scene = try DeathScene(.helper)
    let survivor = try scene.peer()
    try #require(try survivor.ask("open x").hasPrefix("ok"))
    let bus = try SharedBus.join(0, in: scene.directory, mayCreate: false)
    defer { bus.leave() }
    let large = (bus.geometry.firstLargeSlot..<bus.geometry.slotCount).map(bus.slot)
    var kills = 0, before = 0, after = 0, stores: Int?
    while stores == nil {
      try #require(kills < 100, "it never completes")
      try scene.waitFor(.helper)
      let ending = try scene.start([RunningProcess.built("TestPeer"), "sweep", "giveBack", "\(kills + 1)"]).end()
      if ending.status == 0 {
        stores = Int(ending.text.split(separator: " ").last?.dropLast() ?? "")
        try #require(stores != nil, "\(ending.text)")
        #expect(large.allSatisfy { !$0.isBacked && bus.isFree($0) })
      } else {
        try #require(ending.status == -SIGKILL, "\(ending.text)\(ending.errors)")
        kills += 1
        // Also before anybody has taken its place.
        #expect(try scene.bus.violations().isEmpty)
        try scene.waitFor(.helper)
        try eventually("every slot to be in the pool again") { large.allSatisfy { !$0.isReturning } }
        if large.contains(where: { $0.isBacked }) { before += 1 } else { after += 1 }
      }
      try scene.waitForBurial(living: 1)
      #expect(try scene.bus.violations().isEmpty)
      #expect(large.allSatisfy { bus.isFree($0) }, "nothing is lost")
    }
    #expect(stores == kills, "it makes as many stores as there were kill points")
    #expect(kills > 3 && before > 0 && after > 0, "\(before) kill points before the end, \(after) after it")
    print("sweep: giveBack: \(kills) stores, \(before) not done, \(after) done")
  }
}
