// The role of watching over a bus goes on to another when whoever had it is killed.

import Glibc
import KBUSShm
import Testing

extension ReaperTests {
  @Test("a reaper that is killed is replaced by another, and what happened meanwhile is not missed")
  func killed() throws {
    let scene = try DeathScene(.reaper)
    let (replier, requester) = try ask(scene)
    var last = try scene.reaper()
    for _ in 0..<3 {
      kill(last, SIGKILL)
      try eventually("another reaper than \(last)") {
        let now = scene.reaperPids.filter(Peer.isAlive)
        return try scene.statistics.watcher == .reaper && !now.isEmpty && !now.contains(last)
      }
      last = try scene.reaper()
    }
    kill(last, SIGKILL)
    try replier.order("die kill")
    try expectAnswer(Self.goneAway, requester)
    try scene.waitFor(reaps: 1)
  }

  // The Replier's helper, which has just left the role to the reaper, is the first to be woken when it is free again, and does not
  // live to take it.
  @Test("a reaper that dies together with a Replier, whose helper would have taken its place, is replaced by another helper")
  func killedTogether() throws {
    let scene = try DeathScene(.helper)
    for _ in 1...20 {
      let (replier, requester) = try ask(scene)
      try scene.waitFor(.helper)
      let reaper = try scene.startReaper("--stay")
      try scene.waitFor(.reaper)
      reaper.send(signal: SIGKILL)
      try replier.order("die kill")
      try expectAnswer(Self.goneAway, requester)
      try requester.order("die kill")
    }
  }

  @Test("when a reaper is killed and no other can be had, a helper serves")
  func helperServes() throws {
    let scene = try DeathScene(.helper)
    let reaper = try scene.startReaper("--stay")
    try scene.waitFor(.reaper)
    let (replier, requester) = try ask(scene)
    reaper.send(signal: SIGKILL)
    try scene.waitFor(.helper)
    try replier.order("die kill")
    try expectAnswer(Self.goneAway, requester)
  }

  @Test("the role goes from one helper to the next as they die")
  func roleGoesOn() throws {
    let scene = try DeathScene(.helper)
    let crowd = try (0..<6).map { _ in try scene.peer() }
    for (number, peer) in crowd.enumerated() {
      try peer.ask("open x")
      try peer.ask("bind x name=$.Ask\(number) replier")
    }
    let requester = try scene.peer()
    try requester.ask("open q")
    for (number, peer) in crowd.enumerated() {
      try requester.ask("send q name=$.Ask\(number) flags=0x1")
      try requester.order("receive-within q")
      try peer.order("die kill")
      #expect(try requester.answer().contains("'\(Self.goneAway)'"))
    }
    try scene.waitForBurial(living: 1)
    try scene.waitFor(reaps: 6)
  }
}
