import KBUSShm
import Testing

@Suite("Messages as values") struct MessageTests {
  // Kinds (specification, section 6)

  @Test("the kind of a message is deduced from its header, in the order of the specification")
  func kinds() {
    let id = MessageID(serial: 7)
    #expect(Message("$.A").kind == .announcement)
    #expect(Message("$.A", to: 5).kind == .announcement, "`to` alone makes nothing of it")
    #expect(Message("$.A", flags: .wantAReply).kind == .request)
    #expect(Message("$.A", to: 5, flags: .wantAReply).kind == .request)
    #expect(Message("$.A", inReplyTo: id).kind == .reply)
    #expect(Message("$.A", inReplyTo: id, flags: .wantAReply).kind == .reply, "a reply first")
    #expect(Message("$.KBUS.Replier.GoneAway", inReplyTo: id).kind == .status)
    #expect(Message("$.KBUS.Whatever", inReplyTo: id).kind == .status)
    #expect(Message("$.KBUSX", inReplyTo: id).kind == .reply)
    #expect(Message("$.KBUS", inReplyTo: id).kind == .reply)
    #expect(Message("$.KBUS.ReplierBindEvent").kind == .replierBindEvent)
    #expect(Message("$.KBUS.UnbindEventsLost").kind == .announcement)
    #expect(Message("$.A", inReplyTo: MessageID(network: 3, serial: 0)).kind == .reply, "an id of another network counts")
  }

  @Test("the questions to a message agree with its header")
  func questions() {
    #expect(Message("$.A", to: 5, flags: .wantAReply).isStatefulRequest)
    #expect(!Message("$.A", flags: .wantAReply).isStatefulRequest)
    #expect(!Message("$.A", to: 5).isStatefulRequest)
    #expect(Message("$.A", flags: .wantYouToReply).wantsUsToReply)
    #expect(Message("$.A", flags: .synthetic).isSynthetic)
    #expect(Message("$.A", flags: .urgent).isUrgent)
    #expect(!Message("$.A").isUrgent)
    #expect(MessageID.none.isNone && !MessageID(network: 1, serial: 0).isNone && !MessageID(serial: 1).isNone)
    #expect(MessageID(serial: 5) < MessageID(serial: 6) && MessageID(serial: .max) < MessageID(network: 1, serial: 0))
  }

  @Test("flags have the values of the specification (section 5)")
  func flags() {
    let values: [(MessageFlags, UInt32)] = [
      (.wantAReply, 1), (.wantYouToReply, 2), (.synthetic, 4), (.urgent, 8), (.allOrWait, 0x100), (.allOrFail, 0x200),
    ]
    for (flag, value) in values { #expect(flag.rawValue == value) }
  }

  @Test("a Reply has the name of its request and is for its sender")
  func reply() throws {
    let request = Message("$.A", from: 3, flags: [.wantAReply, .wantYouToReply], id: MessageID(serial: 9))
    let reply = try Reply(to: request, "data").message
    #expect(reply == Message("$.A", data: Array("data".utf8), to: 3, inReplyTo: MessageID(serial: 9)))
    for flags in [MessageFlags.wantAReply, .wantYouToReply, []] {
      expectFailure(.notOursToAnswer, errno: 74) { try Reply(to: Message("$.A", flags: flags, id: MessageID(serial: 9))) }
    }
  }

  @Test("a stateful Request follows a Reply or a stateful Request, and nothing else")
  func statefulRequest() throws {
    let reply = Message("$.A", from: 4, origFrom: Origin(network: 1, local: 2), inReplyTo: MessageID(serial: 1))
    let first = try Request(following: reply, "$.B", "x").message
    #expect(first == Message("$.B", data: [0x78], to: 4, finalTo: Origin(network: 1, local: 2), flags: .wantAReply))
    #expect(try Request(following: first, "$.B", "x").message == first)
    for other in [Message("$.A"), Message("$.A", flags: .wantAReply), Message("$.A", to: 4)] {
      expectFailure(.nothingToFollow, errno: 74) { try Request(following: other, "$.B") }
    }
  }

  // Size (specification, section 18)

  @Test(
    "the entire length of a message, on a 64-bit machine", .enabled(if: Int.bitWidth == 64),
    arguments: [
      (name: 3, data: 0, entire: 88 + 4 + 0 + 4), (6, 0, 100), (6, 1, 104), (6, 4, 104), (6, 5, 108), (7, 0, 100), (8, 0, 104), (8, 5, 112),
      (8, 9, 116),
      (1000, 409_600, 88 + 1004 + 409_600 + 4),
    ])
  func entireLength(of message: (name: Int, data: Int, entire: Int)) {
    #expect(MessageSize.entire(nameLength: message.name, dataLength: message.data) == message.entire)
  }

  @Test("a bus takes a message of exactly its limit, and none with one byte more", arguments: [100, 104, 108, 112, 116, 65_664])
  func limit(bytes: Int) throws {
    let bus = try TemporaryBus()
    let ksock = try bus.open()
    try ksock.bind("$.Fred")
    try ksock.setMaxMessageSize(bytes)
    let most = bytes - MessageSize.entire(nameLength: 6, dataLength: 0)
    try ksock.send(Announcement("$.Fred", [UInt8](repeating: 1, count: most)))
    #expect(try ksock.receive()?.data.count == most)
    let words = ["\(bytes + 4)", "\(bytes)"]
    expectFailure(.messageTooLong, errno: 90, saying: words) {
      try ksock.send(Announcement("$.Fred", [UInt8](repeating: 1, count: most + 1)))
    }
    expectFailure(.messageTooLong, errno: 90, saying: words) { try ksock.loan(Announcement("$.Fred"), bytes: most + 1) }
    #expect(try ksock.receive() == nil)
  }

  @Test("sizes beyond all measure are too long, not an overflow", arguments: [-1, Int.min, Int.max, Int.max - 3, Int(UInt32.max), 1 << 40])
  func beyondMeasure(count: Int) throws {
    let bus = try TemporaryBus()
    let ksock = try bus.open()
    expectFailure(.messageTooLong, errno: 90) { try ksock.loan(Announcement("$.A"), bytes: count) }
  }
}
