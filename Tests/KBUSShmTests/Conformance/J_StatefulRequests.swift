import KBUSShm
import Testing

extension Conformance {
  @Suite("J. Stateful requests") struct J_StatefulRequests {
    let bus = TestBus()

    /// S, and R that is Replier of `$.T`.
    private func pair() throws -> (Ksock, Ksock) {
      let (s, r) = try bus.two()
      try r.bind("$.T", as: .replier)
      return (s, r)
    }

    @Test("J-01: a stateful request reaches its Replier, and Listeners")
    func j01() throws {
      let (s, r) = try pair()
      let l = try bus.open()
      try l.bind("$.T")
      let id = try s.ask("$.T", to: r.id)
      let request = try r.read()
      #expect(request.id == id)
      #expect(request.to == r.id)
      #expect(request.wantsUsToReply)
      let copy = try l.read()
      #expect(copy.id == id)
      #expect(copy.to == r.id)
      #expect(!copy.wantsUsToReply)
    }

    @Test("J-02: when the Replier has unbound: EADDRNOTAVAIL")
    func j02() throws {
      let (s, r) = try pair()
      try s.ask("$.T", to: r.id)
      try r.answer(r.read())
      try r.unbind("$.T", as: .replier)
      expectErrno(.EADDRNOTAVAIL) { try s.ask("$.T", to: r.id) }
    }

    @Test("J-03: when another has become Replier: EPIPE")
    func j03() throws {
      let (s, r) = try pair()
      let x = try bus.open()
      try r.unbind("$.T", as: .replier)
      try x.bind("$.T", as: .replier)
      expectErrno(.EPIPE) { try s.ask("$.T", to: r.id) }
      try #expect(x.n == 0)
      try #expect(r.n == 0)
    }

    @Test("J-04: when the Replier has closed and another taken its place: EPIPE")
    func j04() throws {
      let (s, r) = try pair()
      let x = try bus.open()
      r.close()
      try x.bind("$.T", as: .replier)
      expectErrno(.EPIPE) { try s.ask("$.T", to: r.id) }
      try #expect(x.n == 0)
    }

    @Test("J-05: who is asked is checked before whether it is full: EPIPE")
    func j05() throws {
      let (s, r) = try pair()
      let x = try bus.open()
      try r.setMaxMessages(1)
      try s.ask("$.T")
      expectErrno(.EPIPE) { try x.ask("$.T", to: x.id) }
      expectErrno(.EBUSY) { try x.ask("$.T", to: r.id) }
    }

    @Test("J-06: a stateful request follows a reply to where it came from")
    func j06() throws {
      let reply = Message(
        "$.T", to: 1, from: 7, origFrom: Origin(network: 3, local: 9), inReplyTo: MessageID(serial: 5),
        id: MessageID(serial: 6))
      let request = try Request(following: reply, "$.T").message
      #expect(request.to == 7)
      #expect(request.finalTo == Origin(network: 3, local: 9))
      #expect(request.isRequest)
      #expect(request.isStatefulRequest)

      // And on the bus: it reaches the Ksock that replied.
      let (s, r) = try pair()
      try s.ask("$.T")
      try r.answer(r.read())
      let id = try s.send(Request(following: s.read(), "$.T"))
      let followed = try r.read()
      #expect(followed.id == id)
      #expect(followed.to == r.id)
    }

    @Test("J-07: a stateful request follows an earlier one to the same place")
    func j07() throws {
      let earlier = Message("$.T", to: 7, finalTo: Origin(network: 3, local: 9), flags: .wantAReply)
      let request = try Request(following: earlier, "$.T").message
      #expect(request.to == 7)
      #expect(request.finalTo == Origin(network: 3, local: 9))
      #expect(request.isStatefulRequest)
    }

    @Test("J-08: a stateful request cannot follow an announcement or a plain request")
    func j08() {
      expectErrno(.EBADMSG) { try Request(following: Announcement("$.T").message, "$.T") }
      expectErrno(.EBADMSG) { try Request(following: Request("$.T").message, "$.T") }
    }

    @Test("J-09: a stateful request in the queue of a Replier that unbinds has its status")
    func j09() throws {
      let (s, r) = try pair()
      let id = try s.ask("$.T", to: r.id)
      try r.unbind("$.T", as: .replier)
      try s.readStatus(BusName.unbound, from: r.id, answering: id)
      try #expect(s.n == 0)
    }

    @Test("J-10: a stateful request in the queue of a Replier that closes has its status")
    func j10() throws {
      let (s, r) = try pair()
      let id = try s.ask("$.T", to: r.id)
      r.close()
      try s.readStatus(BusName.goneAway, from: r.id, answering: id)
      try #expect(s.n == 0)
    }

    @Test("J-11: a stateful request popped by a Replier that closes has its status")
    func j11() throws {
      let (s, r) = try pair()
      let id = try s.ask("$.T", to: r.id)
      try #expect(r.read().wantsUsToReply)
      r.close()
      try s.readStatus(BusName.ignored, from: r.id, answering: id)
      try #expect(s.n == 0)
    }
  }
}
