import Foundation
import Testing

@testable import KBUSShm

@Suite("A listener that is stopped", .timeLimit(.minutes(10))) struct StoppedListenerTests {
  private static let (sent, room) = (10_000, 50)

  @Test("it delays nobody, what it misses is seen, and it goes on with what it had room for", arguments: [false, true])
  func stopped(asleep: Bool) throws {
    let bus = try PrivateBus()
    let (stopped, reader, sender) = (try bus.peer(), try bus.peer(), try bus.peer())
    for (peer, room) in [(stopped, Self.room), (reader, Self.sent)] {
      try #require(try peer.ask("open x").hasPrefix("ok"))
      try #require(try peer.ask("bind x name=$.News") == "ok")
      try #require(try peer.ask("max-messages x count=\(room)").hasPrefix("ok"))
    }
    let id = try #require(UInt32(try stopped.ask("id x").dropFirst(3)))
    if asleep {
      try stopped.order("collect x count=\(Self.room) within=60000")
      let shared = try SharedBus.join(0, in: bus.directory, mayCreate: false)
      defer { shared.leave() }
      try eventually("it to sleep") { (0..<shared.geometry.limits.ksocks).contains { shared.ksock($0).sleepers != 0 } }
    }
    stopped.send(signal: SIGSTOP)
    try eventually("it to be stopped") { try Self.state(of: stopped.pid) == "T" }

    try reader.order("collect x count=\(Self.sent) within=60000")
    try #require(try sender.ask("open s").hasPrefix("ok"))
    let serials = try sender.ask("burst s count=\(Self.sent) names=$.News within=60000")
    #expect(try reader.answer() == serials)
    let seen = try #require(try Bus.inspect(0, in: bus.directory).statistics.ksocks.first { $0.id == id })
    #expect(seen.missed == UInt64(Self.sent - Self.room))
    #expect(seen.mostQueued == Self.room)
    #expect(seen.oldestUnread > .zero)

    stopped.send(signal: SIGCONT)
    if !asleep { try stopped.order("collect x count=\(Self.room) within=60000") }
    #expect(try stopped.answer() == serials.split(separator: ",").prefix(Self.room).joined(separator: ","))
  }

  private static func state(of pid: pid_t) throws -> Character? {
    let stat = try String(contentsOfFile: "/proc/\(pid)/stat", encoding: .utf8)
    return stat.lastIndex(of: ")").flatMap { stat[$0...].dropFirst(2).first }
  }
}
