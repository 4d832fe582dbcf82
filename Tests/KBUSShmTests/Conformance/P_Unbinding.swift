import KBUSShm
import Testing

extension Conformance {
  @Suite("P. Unbinding and queued messages") struct P_Unbinding {
    let bus = TestBus()

    @Test("P-01: unbinding takes away what came by that binding, the wildcard's copies stay")
    func p01() throws {
      let (s, l) = try bus.two()
      try l.bind("$.F")
      try s.announce("$.F")
      try #expect(l.n == 1)
      try l.bind("$.*")
      try s.announce("$.F")
      try #expect(l.n == 3)
      try s.announce("$.F")
      try #expect(l.n == 5)
      try l.unbind("$.F")
      try #expect(l.n == 2)
      try l.unbind("$.*")
      try #expect(l.n == 0)
    }

    @Test("P-02: of two equal bindings the newest goes first, with what came by it")
    func p02() throws {
      let (s, l) = try bus.two()
      try l.bind("$.F")
      try s.announce("$.F")
      try #expect(l.n == 1)
      try l.bind("$.F")
      try s.announce("$.F")
      try #expect(l.n == 3)
      try s.announce("$.F")
      try #expect(l.n == 5)
      try l.unbind("$.F")
      try #expect(l.n == 3)
      try l.unbind("$.F")
      try #expect(l.n == 0)
    }

    @Test("P-03: three overlapping bindings, bound and unbound in any order, each own one copy")
    func p03() throws {
      let (s, l) = try bus.two()
      let orders: [[MessageName]] = [
        ["$.F.Jim", "$.F.*", "$.*"], ["$.F.Jim", "$.*", "$.F.*"], ["$.F.*", "$.F.Jim", "$.*"],
        ["$.F.*", "$.*", "$.F.Jim"], ["$.*", "$.F.Jim", "$.F.*"], ["$.*", "$.F.*", "$.F.Jim"],
      ]
      for bindings in orders {
        for unbindings in orders {
          for name in bindings { try l.bind(name) }
          try s.announce("$.F.Jim")
          try #expect(l.n == 3)
          for (left, name) in zip([2, 1, 0], unbindings) {
            try l.unbind(name)
            try #expect(l.n == left, "bound \(bindings), unbound \(unbindings)")
          }
        }
      }
    }

    @Test("P-04: messages of other bindings stay, in order")
    func p04() throws {
      let (s, l) = try bus.two()
      try l.bind("$.A")
      try l.bind("$.B")
      for number in 1...3 {
        try s.announce("$.A", "\(number)")
        try s.announce("$.B", "\(number)")
      }
      try l.unbind("$.A")
      let left = try l.readAll()
      #expect(left.map(\.name) == ["$.B", "$.B", "$.B"])
      #expect(left.map(\.text) == ["1", "2", "3"])
    }

    @Test("P-05: a reply to the requester stays when it unbinds as Listener, the Listener's copy goes")
    func p05() throws {
      let (s, r) = try bus.two()
      try r.bind("$.Q", as: .replier)
      let request = try s.ask("$.Q")
      try s.bind("$.Q")
      try r.answer(r.read())
      try #expect(s.n == 2)
      try s.unbind("$.Q")
      try #expect(s.readAll().map(\.inReplyTo) == [request])
    }

    @Test("P-06: unbinding makes room for a pending message")
    func p06() throws {
      let (s, l) = try bus.two()
      try l.bind("$.G")
      try bus.makeFull(l)
      expectErrno(.EAGAIN) { try s.announce("$.G", flags: .allOrWait) }
      try #expect(!s.isWritable)
      try l.unbind("$.Filler")
      try #expect(s.isWritable)
      try #expect(l.readAll().map(\.name) == ["$.G"])
    }
  }
}
