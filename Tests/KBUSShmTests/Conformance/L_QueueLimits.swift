import KBUSShm
import Testing

extension Conformance {
  @Suite("L. Queue limits") struct L_QueueLimits {
    let bus = TestBus()

    @Test("L-01: a new Ksock's maximum is 100")
    func l01() throws {
      let s = try bus.open()
      try #expect(s.maxMessages() == 100)
      try #expect(s.setMaxMessages(0) == 100)
    }

    @Test("L-02: the maximum can be set and asked, read-only too")
    func l02() throws {
      for mode in [Ksock.Mode.readWrite, .readOnly] {
        let s = try bus.open(mode)
        try #expect(s.setMaxMessages(200) == 200)
        try #expect(s.maxMessages() == 200)
        try #expect(s.setMaxMessages(0) == 200)
        try #expect(s.setMaxMessages(100) == 100)
        try #expect(s.maxMessages() == 100)
      }
    }

    @Test("L-03: a full Listener misses an announcement, which succeeds")
    func l03() throws {
      let (s, l) = try bus.two()
      try l.bind("$.A")
      try l.setMaxMessages(1)
      let first = try s.announce("$.A")
      try s.announce("$.A")
      try #expect(l.readAll().map(\.id) == [first])
    }

    @Test("L-04: of 101 announcements 100 are queued")
    func l04() throws {
      let (s, l) = try bus.two()
      try l.bind("$.A")
      for _ in 1...101 { try s.announce("$.A") }
      try #expect(l.n == 100)
      try #expect(l.readAll().map(\.id.serial) == Array(1...100))
    }

    @Test("L-05: a full Replier: EBUSY")
    func l05() throws {
      let (s, r) = try bus.two()
      try r.bind("$.Q", as: .replier)
      try r.setMaxMessages(1)
      let first = try s.ask("$.Q")
      expectErrno(.EBUSY) { try s.ask("$.Q") }
      try #expect(r.readAll().map(\.id) == [first])
    }

    @Test("L-06: a request refused by its Replier reaches no Listener either")
    func l06() throws {
      let (s, r, l) = try bus.three()
      try r.bind("$.Q", as: .replier)
      try l.bind("$.Q")
      try r.setMaxMessages(1)
      let first = try s.ask("$.Q")
      expectErrno(.EBUSY) { try s.ask("$.Q") }
      try #expect(l.readAll().map(\.id) == [first])
    }

    @Test("L-07: ALL_OR_FAIL with a full Listener: EBUSY, nobody gets it")
    func l07() throws {
      let (s, l1, l2) = try bus.three()
      try l1.bind("$.A")
      try l2.bind("$.A")
      try bus.makeFull(l1)
      expectErrno(.EBUSY) { try s.announce("$.A", flags: .allOrFail) }
      try #expect(l1.n == 1)
      try #expect(l2.n == 0)
    }

    @Test("L-08: without ALL_OR_FAIL the others get it")
    func l08() throws {
      let (s, l1, l2) = try bus.three()
      try l1.bind("$.A")
      try l2.bind("$.A")
      try bus.makeFull(l1)
      let id = try s.announce("$.A")
      try #expect(l2.readAll().map(\.id) == [id])
      try #expect(l1.readAll().map(\.name) == ["$.Filler"])
    }

    @Test("L-09: ALL_OR_FAIL does not mind a full Ksock that is no recipient")
    func l09() throws {
      let (s, l1, l2) = try bus.three()
      try l2.bind("$.A")
      try bus.makeFull(l1)
      try s.announce("$.A", flags: .allOrFail)
      try #expect(l2.n == 1)
    }

    /// L-10: S has room for one reply, R is Replier of `$.Q`, and one request is under way.
    private func oneRequestUnderWay() throws -> (s: Ksock, r: Ksock) {
      let (s, r) = try bus.two()
      try r.bind("$.Q", as: .replier)
      try s.setMaxMessages(1)
      try s.ask("$.Q")
      return (s, r)
    }

    @Test("L-10: a request needs a free place for its reply: ENOLCK, even when the first was read")
    func l10() throws {
      let (s, r) = try oneRequestUnderWay()
      expectErrno(.ENOLCK) { try s.ask("$.Q") }
      try #expect(r.readAll().count == 1)
      expectErrno(.ENOLCK) { try s.ask("$.Q") }
      try #expect(r.n == 0)
    }

    @Test("L-11: a sender without room for replies can still announce")
    func l11() throws {
      let (s, _) = try oneRequestUnderWay()
      let l = try bus.open()
      try l.bind("$.A")
      try s.announce("$.A")
      try #expect(l.n == 1)
    }

    @Test("L-12: when the reply is read the place is free again")
    func l12() throws {
      let (s, r) = try oneRequestUnderWay()
      try r.answer(r.read())
      try #expect(s.read().kind == .reply)
      try s.ask("$.Q")
      try #expect(r.n == 1)
    }

    @Test("L-13: a reply not yet read takes the place: ENOLCK")
    func l13() throws {
      let (s, r) = try oneRequestUnderWay()
      try r.answer(r.read())
      expectErrno(.ENOLCK) { try s.ask("$.Q") }
      try #expect(s.n == 1)
    }

