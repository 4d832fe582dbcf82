import ArgumentParser
import CShm
import CSurvival
import Glibc
import KBUSShm

/// The soak: processes do random things on one bus, while this one kills them at random and starts new ones.
///
/// Checked: each listener hears announcements in one order; each request has one answer, and its own (Worker.swift); nobody ends
/// but by a kill; nobody hangs; and every so many kills, with all workers dead, that all invariants hold, nobody is left on the bus,
/// and it has room for as many messages as at the start.
struct Soak: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Kills working processes at random, and checks the history of all.", discussion: "Meant for a release build.")

  @Option(help: "How long.") var minutes = 1.0
  @Option(help: "End after so many kills.") var count = Int.max
  @Option(help: "How many processes work at once.") var workers = 8
  @Option(help: "Look at the whole bus after so many kills.") var every = 1000
  @Option(help: "Milliseconds between two kills, at most; it is random.") var pause = 4.0
  @Option(help: "Of everything random.") var seed: UInt64 = .random(in: 1...999_999)
  @Option(help: "Where to add up the kills of several runs.") var state: String?

  func run() throws {
    let directory = try Directory()
    var bookmark = Bookmark(state)
    let before = bookmark.next(of: "kills") ?? 0
    print("soak: seed \(seed), \(workers) workers" + (before > 0 ? ", \(before) kills before" : ""))
    try Self.createBus(in: directory)
    let room = try Self.inChild { try Self.room() }
    var crowd = Crowd(workers: workers, seed: seed)
    let end = cshm_now() + UInt64(minutes * 60e9)
    var progress = Progress()
    while cshm_now() < end, crowd.kills < count {
      try crowd.fill()
      for _ in 0..<every where cshm_now() < end && crowd.kills < count {
        try crowd.killOne(after: Int.random(in: 0...Int(pause * 1000), using: &crowd.noise))
        progress.say("soak: \(crowd.summary)")
      }
      try crowd.killAll()
      let left = try Self.inChild { try Self.room() }
      try expect(left == room, "room for \(left) messages, at the start for \(room)")
      bookmark.set("kills", to: before + crowd.kills)
    }
    try expect(crowd.kills > 0 && crowd.answered > 0 && crowd.heard > 0, "nothing happened")
    print("soak: \(crowd.summary), 0 violations" + (before > 0 ? "; \(before + crowd.kills) kills in all runs" : ""))
  }

  static func createBus(in directory: Directory) throws {
    var options = BusOptions()
    options.maxKsocks = 64
    options.maxBindings = 256
    options.maxRequests = 256
    options.slots = [BusOptions.SlotClass(bytes: 256, count: 512), BusOptions.SlotClass(bytes: 4096, count: 64)]
    try Bus.create(0, options: options, in: directory.path)
  }

  /// With nobody else on the bus: closes what the dead left, checks everything, and finds out how much the bus holds.
  private static func room() throws -> Int {
    let ksock = try Ksock(bus: 0)
    let violations = try Bus.check(0)
    try expect(violations.isEmpty, "\(violations)")
    let there = try ksock.statistics().ksocks
    try expect(there.count == 1, "\(there.count - 1) Ksocks of the dead are still there")
    try ksock.bind("$.Room")
    _ = try ksock.setMaxMessages(100_000)
    var count = 0
    do throws(KBusError) {
      while true {
        try ksock.send(Announcement("$.Room"))
        count += 1
      }
    } catch {
      guard error.code == .poolExhausted else { throw error }
    }
    ksock.close()
    return count
  }

  /// Does something with a bus that this process must not open itself: its children would inherit it.
  static func inChild(_ body: () throws -> Int) throws -> Int {
    let board = Board()
    let child = csurvival_fork()
    if child == 0 {
      do { board[.result] = UInt32(try body()) } catch { board.text = "\(error)" }
      _exit(0)
    }
    let end = csurvival_wait(child, 60_000)
    if end == -1000 { _ = kill(child, SIGKILL) }
    try expect(end == 0, "looking at the bus ended with \(end)")
    try expect(board[.textCount] == 0, board.text)
    return Int(board[.result])
  }
}
