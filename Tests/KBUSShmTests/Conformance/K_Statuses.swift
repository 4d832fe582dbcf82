import KBUSShm
import Testing

extension Conformance {
  @Suite("K. Statuses") struct K_Statuses {
    let bus = TestBus()

    /// S, and R that is Replier of `$.Q`.
    private func pair() throws -> (Ksock, Ksock) {
      let (s, r) = try bus.two()
      try r.bind("$.Q", as: .replier)
      return (s, r)
    }

    /// Pops so many requests.
    private func pop(_ count: Int, at replier: Ksock) throws {
      for _ in 1...count { try #expect(replier.read().wantsUsToReply) }
    }

    @Test("K-01: a request in the queue of a Replier that closes: GoneAway")
    func k01() throws {
      let (s, r) = try pair()
      let request = try s.ask("$.Q")
      r.close()
      try s.readStatus(BusName.goneAway, from: r.id, answering: request)
      try #expect(s.receive() == nil)
    }

    @Test("K-02: a Replier that listens too and closes: still one GoneAway")
    func k02() throws {
      let (s, r) = try pair()
      try r.bind("$.Q")
      let request = try s.ask("$.Q")
      r.close()
      try s.readStatus(BusName.goneAway, from: r.id, answering: request)
      try #expect(s.receive() == nil)
    }

    @Test("K-03: GoneAway for requests in the order of the queue, and for nothing else")
    func k03() throws {
      let (s, r) = try pair()
      try r.bind("$.Q")
      try s.announce("$.Q")
      let r1 = try s.ask("$.Q")
      try s.announce("$.Q")
      let r2 = try s.ask("$.Q")
      r.close()
      try s.readStatus(BusName.goneAway, from: r.id, answering: r1)
      try s.readStatus(BusName.goneAway, from: r.id, answering: r2)
      try #expect(s.receive() == nil)
    }

    @Test("K-04: a request in the queue of a Replier that unbinds: Unbound, and it is gone from the queue")
    func k04() throws {
      let (s, r) = try pair()
      let request = try s.ask("$.Q")
      try r.unbind("$.Q", as: .replier)
      try s.readStatus(BusName.unbound, from: r.id, answering: request)
      try #expect(s.receive() == nil)
      try #expect(r.n == 0)
    }

    @Test("K-05: unbinding as Replier leaves the copy for the Listener")
    func k05() throws {
      let (s, r) = try pair()
      try r.bind("$.Q")
      let request = try s.ask("$.Q")
      try r.unbind("$.Q", as: .replier)
      try s.readStatus(BusName.unbound, from: r.id, answering: request)
      let copy = try r.read()
      #expect(copy.id == request)
      #expect(!copy.wantsUsToReply)
      try #expect(r.n == 0)
    }

    @Test("K-06: unbinding picks exactly the marked requests of its binding out of a mixed queue")
    func k06() throws {
      let (s, r) = try bus.two()
      for name in ["$.F", "$.J"] as [MessageName] {
        try r.bind(name, as: .replier)
        try r.bind(name)
      }
      try s.announce("$.F", "m1")
      let r1 = try s.ask("$.F", "r1")
      try s.announce("$.J", "m3")
      try s.announce("$.F", "m2")
      let r2 = try s.ask("$.F", "r2")
      try s.ask("$.J", "r3")
      try #expect(r.n == 9)

      try r.unbind("$.F", as: .replier)
      try s.readStatus(BusName.unbound, from: r.id, answering: r1)
      try s.readStatus(BusName.unbound, from: r.id, answering: r2)
      try #expect(s.receive() == nil)
      let left = try r.readAll()
      #expect(left.map(\.text) == ["m1", "r1", "m3", "m2", "r2", "r3", "r3"])
      #expect(left.map(\.wantsUsToReply) == [false, false, false, false, false, true, false])
    }

    @Test("K-07: a request popped by a Replier that closes: Ignored")
    func k07() throws {
      let (s, r) = try pair()
      let request = try s.ask("$.Q")
      try pop(1, at: r)
      r.close()
      try s.readStatus(BusName.ignored, from: r.id, answering: request)
      try #expect(s.receive() == nil)
    }

    @Test("K-08: Ignored for the request popped last comes first")
    func k08() throws {
      let (s, r) = try pair()
      var requests: [MessageID] = []
      for _ in 1...3 { requests.append(try s.ask("$.Q")) }
      try pop(3, at: r)
      r.close()
      for request in requests.reversed() { try s.readStatus(BusName.ignored, from: r.id, answering: request) }
      try #expect(s.receive() == nil)
    }

    @Test("K-09: GoneAway for what is queued comes before Ignored for what was popped")
    func k09() throws {
      let (s, r) = try pair()
      var requests: [MessageID] = []
      for _ in 1...4 { requests.append(try s.ask("$.Q")) }
      try pop(2, at: r)
      r.close()
      try s.readStatus(BusName.goneAway, from: r.id, answering: requests[2])
      try s.readStatus(BusName.goneAway, from: r.id, answering: requests[3])
      try s.readStatus(BusName.ignored, from: r.id, answering: requests[1])
      try s.readStatus(BusName.ignored, from: r.id, answering: requests[0])
      try #expect(s.receive() == nil)
    }

    @Test("K-10: Listeners do not see statuses")
    func k10() throws {
      let (s, r) = try pair()
      let l = try bus.open()
      try l.bind("$.*")
      try l.bind("$.KBUS.*")
      let request = try s.ask("$.Q")
      r.close()
      try s.readStatus(BusName.goneAway, from: r.id, answering: request)
      try #expect(l.readAll().map(\.id) == [request])
    }

    @Test("K-11: a request popped before unbinding may still be answered, and has no status")
    func k11() throws {
      let (s, r) = try pair()
      let id = try s.ask("$.Q")
      let request = try r.read()
      try r.unbind("$.Q", as: .replier)
      try #expect(s.n == 0)
      try #expect(r.u == 1)
      try r.answer(request)
      let reply = try s.read()
      #expect(reply.kind == .reply)
      #expect(reply.inReplyTo == id)
    }

    @Test("K-12: who asked itself and unbinds has its own status")
    func k12() throws {
      let s = try bus.open()
      try s.bind("$.Q", as: .replier)
      let request = try s.ask("$.Q")
      try s.unbind("$.Q", as: .replier)
      try s.readStatus(BusName.unbound, from: s.id, answering: request)
      try #expect(s.n == 0)
    }

    @Test("K-13: who asked itself may close, and leaves nothing behind")
    func k13() throws {
      let (x, s) = try bus.two()
      try s.bind("$.Q", as: .replier)
      try s.ask("$.Q")
      s.close()
      try #expect(x.bindings().isEmpty)
      let statistics = try x.statistics()
      #expect(statistics.ksocks.map(\.id) == [x.id])
      #expect(statistics.setAside == 0)
      try #expect(x.n == 0)
    }

    @Test("K-14: the place reserved for a reply holds the status, and is free again")
    func k14() throws {
      let (s, r) = try pair()
      let x = try bus.open()
      try x.bind("$.J", as: .replier)
      try s.setMaxMessages(1)
      let request = try s.ask("$.Q")
      r.close()
      try s.readStatus(BusName.goneAway, from: r.id, answering: request)
      try s.ask("$.J")
      try #expect(x.n == 1)
    }

    @Test("K-15: the status for an urgent request is not urgent")
    func k15() throws {
      let (s, r) = try pair()
      try s.bind("$.A")
      let request = try s.ask("$.Q", flags: .urgent)
      try s.announce("$.A")
      r.close()
      try #expect(s.read().name == "$.A")
      try s.readStatus(BusName.goneAway, from: r.id, answering: request)
    }

    @Test("K-16: what a user sends is never SYNTHETIC")
    func k16() throws {
      let (s, l) = try bus.two()
      try l.bind("$.KBUS.X")
      try s.announce("$.KBUS.X", flags: .synthetic)
      try #expect(l.read().flags == [])
    }

    @Test("K-18: after its status a request is closed to late replies: ECONNREFUSED")
    func k18() throws {
      let (s, x) = try bus.two()
      let ends: [(MessageName, (Ksock) throws -> Void)] = [
        (BusName.unbound, { try $0.unbind("$.Q", as: .replier) }),
        (BusName.goneAway, { $0.close() }),
        (
          BusName.ignored,
          {
            try #expect($0.read().wantsUsToReply)
            $0.close()
          }
        ),
      ]
      for (status, end) in ends {
        let r = try bus.open()
        try r.bind("$.Q", as: .replier)
        let request = try s.ask("$.Q")
        try end(r)
        // Before the status is read, and after.
        expectErrno(.ECONNREFUSED, "\(status)") { try x.send(Message("$.Q", to: s.id, inReplyTo: request)) }
        try s.readStatus(status, from: r.id, answering: request)
        expectErrno(.ECONNREFUSED, "\(status)") { try x.send(Message("$.Q", to: s.id, inReplyTo: request)) }
        try #expect(s.n == 0)
      }
    }
  }
}
