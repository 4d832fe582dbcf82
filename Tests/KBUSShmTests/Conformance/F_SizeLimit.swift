import KBUSShm
import Testing

extension Conformance {
  @Suite("F. Message size limit") struct F_SizeLimit {
    let bus = TestBus()

    private func data(_ count: Int) -> [UInt8] { Array(repeating: 0x2A, count: count) }

    @Test("F-01: the limit, and the most it can be, are what the bus was created with")
    func f01() throws {
      let s = try bus.open()
      try #expect(s.setMaxMessageSize(0) == 409_600)
      try #expect(s.setMaxMessageSize(1) == 409_600)
      try #expect(s.maxMessageSize() == 409_600)
      try #expect(s.absoluteMaxMessageSize() == 409_600)
    }

    @Test("F-02: a limit too small or too large is refused and changes nothing: EINVAL")
    func f02() throws {
      let s = try bus.open()
      for bytes in [99, 2, 409_601] { expectErrno(.EINVAL, "\(bytes)") { try s.setMaxMessageSize(bytes) } }
      try #expect(s.maxMessageSize() == 409_600)
    }

    @Test("F-03: 100 is the smallest limit")
    func f03() throws {
      let s = try bus.open()
      try #expect(s.setMaxMessageSize(100) == 100)
      try #expect(s.maxMessageSize() == 100)
      try #expect(s.absoluteMaxMessageSize() == 409_600)
    }

    @Test("F-04: the limit counts header, padded name, padded data and guard")
    func f04() throws {
      let s = try bus.open()
      try s.setMaxMessageSize(100)
      try s.announce("$.Fred")
      expectErrno(.EMSGSIZE) { try s.announce("$.Fred", "1") }
      try s.announce("$.F", "1")
      try s.announce("$.12345")
      expectErrno(.EMSGSIZE) { try s.announce("$.1234567") }
    }

    @Test("F-05: a message laid out as a whole is measured when it is written: EMSGSIZE")
    func f05() throws {
      let s = try bus.open()
      try s.setMaxMessageSize(100)
      expectErrno(.EMSGSIZE) { try s.loan(Announcement("$.Fred"), bytes: 1) }
    }

    @Test("F-06: the longest message passes in both forms, four bytes more do not: EMSGSIZE")
    func f06() throws {
      let (s, l) = try bus.two()
      try l.bind("$.Fred")
      let most = 409_600 - MessageSize.entire(nameLength: 6, dataLength: 0)
      try s.send(Announcement("$.Fred", data(most)))
      try s.send(s.write(Announcement("$.Fred"), data(most)))
      for _ in 1...2 { try #expect(l.read().data == data(most)) }
      expectErrno(.EMSGSIZE) { try s.send(Announcement("$.Fred", data(most + 4))) }
      expectErrno(.EMSGSIZE) { try s.loan(Announcement("$.Fred"), bytes: most + 4) }
      try #expect(l.n == 0)
    }

    @Test("F-07: lowering the limit does not touch a message already written")
    func f07() throws {
      let (s, l, x) = try bus.three()
      try l.bind("$.F")
      let written = try s.write(Announcement("$.F"), data(200))
      try x.setMaxMessageSize(100)
      try s.send(written)
      try #expect(l.read().data == data(200))

      // A pending message is a written one too.
      try x.setMaxMessageSize(409_600)
      try bus.makeFull(l)
      expectErrno(.EAGAIN) { try s.send(Announcement("$.F", data(200), flags: .allOrWait)) }
      try x.setMaxMessageSize(100)
      try #expect(l.read().name == "$.Filler")
      try s.sendPending()
      try #expect(l.read().data == data(200))
    }

    @Test("F-08: the limit is one of the bus, of all its Ksocks and of no other bus")
    func f08() throws {
      try bus.create(1)
      let (s, x) = try bus.two()
      let other = try bus.open(bus: 1)
      try s.setMaxMessageSize(200)
      try #expect(x.maxMessageSize() == 200)
      try #expect(bus.open().maxMessageSize() == 200)
      expectErrno(.EMSGSIZE) { try x.send(Announcement("$.F", data(200))) }
      try #expect(other.maxMessageSize() == 409_600)
      try other.send(Announcement("$.F", data(200)))
    }

    @Test("F-09: messages made by the bus pass whatever the limit")
    func f09() throws {
      let (s, r, l) = try bus.three()
      let long = MessageName("$." + String(repeating: "x", count: 500))
      try l.bind("$.KBUS.ReplierBindEvent")
      try l.setReportsReplierBinds(true)
      try l.setMaxMessageSize(100)
      try r.bind(long, as: .replier)
      try l.readEvent(isBind: true, of: r, long)
      try r.bind("$.Q", as: .replier)
      try l.readEvent(isBind: true, of: r, "$.Q")
      let request = try s.ask("$.Q")
      r.close()
      try s.readStatus(BusName.goneAway, from: r.id, answering: request)
      try l.readEvent(isBind: false, of: r, "$.Q")
      try l.readEvent(isBind: false, of: r, long)
    }
  }
}
