import KBUSShm
import Testing

extension Conformance {
  @Suite("O. Once-only") struct O_OnceOnly {
    let bus = TestBus()

    @Test("O-01: setting returns the previous value")
    func o01() throws {
      let l = try bus.open()
      try #expect(l.wantsMessagesOnce() == false)
      try #expect(l.setWantsMessagesOnce(true) == false)
      try #expect(l.wantsMessagesOnce() == true)
      try #expect(l.setWantsMessagesOnce(false) == true)
      try #expect(l.wantsMessagesOnce() == false)
    }

    @Test("O-03: three bindings, one copy")
    func o03() throws {
      let (s, l) = try bus.two()
      for _ in 1...3 { try l.bind("$.F") }
      try l.setWantsMessagesOnce(true)
      try s.announce("$.F")
      try #expect(l.n == 1)
    }

    @Test("O-04: a Replier that listens keeps the marked copy")
    func o04() throws {
      let (s, r) = try bus.two()
      try r.bind("$.F", as: .replier)
      try r.bind("$.F")
      try r.setWantsMessagesOnce(true)
      try s.ask("$.F")
      try #expect(r.n == 1)
      try #expect(r.read().wantsUsToReply)
    }

    @Test("O-05: switched off again, all copies come")
    func o05() throws {
      let (s, l, r) = try bus.three()
      for _ in 1...3 { try l.bind("$.F") }
      try r.bind("$.Q", as: .replier)
      try r.bind("$.Q")
      for ksock in [l, r] {
        try ksock.setWantsMessagesOnce(true)
        try ksock.setWantsMessagesOnce(false)
      }
      try s.announce("$.F")
      try #expect(l.n == 3)
      try s.ask("$.Q")
      try #expect(r.n == 2)
    }

    @Test("O-06: a requester that listens reads its request once and the reply once")
    func o06() throws {
      let (s, r) = try bus.two()
      try r.bind("$.F", as: .replier)
      try s.bind("$.F")
      try s.setWantsMessagesOnce(true)
      try s.ask("$.F")
      try r.answer(r.read())
      try #expect(s.readAll().map(\.kind) == [.request, .reply])
    }

    /// L, once-only, is bound to `$.A` and then to `$.*`, and has one copy of an announcement `$.A`.
    private func oneCopyOfTwo() throws -> Ksock {
      let (s, l) = try bus.two()
      try l.bind("$.A")
      try l.bind("$.*")
      try l.setWantsMessagesOnce(true)
      try s.announce("$.A")
      try #expect(l.n == 1)
      return l
    }

    @Test("O-07: the one copy belongs to the newest binding, and goes with it")
    func o07() throws {
      let l = try oneCopyOfTwo()
      try l.unbind("$.*")
      try #expect(l.n == 0)
    }

    @Test("O-08: the one copy stays when an older binding goes")
    func o08() throws {
      let l = try oneCopyOfTwo()
      try l.unbind("$.A")
      try #expect(l.n == 1)
    }

    @Test("O-09: two successive messages with one foreign id count as one")
    func o09() throws {
      let (s, l) = try bus.two()
      try l.bind("$.A")
      try l.setWantsMessagesOnce(true)
      for _ in 1...2 { try s.send(Message("$.A", id: MessageID(network: 5, serial: 5))) }
      try #expect(l.n == 1)
    }

    @Test("O-10: two messages are two")
    func o10() throws {
      let (s, l) = try bus.two()
      try l.bind("$.A")
      try l.setWantsMessagesOnce(true)
      for _ in 1...2 { try s.announce("$.A") }
      try #expect(l.n == 2)
    }
  }
}