    @Test("L-14: announcements cannot use a place reserved for a reply")
    func l14() throws {
      let (s, r) = try bus.two()
      try r.bind("$.Q", as: .replier)
      try s.bind("$.A")
      try s.setMaxMessages(2)
      try s.ask("$.Q")
      try s.announce("$.A", flags: .allOrFail)
      expectErrno(.EBUSY) { try s.announce("$.A", flags: .allOrFail) }
      try #expect(s.n == 1)
    }

    @Test("L-15: requests cannot use a place reserved for a reply: EBUSY")
    func l15() throws {
      let (s, _) = try oneRequestUnderWay()
      let x = try bus.open()
      try s.bind("$.J", as: .replier)
      expectErrno(.EBUSY) { try x.ask("$.J") }
      try #expect(s.n == 0)
    }

    @Test("L-16: three copies may enter through one free place")
    func l16() throws {
      let (s, l) = try bus.two()
      try l.setMaxMessages(1)
      for name in ["$.A", "$.*", "$.%"] as [MessageName] { try l.bind(name) }
      try s.announce("$.A")
      try #expect(l.n == 3)
    }

    @Test("L-17: a request and its Listener's copy may enter through one free place")
    func l17() throws {
      let (s, r) = try bus.two()
      try r.bind("$.Q", as: .replier)
      try r.bind("$.Q")
      try r.setMaxMessages(1)
      try s.ask("$.Q")
      try #expect(r.n == 2)
    }

    @Test("L-18: a reply refused for lack of room stays owed, and can be sent again")
    func l18() throws {
      let (s, r) = try bus.two()
      try r.bind("$.R", as: .replier)
      try s.bind("$.R")
      try s.setMaxMessages(1)
      let id = try s.ask("$.R")
      try #expect(s.n == 1)
      let request = try r.read()
      expectErrno(.EBUSY) { try r.answer(request) }
      try #expect(r.u == 1)
      try #expect(s.read().kind == .request)
      try r.answer(request)
      try #expect(r.u == 0)
      try #expect(s.read().inReplyTo == id)
    }

    @Test("L-19: lowering the maximum may shut out a reply: EBUSY, or EAGAIN with ALL_OR_WAIT")
    func l19() throws {
      let (s, r) = try bus.two()
      try r.bind("$.Q", as: .replier)
      try s.bind("$.A")
      try s.setMaxMessages(5)
      try s.ask("$.Q")
      for _ in 1...2 { try s.announce("$.A") }
      try s.setMaxMessages(1)
      let request = try r.read()
      expectErrno(.EBUSY) { try r.answer(request) }
      expectErrno(.EAGAIN) { try r.answer(request, flags: .allOrWait) }
      try #expect(s.n == 2)
      try #expect(r.u == 1)
    }

    @Test("L-20: lowering the maximum discards nothing, and lets nothing in until there is room")
    func l20() throws {
      let (s, l) = try bus.two()
      try l.bind("$.A")
      for number in 1...3 { try s.announce("$.A", "\(number)") }
      try l.setMaxMessages(1)
      try #expect(l.n == 3)
      for number in 1...3 {
        expectErrno(.EBUSY) { try s.announce("$.A", "4", flags: .allOrFail) }
        try #expect(l.read().text == "\(number)")
      }
      try s.announce("$.A", "4", flags: .allOrFail)
      try #expect(l.readAll().map(\.text) == ["4"])
    }

    @Test("L-21: a message popped makes room at once")
    func l21() throws {
      let (s, l) = try bus.two()
      try l.bind("$.A")
      try l.setMaxMessages(1)
      try s.announce("$.A", "1")
      let popped = try l.pop()
      try s.announce("$.A", "2", flags: .allOrFail)
      #expect(popped.copy().text == "1")
      try #expect(l.read().text == "2")
    }

    @Test("L-22: ALL_OR_FAIL holds for replies too; without it a full Listener misses the reply")
    func l22() throws {
      let (s, r, l) = try bus.three()
      try r.bind("$.Q", as: .replier)
      try s.ask("$.Q")
      let request = try r.read()
      try l.bind("$.Q")
      try bus.makeFull(l)
      expectErrno(.EBUSY) { try r.answer(request, flags: .allOrFail) }
      try #expect(s.n == 0)
      try r.answer(request)
      try #expect(s.read().inReplyTo == request.id)
      try #expect(l.readAll().map(\.name) == ["$.Filler"])
    }

    @Test("L-23: who asks itself with one place must read before it replies: EBUSY")
    func l23() throws {
      let s = try bus.open()
      try s.bind("$.Q", as: .replier)
      try s.setMaxMessages(1)
      let id = try s.ask("$.Q")
      // The request as it lies in the queue, built by hand.
      let reply = Message("$.Q", to: s.id, inReplyTo: id)
      expectErrno(.EBUSY) { try s.send(reply) }
      try s.answer(s.read())
      try #expect(s.read().inReplyTo == id)
    }
  }
}
