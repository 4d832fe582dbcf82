import Glibc
import KBUSShm
import Testing

/// The store sweep of a close, with a bus that goes on being used before the dead is buried: the slots that it gave back are others' by
/// then.
@Suite(.serialized, .timeLimit(.minutes(10))) struct CloseSweepTests {
  @Test("What a close gave back before its process was killed is not given back again with the dead's burial")
  func sweep() throws {
    // Nobody buries but who opens the bus.
    let scene = try DeathScene(.nobody)
    let survivor = try scene.peer()
    for order in ["open k", "bind k name=$.Keep"] { try #require(try survivor.ask(order).hasPrefix("ok")) }
    var kills = 0, isComplete = false
    while !isComplete {
      try #require(kills < 1000, "it never completes")
      let closing = try SweepPeer("close", killedBefore: kills + 1, directory: scene.directory, environment: scene.environment)
      try #require(closing.line() == "ready")
      // With no slots of its own but those that it sends now.
      try #require(try survivor.ask("open q").hasPrefix("ok"))
      for _ in 0..<2 { try #require(try survivor.ask("send q name=$.Sweep.Mine flags=0x1").hasPrefix("ok")) }
      closing.go()
      switch closing.finish() {
      case .killed: kills += 1
      case .completed: isComplete = true
      case .failed(let reason): Issue.record("store \(kills + 1): \(reason)")
      }
      // The first of these recovers the bus. They fill what was given back.
      try send(1...4, from: survivor)
      let fresh = try scene.peer()
      try #require(try fresh.ask("open f").hasPrefix("ok"))
      #expect(try scene.statistics.ksocks.count == 3, "store \(kills): the dead are buried")
      #expect(try scene.bus.violations().isEmpty, "store \(kills)")
      try send(5...8, from: survivor)
      for number in 1...8 {
        let kept = try survivor.ask("receive k")
        #expect(kept.contains("k\(number)"), "store \(kills): message \(number) is \(kept)")
      }
      #expect(try survivor.ask("receive k") == "nothing")
      for _ in 0..<2 { #expect(try survivor.ask("receive q").contains("$.KBUS.Replier."), "store \(kills): each request has an answer") }
      #expect(try survivor.ask("receive q") == "nothing")
      try #require(try survivor.ask("close q") == "ok")
      try fresh.order("die kill")
    }
    #expect(kills > 30, "too few stores for this to have been a sweep")
    print("sweep: close, with others' messages before the burial: \(kills) kills")
  }

  private func send(_ numbers: ClosedRange<Int>, from survivor: Peer) throws {
    for number in numbers { try #require(try survivor.ask("send q name=$.Keep data=6b3\(number)").hasPrefix("ok")) }
  }
}
