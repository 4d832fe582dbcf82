import KBUSShm
import Testing

extension Conformance {
  @Suite("D. Message ids") struct D_MessageIds {
    let bus = TestBus()

    @Test("D-01: serials of successive sends differ by one, whether or not anyone listens")
    func d01() throws {
      let (s, l) = try bus.two()
      try #expect(s.announce("$.F") == MessageID(serial: 1))
      try #expect(s.announce("$.F") == MessageID(serial: 2))
      try l.bind("$.F")
      try #expect(s.announce("$.F") == MessageID(serial: 3))
      try #expect(s.announce("$.F") == MessageID(serial: 4))
    }

    @Test("D-02: a serial given with network 0 is replaced by the next one")
    func d02() throws {
      let (s, l) = try bus.two()
      try l.bind("$.F")
      try #expect(s.send(Message("$.F", id: MessageID(serial: 9999))) == MessageID(serial: 1))
      try #expect(l.read().id == MessageID(serial: 1))
      try #expect(s.announce("$.F") == MessageID(serial: 2))
    }

    @Test("D-03: an id of another network passes through, as often as it is sent")
    func d03() throws {
      let (s, l) = try bus.two()
      let foreign = MessageID(network: 3, serial: 5)
      try l.bind("$.F")
      try #expect(s.announce("$.F") == MessageID(serial: 1))
      for _ in 1...2 { try #expect(s.send(Message("$.F", id: foreign)) == foreign) }
      try #expect(s.lastMessageID() == foreign)
      try #expect(s.announce("$.F") == MessageID(serial: 2))
      try #expect(l.readAll().map(\.id) == [MessageID(serial: 1), foreign, foreign, MessageID(serial: 2)])
    }

    @Test("D-04: {4,0} is an id of another network too")
    func d04() throws {
      let (s, l) = try bus.two()
      let foreign = MessageID(network: 4, serial: 0)
      try l.bind("$.F")
      try #expect(s.send(Message("$.F", id: foreign)) == foreign)
      try #expect(l.read().id == foreign)
    }

    @Test("D-05: a request without a Replier uses up a serial, and is the last message")
    func d05() throws {
      let s = try bus.open()
      let first = try s.announce("$.F")
      expectErrno(.EADDRNOTAVAIL) { try s.ask("$.None") }
      try #expect(s.lastMessageID() == MessageID(serial: first.serial + 1))
      try #expect(s.announce("$.F") == MessageID(serial: first.serial + 2))
    }

    @Test("D-06: a request to a full Replier is the last message, and is not delivered")
    func d06() throws {
      let (s, r) = try bus.two()
      try r.bind("$.Q", as: .replier)
      try r.setMaxMessages(1)
      let first = try s.ask("$.Q")
      expectErrno(.EBUSY) { try s.ask("$.Q") }
      try #expect(s.lastMessageID() == MessageID(serial: first.serial + 1))
      try #expect(r.readAll().map(\.id) == [first])
    }

    @Test("D-07: a message refused before routing uses up no serial")
    func d07() throws {
      let (s, r) = try bus.two()
      try r.bind("$.Q", as: .replier)
      try s.setMaxMessages(1)
      let first = try s.ask("$.Q")
      expectErrno(.ENOLCK) { try s.ask("$.Q") }
      try #expect(s.lastMessageID() == first)
      expectErrno(.EBADMSG) { try s.ask("$.Q.*") }
      try #expect(s.lastMessageID() == first)
      expectErrno(.EINVAL) { try s.announce("$.Q", flags: [.allOrWait, .allOrFail]) }
      try #expect(s.lastMessageID() == first)
      try #expect(s.announce("$.F") == MessageID(serial: first.serial + 1))
    }

    @Test("D-08: a reply refused with ECONNREFUSED, a request refused with EPIPE use up a serial")
    func d08() throws {
      let (s, r, x) = try bus.three()
      try r.bind("$.Q", as: .replier)
      expectErrno(.ECONNREFUSED) { try x.send(Message("$.Q", to: s.id, inReplyTo: MessageID(serial: 77))) }
      try #expect(x.lastMessageID() == MessageID(serial: 1))
      expectErrno(.EPIPE) { try s.ask("$.Q", to: x.id) }
      try #expect(s.lastMessageID() == MessageID(serial: 2))
      try #expect(s.announce("$.F") == MessageID(serial: 3))
    }

    @Test("D-09: after the greatest serial comes 1")
    func d09() throws {
      let s = try bus.open()
      try bus.setLastSerial(.max - 1)
      // Where this word lies is the core's business; what it then calls the next serial shows that it is the right one.
      try #require(s.statistics().nextSerial == .max)
      for serial in [.max, 1, 2] as [UInt32] { try #expect(s.announce("$.F") == MessageID(serial: serial)) }
    }

    @Test("D-10: a status takes the next serial")
    func d10() throws {
      let (s, r) = try bus.two()
      try r.bind("$.Q", as: .replier)
      let request = try s.ask("$.Q")
      r.close()
      try #expect(s.read().id == MessageID(serial: request.serial + 1))
      try #expect(s.announce("$.F") == MessageID(serial: request.serial + 2))
    }
  }
}
