import CShm
import Glibc
import KBUSShm
import Testing

@Suite("Waiting with a time limit", .timeLimit(.minutes(10))) struct WaitingTests {
  private let bus: TemporaryBus
  private let (ksock, other): (Ksock, Ksock)

  init() throws {
    bus = try TemporaryBus()
    (ksock, other) = (try bus.open(), try bus.open())
  }

  static let limits: [Duration] = [.zero, .nanoseconds(1), .milliseconds(2), .seconds(-5), .nanoseconds(-1)]

  // Receiving

  @Test("a receive with nothing to read returns nil at its limit, and not before", arguments: limits)
  func receiveNothing(limit: Duration) throws {
    let before = ContinuousClock.now
    #expect(try ksock.receive(within: limit) == nil)
    let message = try ksock.take(within: limit)
    let isNil = message == nil
    #expect(isNil)
    #expect(ContinuousClock.now - before >= max(limit * 2, .zero))
  }

  @Test("a receive takes what is there, whatever its limit", arguments: limits + [.seconds(Int64.max), .nanoseconds(Int64.max)])
  func receiveAtOnce(limit: Duration) throws {
    try ksock.bind("$.A")
    for _ in 0..<2 { try other.send(Announcement("$.A")) }
    #expect(try ksock.receive(within: limit) != nil)
    #expect(try ksock.receive(within: nil) != nil)
  }

  @Test(
    "limits beyond all measure are for ever, not the past",
    arguments: [Duration.seconds(Int64.max), .nanoseconds(Int64.max), .seconds(1 << 40)])
  func forEver(limit: Duration) throws {
    try ksock.bind("$.A")
    let receive = Blocked { [ksock] in try ksock.receive(within: limit)?.text }
    receive.waitUntilAsleep()
    try other.send(Announcement("$.A", "late"))
    #expect(try receive.outcome() == "late")
  }

  @Test("closing a Ksock ends a receive that waits on it: EBADF")
  func closed() throws {
    let receive = Blocked { [ksock] in try ksock.receive(within: nil) }
    receive.waitUntilAsleep()
    ksock.close()
    expectFailure(.closed, errno: EBADF) { try receive.outcome() }
  }

  // Readiness (specification, section 19)

  @Test("readable is a message queued; a message being read does not count")
  func readable() throws {
    try ksock.bind("$.A")
    #expect(try ksock.wait(for: .readable, within: .zero) == [])
    try other.send(Announcement("$.A"))
    #expect(try ksock.wait(for: .readable, within: .zero) == .readable)
    #expect(try ksock.wait(for: .readable, within: nil) == .readable, "it stays so")
    let message = try ksock.take()
    #expect(try ksock.wait(for: .readable, within: .zero) == [])
    _ = consume message
    try other.send(Announcement("$.A", flags: .urgent))
    #expect(try ksock.wait(for: .readable, within: .zero) == .readable)
  }

  @Test("writable is open for writing with nothing pending")
  func writable() throws {
    #expect(try ksock.wait(for: .writable, within: .zero) == .writable)
    #expect(try bus.open(.readOnly).wait(for: [.readable, .writable], within: .zero) == [])
    let writer = try bus.open(.writeOnly)
    #expect(try writer.wait(for: [.readable, .writable], within: .zero) == .writable)

    try other.bind("$.A")
    try other.setMaxMessages(1)
    try ksock.send(Announcement("$.A"))
    expectFailure(.pending, errno: EAGAIN) { try ksock.send(Announcement("$.A", "pending", flags: .allOrWait)) }
    #expect(try ksock.wait(for: .writable, within: .milliseconds(1)) == [])
    #expect(ksock.hasPending)
    #expect(try other.receive() != nil)
    #expect(try ksock.wait(for: .writable, within: .zero) == .writable, "waiting has sent it")
    #expect(!ksock.hasPending)
    #expect(try other.receive()?.text == "pending")
  }

  @Test("both may be asked for at once; what is not asked for is not told")
  func both() throws {
    try ksock.bind("$.A")
    #expect(try ksock.wait(for: [.readable, .writable], within: nil) == .writable)
    try other.send(Announcement("$.A"))
    #expect(try ksock.wait(for: [.readable, .writable], within: nil) == [.readable, .writable])
    #expect(try ksock.wait(for: .readable, within: nil) == .readable)
    #expect(try ksock.wait(for: .writable, within: nil) == .writable)
    #expect(try ksock.wait(for: [], within: .milliseconds(1)) == [])
  }

  @Test("a pending request that fails for good while waiting makes its sender readable and writable")
  func pendingFails() throws {
    try other.bind("$.R", as: .replier)
    try other.setMaxMessages(1)
    try ksock.send(Request("$.R"))
    expectFailure(.pending, errno: EAGAIN) { try ksock.send(Request("$.R", [], flags: .allOrWait)) }
    let id = try ksock.lastMessageID()
    let wait = Blocked { [ksock] in try ksock.waitUntilWritable(within: .seconds(60)) }
    wait.waitUntilAsleep()
    other.close()
    #expect(try wait.outcome())
    var names: [MessageName] = []
    while let message = try ksock.receive() {
      if message.inReplyTo == id { #expect(message.name == BusName.disappeared && message.from == 0) }
      names.append(message.name)
    }
    #expect(names.count == 2)
  }

  @Test("a wait for room is ended by whatever makes room: a read, an unbind, a close, a higher limit", arguments: 0..<4)
  func roomAppears(way: Int) throws {
    try other.bind("$.A")
    try other.setMaxMessages(1)
    try ksock.send(Announcement("$.A"))
    expectFailure(.pending, errno: EAGAIN) { try ksock.send(Announcement("$.A", "pending", flags: .allOrWait)) }
    let wait = Blocked { [ksock] in try ksock.waitUntilWritable(within: nil) }
    wait.waitUntilAsleep()
    switch way {
    case 0: #expect(try other.receive() != nil)
    case 1: try other.unbind("$.A")
    case 2: other.close()
    default: try other.setMaxMessages(2)
    }
    #expect(try wait.outcome())
    #expect(!ksock.hasPending)
  }

  // Waiting for a Replier

  @Test("a Replier that is there is found at once, through wildcards as a Request would")
  func replierFound() throws {
    try other.bind("$.Lamp.*", as: .replier)
    #expect(try ksock.waitForReplier("$.Lamp.Kitchen", within: .zero) == other.id)
    #expect(try ksock.waitForReplier("$.Lamp.Kitchen.Left", within: nil) == other.id)
    try ksock.bind("$.Lamp.Kitchen", as: .replier)
    #expect(try ksock.waitForReplier("$.Lamp.Kitchen", within: .zero) == ksock.id)
  }

  @Test("no Replier until the limit: ETIMEDOUT, naming what was waited for", arguments: limits)
  func replierTimedOut(limit: Duration) throws {
    try other.bind("$.Lamp")
    try other.bind("$.Lamps", as: .replier)
    expectFailure(.timedOut, errno: ETIMEDOUT, saying: ["$.Lamp"]) { try ksock.waitForReplier("$.Lamp", within: limit) }
  }

  @Test(
    "a later bind by another thread wakes who waits for it, also a bind to a wildcard; other binds do not end the wait",
    arguments: [
      "$.Lamp", "$.%", "$.*",
    ] as [MessageName])
  func replierBinds(name: MessageName) throws {
    let waits = (0..<3).map { _ in Blocked { [ksock] in try ksock.waitForReplier("$.Lamp", within: .seconds(60)) } }
    for wait in waits { wait.waitUntilAsleep() }
    try other.bind("$.Lamp")
    try other.bind("$.Other", as: .replier)
    try other.bind(name, as: .replier)
    for wait in waits { #expect(try wait.outcome() == other.id) }
  }

  @Test("a wait for a Replier is woken by a process that starts later", .timeLimit(.minutes(10)))
  func replierOfAnotherProcess() async throws {
    let wait = Blocked { [ksock] in
      try ksock.request("$.Lamp", within: .seconds(60), after: ksock.waitForReplier("$.Lamp", within: .seconds(60)))
    }
    wait.waitUntilAsleep()
    await #expect(processExitsWith: .success) { [directory = bus.directory as String] in
      alarm(60)
      let service = try Ksock(bus: 0, in: directory)
      try service.bind("$.Lamp", as: .replier)
      let request = try #require(try service.receive(within: .seconds(60)))
      try service.send(Reply(to: request, "on"))
    }
    #expect(try wait.outcome().text == "on")
  }

  @Test("who waits for something that is no name is told so", arguments: ["$.*", "Lamp", "$."] as [MessageName])
  func badName(name: MessageName) {
    expectFailure(.badName, errno: EBADMSG) { try ksock.waitForReplier(name, within: nil) }
  }
}

extension Ksock {
  /// A request that is sent when its Replier has been found.
  fileprivate func request(_ name: MessageName, within limit: Duration, after replier: UInt32) throws -> Message {
    #expect(replier != id)
    return try request(name, within: limit)
  }
}
