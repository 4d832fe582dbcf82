import Testing

@testable import KBUSShm

@Suite("A listener that is slow") struct BacklogTests {
  private let bus: TemporaryBus
  private let (listener, sender): (Ksock, Ksock)

  init() throws {
    bus = try TemporaryBus()
    (listener, sender) = (try bus.open(), try bus.open())
    try listener.bind("$.A")
  }

  private func send(_ count: Int) throws { for _ in 0..<count { try sender.send(Announcement("$.A")) } }

  /// As somebody else sees the listener.
  private var seen: KsockStatistics {
    get throws { try #require(try sender.statistics().ksocks.first { $0.id == listener.id }) }
  }

  @Test("the most that was ever queued is known, though nobody asked at the time")
  func most() throws {
    try listener.setMaxMessages(60)
    #expect(try seen.mostQueued == 0)
    try send(50)
    for _ in 0..<50 { _ = try listener.receive() }
    #expect((20...50).contains(try seen.mostQueued))
    try send(64)
    for _ in 0..<60 { _ = try listener.receive() }
    #expect(try seen.mostQueued == 60, "exact where messages were missed")
    try bus.expectSound()
  }

  @Test("what is not read grows old, and a reader that goes on makes it young")
  func age() throws {
    try listener.setMaxMessages(100)
    #expect(try seen.oldestUnread == .zero)
    try send(40)
    let first = try seen.oldestUnread, second = try seen.oldestUnread
    #expect(first > .zero && second > first)
    _ = try listener.receive()
    #expect(try seen.oldestUnread > second, "39 are as old")
    for _ in 0..<39 { _ = try listener.receive() }
    #expect(try seen.oldestUnread == .zero)
    try bus.expectSound()
  }

  @Test("the age is known of a single message to one who slept when it came, as who is stopped mostly did", arguments: [false, true])
  func ageOfFew(isUrgent: Bool) throws {
    listener.countSleeper()
    defer { listener.discountSleeper() }
    try sender.send(Announcement("$.A"))
    if isUrgent { try sender.send(Announcement("$.A", flags: .urgent)) }
    // Nobody has asked yet, who would note it himself.
    let first = listener.record.backlogAge
    #expect(first > 0)
    let second = try seen.oldestUnread
    #expect(second > .nanoseconds(first))
    while try listener.receive() != nil {}
    #expect(try seen.oldestUnread == .zero)
    try sender.send(Announcement("$.A"))
    #expect(try seen.oldestUnread < second, "of another one")
    try bus.expectSound()
  }

  @Test("who missed messages is told of the gap once")
  func gap() throws {
    try listener.setMaxMessages(2)
    #expect(try listener.newlyMissed() == 0)
    try send(5)
    #expect(try listener.newlyMissed() == 3)
    #expect(try listener.newlyMissed() == 0)
    try send(1)
    #expect(try listener.newlyMissed() == 1)
    #expect(try seen.missed == 4)
    listener.close()
    expectFailure(.closed, errno: 9) { _ = try listener.newlyMissed() }
  }

  @Test("a pool that was used up has been counted")
  func exhaustion() throws {
    try listener.setMaxMessages(1000)
    #expect(try sender.statistics().exhaustions == 0)
    // The small bus has 64 slots for such messages, and 16 larger ones that serve as well.
    #expect(throws: KBusError.self) { try send(100) }
    #expect(try sender.statistics().exhaustions == 1)
  }
}
