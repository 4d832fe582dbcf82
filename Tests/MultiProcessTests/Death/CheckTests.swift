// `kbus check` and `kbus repair`: what they say of a bus that is well, used, left unfinished, damaged, or removed.

import CShm
import Foundation
import Glibc
@testable import KBUSShm
import Testing

@Suite("kbus check and kbus repair", .timeLimit(.minutes(10))) struct CheckTests {
  private func run(_ arguments: String..., on scene: DeathScene) throws -> RunningProcess.Ending {
    try scene.start([RunningProcess.built("kbus")] + arguments).end()
  }

  /// A process that has sent, read and died in the middle of a send, with the lock.
  private func dieWithLock(_ scene: DeathScene) throws {
    let ending = try scene.start([RunningProcess.built("TestPeer"), "sweep", "announce", "12"]).end()
    try #require(ending.status == -SIGKILL, "\(ending.text)\(ending.errors)")
  }

  /// Stores 9 in a word of the bus file.
  private func damage(_ scene: DeathScene, _ place: (Geometry) -> Int) throws {
    var options = BusOptions()
    options.maxKsocks = 64
    options.maxBindings = 64
    let file = unsafe cshm_file_open(Bus.path(0, in: scene.directory))
    defer { _ = cshm_file_close(file) }
    var word: UInt32 = 9
    try #require(unsafe pwrite(file, &word, 4, place(Geometry(Geometry.Limits(options)))) == 4)
  }

  @Test("a bus that is well, live or dead, is said to be so") func well() throws {
    let scene = try DeathScene(.helper)
    let empty = try run("check", on: scene)
    #expect(empty.status == 0 && empty.text.contains("all \(Invariant.allCases.count) invariants hold"), "\(empty.text)")
    #expect(empty.text.contains("watched over by nobody"))
    let peer = try scene.peer()
    try peer.ask("open x")
    try scene.waitFor(.helper)
    let used = try run("check", on: scene)
    #expect(used.status == 0 && used.text.contains("process \(peer.pid) is alive"), "\(used.text)")
    #expect(used.text.contains("watched over by a helper") && used.text.contains("the lock is free"))
    #expect(try run("check", "7", on: scene).status == 1, "there is no bus 7")
  }

  @Test("a bus in full use looks well at every look") func inUse() throws {
    let scene = try DeathScene(.helper)
    let sender = try scene.peer(), listener = try scene.peer()
    try listener.ask("open x")
    try listener.ask("bind x name=$.News")
    try sender.ask("open y")
    try listener.order("collect x count=60000 within=60000")
    try sender.order("burst y names=$.News count=60000 flags=0x100 within=60000")
    for _ in 0..<20 {
      let ending = try run("check", on: scene)
      #expect(ending.status == 0, "\(ending.text)\(ending.errors)")
    }
    for answer in [try sender.answer(), try listener.answer()] { #expect(answer.hasPrefix("ok"), "\(answer)") }
  }

  @Test("what a sender that died with the lock has left is called unfinished, stays so, and is repaired on request")
  func bereaved() throws {
    let scene = try DeathScene(.helper)
    try dieWithLock(scene)
    for _ in 0..<2 {
      let found = try run("check", on: scene)
      #expect(found.status == 1 && found.text.contains("the holder of the lock died"), "\(found.text)")
      #expect(!found.text.contains("broken:"), "\(found.text)")
    }
    let repaired = try run("repair", on: scene)
    #expect(repaired.status == 0, "\(repaired.errors)")
    #expect(repaired.text.contains("took the lock over from a dead holder") && repaired.text.contains("1 ended process has left"))
    #expect(try run("check", on: scene).status == 0)
    #expect(try run("repair", on: scene).text.contains("nothing was left to repair"))
    let stats = try run("stats", on: scene).text
    #expect(stats.contains("# reaps 1, recoveries 1,"), "\(stats)")
  }

  @Test("a bus all of whose users died is clean for the next one, and serials go on") func abandoned() throws {
    let scene = try DeathScene(.helper)
    let crowd = try scene.start([RunningProcess.built("TestPeer"), "crowd", "20"])
    for _ in 0..<20 { _ = try crowd.line() }
    try #require(try crowd.line() == "ready")
    crowd.send(signal: SIGKILL)
    _ = try crowd.end()
    try dieWithLock(scene)
    let before = try #require(try run("check", on: scene).text.split(separator: "\n").first { $0.contains("lock died") })
    #expect(!before.isEmpty)
    let peer = try scene.peer()
    try peer.ask("open x")
    try scene.waitForBurial(living: 1)
    #expect(try run("check", on: scene).status == 0)
    // The ids of those who are gone are not used again, nor are their messages'.
    #expect(try #require(UInt32(try peer.ask("id x").dropFirst(3))) > 21)
  }

  @Test("a damaged bus: the invariant is named, and nothing repairs it") func damaged() throws {
    let scene = try DeathScene(.helper)
    let peer = try scene.peer()
    try peer.ask("open x")
    try peer.ask("bind x name=$.A")
    try damage(scene) { geometry in geometry.state + CSHM_STATE_SET_ASIDE }
    let found = try run("check", on: scene)
    #expect(found.status == 1 && found.text.contains("broken: T3: set_aside is 9"), "\(found.text)")
    try damage(scene) { _ in CSHM_HEADER_CORRUPT }
    let marked = try run("check", on: scene)
    #expect(marked.status == 1 && marked.text.contains("marked as damaged") && marked.text.contains("broken: T3"), "\(marked.text)")
    let refused = try run("repair", on: scene)
    #expect(refused.status == 1 && refused.text.contains("broken: T3") && refused.errors.contains("kbus remove 0"), "\(refused.errors)")
  }

  @Test("a removed bus that is still used is reported, with who uses it") func removed() throws {
    let scene = try DeathScene(.helper)
    let peer = try scene.peer()
    try peer.ask("open x")
    try Bus.remove(0, in: scene.directory)
    for arguments in [["check"], ["check", "0"]] {
      let found = try scene.start([RunningProcess.built("kbus")] + arguments).end()
      #expect(
        found.status == 1 && found.text.contains("bus 0: removed, but still used") && found.text.contains("\(peer.pid) ("), "\(found.text)")
    }
    // Another one of its name is checked as well.
    try Bus.create(0, in: scene.directory)
    let both = try run("check", on: scene)
    #expect(both.status == 1 && both.text.contains("invariants hold") && both.text.contains("removed, but still used"), "\(both.text)")
    try peer.ask("drop x")
    #expect(try run("check", on: scene).status == 0)
  }
}
