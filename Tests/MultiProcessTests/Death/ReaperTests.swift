// The reaper, and what happens without: it makes things quicker, and nothing depends on it.

import Foundation
import Glibc
import KBUSShm
import Testing

@Suite("The reaper", .timeLimit(.minutes(10))) struct ReaperTests {
  static let goneAway = "$.KBUS.Replier.GoneAway"
  private static let ignored = "$.KBUS.Replier.Ignored"

  /// A Replier for `$.Ask` and somebody who has sent it a request that it has not read.
  func ask(_ scene: DeathScene) throws -> (replier: Peer, requester: Peer) {
    let replier = try scene.peer(), requester = try scene.peer()
    try #require(try replier.ask("open x").hasPrefix("ok"))
    try #require(try replier.ask("bind x name=$.Ask replier") == "ok")
    try #require(try requester.ask("open q").hasPrefix("ok"))
    try #require(try requester.ask("send q name=$.Ask flags=0x1").hasPrefix("ok"))
    return (replier, requester)
  }

  func expectAnswer(_ status: String, _ requester: Peer) throws {
    let answer = try requester.ask("receive-within q")
    #expect(answer.contains("'\(status)'"), "\(answer)")
  }

  // MARK: Whoever looks after the bus

  @Test("a requester is told of its Replier's death, whoever looks after the bus; nothing is left", arguments: DeathScene.Care.allCases)
  func told(care: DeathScene.Care) throws {
    let scene = try DeathScene(care)
    let (replier, requester) = try ask(scene)
    switch care {
    case .reaper: try scene.waitFor(.reaper)
    case .helper, .helperWithoutWaitv: try scene.waitFor(.helper)
    case .nobody, .pidsAlone: #expect(try scene.statistics.watcher == .nobody)
    }
    if care == .helperWithoutWaitv {
      // What can't be waited for is not asked for again and again.
      let before = try replier.ticks
      usleep(500_000)
      #expect(try replier.ticks - before < 20, "of 50 ticks")
    }
    // Asleep when it happens: nobody asks, somebody must tell.
    try requester.order("receive-within q")
    try replier.order("die kill")
    let answer = try requester.answer()
    #expect(answer.contains("'\(Self.goneAway)'"), "\(answer)")
    try scene.waitForBurial(living: 1)
    try scene.waitFor(reaps: 1)
    #expect(try scene.bus.violations().isEmpty)
  }

  @Test("a process that is not told of anything, nor has a helper thread, learns of a death by itself")
  func alone() throws {
    let scene = try DeathScene(.nobody)
    let (replier, requester) = try ask(scene)
    try requester.order("request q name=$.Ask flags=0x1 within=60000")
    try replier.ask("receive-within x")
    try replier.order("die kill")
    let answer = try requester.answer()
    #expect(answer.contains("'\(Self.goneAway)'"), "\(answer)")
  }

  @Test("a helper whose process can't open anything any more takes nobody for dead")
  func noDescriptorsLeft() throws {
    let scene = try DeathScene(.helper)
    let watching = try scene.peer()
    try watching.ask("open v")
    try scene.waitFor(.helper)
    #expect(try watching.ask("use-up-descriptors").hasPrefix("ok"))
    // Without a life word: it is the pid that is looked at.
    let mute = try Peer(
      directory: scene.directory, environment: ["KBUS_REAPER": ""],
      through: [try RunningProcess.built("TestPeer"), "confine", "threads=\(EAGAIN)", "--"])
    try mute.ask("open x")
    try mute.ask("bind x name=$.Ask replier")
    let requester = try scene.peer()
    try requester.ask("open q")
    for _ in 0..<20 {
      try requester.ask("send q name=$.Ask flags=0x1")
      try #require(try mute.ask("receive-within x").contains("Request"))
      let reply = try mute.ask("reply x")
      try #require(reply.hasPrefix("ok"), "\(reply)")
      try #require(try requester.ask("receive-within q").contains("<Reply"))
    }
    #expect(try scene.statistics.reaps == 0)
    mute.send(signal: SIGKILL)
    // Of an entry that nobody has waited for it can't tell that it is one.
    _ = try mute.end()
    try scene.waitForBurial(living: 2)
  }

  @Test("a stopped watcher does not keep a requester waiting for ever")
  func stopped() throws {
    let scene = try DeathScene(.helper)
    let watching = try scene.peer()
    try watching.ask("open v")
    try scene.waitFor(.helper)
    let (replier, requester) = try ask(scene)
    watching.send(signal: SIGSTOP)
    try requester.order("receive-within q within=110000")
    try replier.order("die kill")
    // It looks for itself once a minute.
    #expect(try requester.answer(within: 120).contains("'\(Self.goneAway)'"))
    watching.send(signal: SIGCONT)
    try scene.waitForBurial(living: 2)
  }

  // MARK: Memory

  /// Memory that the bus file has, in bytes.
  private func allocated(_ scene: DeathScene) throws -> Int {
    var facts = stat()
    try #require(unsafe stat(Bus.path(0, in: scene.directory), &facts) == 0)
    return Int(facts.st_blocks) * 512
  }

  /// A process that has sent 2 MB, which another has read.
  private func exchange(_ scene: DeathScene, start: Int) throws -> (sender: Peer, listener: Peer) {
    let sender = try scene.peer(), listener = try scene.peer()
    try #require(try listener.ask("open x").hasPrefix("ok"))
    try #require(try listener.ask("bind x name=$.Frame") == "ok")
    try #require(try sender.ask("open y").hasPrefix("ok"))
    try #require(try sender.ask("send y name=$.Frame data=\(String(repeating: "5a", count: 2 << 20))").hasPrefix("ok"))
    // As long as it is queued its memory can't go.
    #expect(try allocated(scene) - start > 2 << 20)
    try #require(try listener.ask("receive x").contains("'$.Frame'"))
    return (sender, listener)
  }

  @Test("whoever watches gives unused memory back to the system, and then sleeps", arguments: [DeathScene.Care.reaper, .helper])
  func givesBack(care: DeathScene.Care) throws {
    let scene = try DeathScene(care)
    let start = try allocated(scene)
    let (sender, _) = try exchange(scene, start: start)
    try scene.waitFor(care == .reaper ? .reaper : .helper)
    try eventually("memory to go back", within: 60) { try allocated(scene) - start < 1 << 20 }
    #expect(try scene.bus.violations().isEmpty)
    let json = try scene.start([RunningProcess.built("kbus"), "stats", "--json"]).end()
    #expect(json.status == 0, "\(json.errors)")
    #expect(try sender.ask("send y name=$.Frame data=\(String(repeating: "5b", count: 2 << 20))").hasPrefix("ok"))
  }

  @Test("a bus that nobody uses any more keeps no memory of large messages, however its users ended")
  func abandonedMemory() throws {
    let scene = try DeathScene(.helper)
    let start = try allocated(scene)
    let (sender, listener) = try exchange(scene, start: start)
    // It ends sooner than it would give anything back to a bus in use.
    let reaper = try scene.startReaper("--idle", "1")
    try scene.waitFor(.reaper)
    try sender.order("die kill")
    try listener.ask("drop x")
    #expect(try reaper.end().status == 0)
    #expect(try allocated(scene) - start < 1 << 20)
    try scene.waitForBurial(living: 0)
    #expect(try scene.bus.violations().isEmpty)
  }

  // MARK: One works

  @Test("of two reapers one works, and the other ends")
  func two() throws {
    let scene = try DeathScene(.helper)
    let (replier, requester) = try ask(scene)
    let reapers = [try scene.startReaper("--idle", "600"), try scene.startReaper("--idle", "600")]
    let pid = try scene.reaper()
    let loser = try #require(reapers.first { $0.pid != pid })
    let ending = try loser.end()
    #expect(ending.status == 0 && !ending.errors.contains("watching"), "\(ending.errors)")
    try replier.order("die kill")
    try expectAnswer(Self.goneAway, requester)
  }

  @Test("of two reapers that are to stay the second takes over when the first is killed")
  func standby() throws {
    let scene = try DeathScene(.helper)
    let first = try scene.startReaper("--stay")
    try scene.waitFor(.reaper)
    let second = try scene.startReaper("--stay")
    let (replier, requester) = try ask(scene)
    first.send(signal: SIGKILL)
    _ = try first.end()
    try scene.waitFor(.reaper)
    try replier.order("die kill")
    try expectAnswer(Self.goneAway, requester)
    try scene.waitFor(reaps: 1)
    second.send(signal: SIGTERM)
    #expect(try second.end().errors.contains("watching"))
  }

  @Test("a reaper gets the role from a helper, of however many and however often")
  func fromHelpers() throws {
    let scene = try DeathScene(.helper)
    let crowd = try (0..<4).map { _ in try scene.peer() }
    for peer in crowd { try #require(try peer.ask("open x").hasPrefix("ok")) }
    for _ in 0..<8 {
      try scene.waitFor(.helper)
      let reaper = try scene.startReaper("--stay")
      try scene.waitFor(.reaper)
      reaper.send(signal: SIGKILL)
      _ = try reaper.end()
    }
    try scene.waitFor(.helper)
  }

  @Test("1,000 owners: the death of any is told, and of all at once", arguments: [DeathScene.Care.reaper, .helper])
  func thousand(care: DeathScene.Care) throws {
    let scene = try DeathScene(care, maxKsocks: 1010)
    let crowd = try scene.start([RunningProcess.built("TestPeer"), "crowd", "1000"])
    let pids = try (0..<1000).map { _ in try #require(pid_t(try crowd.line())) }
    try #require(try crowd.line(within: 240) == "ready")
    let requester = try scene.peer()
    try requester.ask("open q")
    try scene.waitFor(care == .reaper ? .reaper : .helper)
    for victim in [999, 0, 500, 119, 120, 121] {
      try requester.ask("send q name=$.Crowd.\(victim) flags=0x1")
      try requester.order("receive-within q")
      kill(pids[victim], SIGKILL)
      #expect(try requester.answer().contains("'\(Self.goneAway)'"), "owner \(victim)")
    }
    crowd.send(signal: SIGKILL)
    for pid in pids { kill(pid, SIGKILL) }
    try scene.waitFor(reaps: 1000)
    try scene.waitForBurial(living: 1)
    #expect(try scene.bus.violations().isEmpty)
  }

  @Test(
    "an owner beyond those whose words one thread can wait for becomes another program: only its word and its mark tell",
    arguments: [DeathScene.Care.reaper, .helper])
  func beyondOneThread(care: DeathScene.Care) throws {
    let scene = try DeathScene(care, maxKsocks: 256)
    let crowd = try scene.start([RunningProcess.built("TestPeer"), "crowd", "150"])
    for _ in 0..<150 { _ = try crowd.line() }
    try #require(try crowd.line(within: 120) == "ready")
    let (replier, requester) = try ask(scene)
    try scene.waitFor(care == .reaper ? .reaper : .helper)
    try requester.order("receive-within q")
    try replier.order("die exec")
    #expect(try requester.answer().contains("'\(Self.goneAway)'"))
    try scene.waitForBurial(living: 151)
    #expect(Peer.isAlive(replier.pid))
  }

  @Test("a reaper that may open next to nothing still notices every end")
  func fewDescriptors() throws {
    let scene = try DeathScene(.helper, maxKsocks: 128)
    let reaper = try scene.start([
      "/bin/sh", "-c", "ulimit -n 16; exec \"$0\" --directory \"$1\" --stay", try RunningProcess.built("kbus-reaper"), scene.directory,
    ])
    try scene.waitFor(.reaper)
    let crowd = try scene.start([RunningProcess.built("TestPeer"), "crowd", "40"])
    let pids = try (0..<40).map { _ in try #require(pid_t(try crowd.line())) }
    try #require(try crowd.line(within: 60) == "ready")
    let mute = try Peer(
      directory: scene.directory, environment: ["KBUS_REAPER": ""],
      through: [try RunningProcess.built("TestPeer"), "confine", "threads=\(EAGAIN)", "--"])
    try #require(try mute.ask("open x").hasPrefix("ok"))
    for pid in pids { kill(pid, SIGKILL) }
    mute.send(signal: SIGKILL)
    try scene.waitFor(reaps: 41)
    try scene.waitForBurial(living: 0)
    #expect(try scene.statistics.watcher == .reaper)
    reaper.send(signal: SIGKILL)
  }

  @Test("a reaper without descriptors says which bus it can't watch over; there a requester is told of a death all the same")
  func busesBeyond() throws {
    let scene = try DeathScene(.helper)
    for number in 1..<40 { try Bus.create(number, options: BusOptions(), in: scene.directory) }
    let reaper = try scene.start([
      "/bin/sh", "-c", "exec 2>&1; ulimit -n 32; exec \"$0\" --directory \"$1\" --stay", try RunningProcess.built("kbus-reaper"),
      scene.directory,
    ])
    let refusal = try reaper.line(within: 60)
    let number = try #require(refusal.firstMatch(of: /^kbus-reaper: bus ([0-9]+) is not watched: .*EMFILE.*ulimit -n/)?.1, "\(refusal)")
    let replier = try scene.peer(), requester = try scene.peer()
    for (peer, bus) in [(replier, number), (requester, number)] {
      try #require(try peer.ask("open x bus=\(bus)").hasPrefix("ok"))
    }
    try #require(try replier.ask("bind x name=$.Ask replier") == "ok")
    try #require(try requester.ask("send x name=$.Ask flags=0x1").hasPrefix("ok"))
    try replier.order("die kill")
    let answer = try requester.ask("receive-within x")
    #expect(answer.contains("'\(Self.goneAway)'"), "\(answer)")
    #expect(try Bus.inspect(try #require(Int(number)), in: scene.directory).statistics.watcher == .helper)
    #expect(try scene.statistics.watcher == .reaper, "it goes on with those that it has")
    reaper.send(signal: SIGKILL)
  }

  // MARK: Nobody's child

  @Test("the reaper is nobody's child: the starter has no child and gets no SIGCHLD, and its pipes close with it")
  func detached() throws {
    let scene = try DeathScene(.reaper)
    let starter = try scene.peer()
    #expect(try starter.ask("count-signals") == "ok 0")
    try starter.ask("open x")
    let reaper = try scene.reaper()
    let tasks = try FileManager.default.contentsOfDirectory(atPath: "/proc/\(starter.pid)/task")
    for task in tasks {
      #expect(try String(contentsOfFile: "/proc/\(starter.pid)/task/\(task)/children", encoding: .utf8).isEmpty)
    }
    let stat = try String(contentsOfFile: "/proc/\(reaper)/stat", encoding: .utf8)
    let fields = stat[try #require(stat.lastIndex(of: ")"))...].split(separator: " ")
    #expect(fields[3] == "\(reaper)" || fields[3] != "\(getsid(starter.pid))", "a session of its own")
    let descriptors = try FileManager.default.contentsOfDirectory(atPath: "/proc/\(reaper)/fd").compactMap {
      try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/\(reaper)/fd/\($0)")
    }
    #expect(descriptors.allSatisfy { !$0.hasPrefix("pipe:") && !$0.contains("orders") }, "\(descriptors)")
    kill(reaper, SIGKILL)
    try eventually("the end of the reaper") { !Peer.isAlive(reaper) }
    #expect(try starter.ask("count-signals") == "ok 0")
  }

  @Test("kbus demo | cat ends when the demo does, though the demo has started a reaper")
  func pipe() throws {
    let scene = try DeathScene(.reaper)
    let run = try scene.start(["/bin/sh", "-c", "\"$0\" demo --fast --frames 60 | cat", try RunningProcess.built("kbus")])
    #expect(try run.end().text.contains("all is well"))
  }

  // MARK: Its end

  @Test("the reaper ends by itself when none of its buses is used any more, and not before")
  func idle() throws {
    let scene = try DeathScene(.helper)
    try Bus.create(1, in: scene.directory)
    let reaper = try scene.startReaper("--idle", "1")
    let peer = try scene.peer()
    try peer.ask("open a")
    try peer.ask("open b bus=1")
    try scene.waitFor(.reaper)
    try peer.ask("drop a")
    // Bus 0 has been idle for longer than its second, but bus 1 is in use: the process stays for both.
    usleep(1_500_000)
    #expect(try scene.statistics.watcher == .reaper)
    try peer.ask("drop b")
    #expect(try reaper.end().status == 0)
    #expect(try scene.statistics.watcher == .nobody)
  }

  @Test("the reaper ends at once when its bus is removed and nobody has it any more")
  func removed() throws {
    let scene = try DeathScene(.helper)
    let reaper = try scene.startReaper("--idle", "600")
    let peer = try scene.peer()
    try peer.ask("open a")
    try scene.waitFor(.reaper)
    try Bus.remove(0, in: scene.directory)
    // Who has it goes on with it, and is looked after.
    #expect(try peer.ask("send a name=$.Hello").hasPrefix("ok"))
    #expect(Peer.isAlive(reaper.pid))
    try peer.ask("drop a")
    #expect(try reaper.end().status == 0)
  }

  @Test("a reaper that is to stay stays without a bus, and finds one that comes later")
  func stays() throws {
    let scene = try DeathScene(.helper)
    try Bus.remove(0, in: scene.directory)
    let reaper = try scene.startReaper("--stay", "--idle", "0")
    let peer = try scene.peer()
    // Opening makes bus 0.
    try peer.ask("open a")
    try scene.waitFor(.reaper)
    try peer.ask("drop a")
    try Bus.remove(0, in: scene.directory)
    try peer.ask("open a")
    try scene.waitFor(.reaper)
    #expect(Peer.isAlive(reaper.pid))
    reaper.send(signal: SIGTERM)
    #expect(try reaper.end().status == -SIGTERM)
  }
}
