// The ways in which a process ends, and what only looks like an end: exactly one status for each request, and the right one.

import Foundation
import Glibc
import Testing

@testable import KBUSShm

@Suite("Witnesses of an end", .timeLimit(.minutes(10))) struct WitnessTests {
  private static let ways = ["exit", "_exit", "kill", "segv", "core", "exec", "close-and-kill"]

  /// A Replier that has unbound a name with a request queued for it, has read a request, and has not read another; and who sent them.
  private struct Scene {
    let bus: DeathScene
    let replier: Peer
    let requester: Peer
    /// The ids of the three requests, in this order.
    var ids: [String] = []
    /// Who watches, so that neither of the two does.
    let watching: Peer

    init(_ care: DeathScene.Care, replierThrough wrapper: [String] = [], requesterThrough other: [String] = []) throws {
      bus = try DeathScene(care)
      watching = try bus.peer()
      try #require(try watching.ask("open v").hasPrefix("ok"))
      try bus.waitFor(care == .reaper ? .reaper : .helper)
      replier = try bus.peer(through: wrapper)
      requester = try bus.peer(through: other)
      try #require(try replier.ask("open x").hasPrefix("ok"))
      for name in ["$.Unbound", "$.Read", "$.Unread"] { try #require(try replier.ask("bind x name=\(name) replier") == "ok") }
      try #require(try requester.ask("open q").hasPrefix("ok"))
      for name in ["$.Unbound", "$.Read", "$.Unread"] { ids.append(try send(name)) }
      try #require(try replier.ask("unbind x name=$.Unbound replier") == "ok")
      try #require(try replier.ask("receive-within x").contains("$.Read"))
    }

    func send(_ name: String) throws -> String {
      let answer = try requester.ask("send q name=\(name) flags=0x1")
      try #require(answer.hasPrefix("ok "), "\(answer)")
      return String(answer.dropFirst(3))
    }

    /// Exactly three answers, each in reply to the right request; then nothing more, whatever else happens on the bus.
    func expectAnswers(of end: String) throws {
      var answers: [String] = []
      for _ in 0..<3 { answers.append(try requester.ask("receive-within q within=60000")) }
      let expected = ["Unbound", "Ignored", "GoneAway"]
      for (index, name) in expected.enumerated() {
        let matching = answers.filter { $0.contains("in_reply_to=\(ids[index]),") }
        #expect(matching.count == 1 && matching[0].contains("'$.KBUS.Replier.\(name)'"), "\(end): \(answers)")
      }
      try bus.waitForBurial(living: 2)
      #expect(try requester.ask("receive q") == "nothing", "\(end)")
      #expect(try requester.ask("send q name=$.Read flags=0x1") == "error EADDRNOTAVAIL")
      try bus.waitFor(reaps: 1)
      #expect(try bus.bus.violations().isEmpty)
    }
  }

  @Test(
    "however a process ends, each of its requesters gets one status: GoneAway for what it had not read, Ignored for what it had",
    arguments: ways, [DeathScene.Care.reaper, .helper])
  func ends(way: String, care: DeathScene.Care) throws {
    let scene = try Scene(care)
    try scene.replier.order("die \(way)")
    try scene.expectAnswers(of: way)
    // After execve the process lives, as something else.
    if way == "exec" { #expect(Peer.isAlive(scene.replier.pid)) }
  }

  @Test("so it is for a process without a life word", arguments: ways)
  func endsMutely(way: String) throws {
    let confinement = [try RunningProcess.built("TestPeer"), "confine", "threads=\(EAGAIN)", "--"]
    let scene = try Scene(.reaper, replierThrough: confinement)
    try scene.replier.order("die \(way)")
    try scene.expectAnswers(of: way)
  }

  @Test("a forked child that outlives its parent keeps nothing alive", arguments: [DeathScene.Care.reaper, .helper])
  func childOutlives(care: DeathScene.Care) throws {
    let scene = try Scene(care)
    let child = try #require(pid_t(try scene.replier.ask("fork").dropFirst(3)))
    defer { kill(child, SIGKILL) }
    try scene.replier.order("die kill")
    try scene.expectAnswers(of: "fork")
    #expect(Peer.isAlive(child))
  }

  // MARK: What is no end

  @Test(
    "a process is not taken for dead when one of its threads dies, its first thread ends, or all its files are closed",
    arguments: ["thread", "main-thread", "close-files"], [DeathScene.Care.reaper, .helper])
  func lives(what: String, care: DeathScene.Care) throws {
    let scene = try Scene(care)
    try #require(try scene.replier.ask("survive \(what)") == "ok")
    // Somebody else looks at everybody, by all witnesses.
    let repair = try scene.bus.start([RunningProcess.built("kbus"), "repair"]).end()
    #expect(repair.text.contains("nothing was left to repair"), "\(repair.text)\(repair.errors)")
    #expect(try scene.replier.ask("reply x").hasPrefix("ok"))
    #expect(try scene.replier.ask("receive-within x").contains("$.Unread"))
    #expect(try scene.replier.ask("reply x").hasPrefix("ok"))
    var answers: [String] = []
    for _ in 0..<3 { answers.append(try scene.requester.ask("receive-within q")) }
    #expect(answers.filter { $0.contains("<Reply") }.count == 2, "\(answers)")
    #expect(try scene.requester.ask("receive q") == "nothing")
    // And its real end is noticed as ever.
    _ = try scene.send("$.Read")
    try scene.replier.order("die kill")
    #expect(try scene.requester.ask("receive-within q").contains("GoneAway"))
    try scene.bus.waitForBurial(living: 2)
  }

  // MARK: Other pid namespaces

  /// In a pid namespace of its own, as neither its first process, which no signal of its own can end, nor a child of that.
  private static let unshare = [
    "/usr/bin/unshare", "--pid", "--fork", "--kill-child=SIGKILL", "--mount-proc", "/bin/sh", "-c",
    "exec 3<&0; /bin/sh -c '\"$0\" \"$@\" <&3 & wait' \"$0\" \"$@\" & wait",
  ]

  private static let mayUnshare: Bool = {
    let trial = try? RunningProcess(unshare[0], ["--pid", "--fork", "--mount-proc", "/bin/true"], environment: [:])
    return (try? trial?.end().status) == 0
  }()

  @Test(
    "across pid namespaces as within one", .enabled(if: mayUnshare, "pid namespaces can't be made here: that needs root"),
    arguments: ["kill", "exit", "core", "exec"], [DeathScene.Care.reaper, .helper])
  func otherNamespace(way: String, care: DeathScene.Care) throws {
    let scene = try Scene(care, replierThrough: Self.unshare)
    try scene.replier.order("die \(way)")
    try scene.expectAnswers(of: way)
  }

  @Test(
    "a requester in another pid namespace is told by a watcher of the first",
    .enabled(if: mayUnshare, "pid namespaces can't be made here: that needs root"), arguments: [DeathScene.Care.reaper, .helper])
  func requesterInOtherNamespace(care: DeathScene.Care) throws {
    let scene = try Scene(care, requesterThrough: Self.unshare)
    try scene.replier.order("die kill")
    try scene.expectAnswers(of: "kill")
  }

  @Test(
    "nor is anybody in another pid namespace taken for dead, with a life word or without one",
    .enabled(if: mayUnshare, "pid namespaces can't be made here: that needs root"), arguments: [true, false])
  func livesInOtherNamespace(isMute: Bool) throws {
    let confinement = isMute ? [try RunningProcess.built("TestPeer"), "confine", "threads=\(EAGAIN)", "--"] : []
    let scene = try Scene(.reaper, replierThrough: Self.unshare + confinement)
    let repair = try scene.bus.start([RunningProcess.built("kbus"), "repair"]).end()
    #expect(repair.text.contains("nothing was left to repair"), "\(repair.text)\(repair.errors)")
    #expect(try scene.replier.ask("reply x").hasPrefix("ok"))
    #expect(try scene.bus.statistics.reaps == 0)
    try scene.replier.order("die kill")
    try scene.bus.waitForBurial(living: 2)
  }

  // MARK: Fork

  @Test("a child with a Ksock of its own, and its parent, die one without the other", arguments: ["parent", "child"])
  func forkedOwners(first: String) throws {
    let scene = try Scene(.reaper)
    let child = try #require(pid_t(try scene.replier.ask("fork opening").dropFirst(3)))
    defer { kill(child, SIGKILL) }
    #expect(try scene.requester.ask("wait-for-replier q name=$.Child").hasPrefix("ok"))
    #expect(try scene.requester.ask("request q name=$.Child").contains("<Reply"))
    if first == "parent" {
      try scene.replier.order("die kill")
      var answers = ""
      for _ in 0..<3 { answers += try scene.requester.ask("receive-within q") }
      #expect(answers.contains("GoneAway") && answers.contains("Ignored"))
      #expect(try scene.requester.ask("request q name=$.Child").contains("<Reply"))
      try scene.bus.waitForBurial(living: 3)
    } else {
      kill(child, SIGKILL)
      try eventually("the end of the child") { try scene.bus.statistics.reaps == 1 }
      #expect(try scene.requester.ask("send q name=$.Child flags=0x1") == "error EADDRNOTAVAIL")
      #expect(try scene.replier.ask("reply x").hasPrefix("ok"))
      try scene.bus.waitForBurial(living: 3)
    }
    #expect(try scene.bus.bus.violations().isEmpty)
  }

  // MARK: A crash that takes its time

  @Test(
    "a process that reports its own crash is taken off the bus before it is gone; its memory stays until then",
    arguments: [DeathScene.Care.reaper, .helper])
  func crashHook(care: DeathScene.Care) throws {
    let scene = try Scene(care)
    try scene.replier.order("crash-softly")
    var answers = ""
    for _ in 0..<3 { answers += try scene.requester.ask("receive-within q") }
    #expect(answers.contains("GoneAway") && answers.contains("Ignored"), "\(answers)")
    // Its handler has not returned: the process is there, and nothing that it may touch is given to anybody else.
    #expect(Peer.isAlive(scene.replier.pid))
    // Whoever was owed an answer is told first.
    try eventually("the process to be taken off") {
      try Bus.examine(0, in: scene.bus.directory).owners.contains { $0.isDeparted && $0.state == .ending }
    }
    scene.replier.send(signal: SIGKILL)
    try scene.bus.waitForBurial(living: 2)
    try scene.bus.waitFor(reaps: 1)
    #expect(try scene.bus.bus.violations().isEmpty)
  }

  @Test("the helper that watches over the bus gives that up too when its process reports its crash")
  func crashOfWatcher() throws {
    let scene = try Scene(.helper)
    try scene.watching.order("crash-softly")
    try eventually("the watcher's end to be noticed") { try scene.bus.statistics.reaps == 1 }
    #expect(Peer.isAlive(scene.watching.pid))
    #expect(try scene.bus.statistics.watcher == .helper)
    try scene.replier.order("die kill")
    try eventually("the second end") { try scene.bus.statistics.reaps == 2 }
  }

  @Test("a process that could not close its last Ksock, since the lock was not to be had, is not taken for dead, and holds what it holds")
  func unclosed() throws {
    let scene = try DeathScene(.helper)
    let (living, watching) = (try scene.peer(), try scene.peer())
    try #require(try watching.ask("open v").hasPrefix("ok"))
    try scene.waitFor(.helper)
    try #require(try living.ask("open x").hasPrefix("ok"))
    let bus = try SharedBus.join(0, in: scene.directory, mayCreate: false)
    defer { bus.leave() }
    try bus.lock("test")
    try living.order("close x")
    let answer = try living.answer()
    bus.unlock()
    #expect(answer == "ok")
    let fresh = try scene.peer()
    try #require(try fresh.ask("open f").hasPrefix("ok"))
    #expect(try scene.statistics.ksocks.count == 3, "it is there until its process ends")
    #expect(try scene.statistics.reaps == 0)
    try living.order("die kill")
    try scene.waitForBurial(living: 2)
    #expect(try scene.bus.violations().isEmpty)
  }
}
