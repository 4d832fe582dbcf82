import KBUSShm
import Testing

extension Conformance {
  @Suite("C. Announcements and routing") struct C_Announcements {
    let bus = TestBus()

    @Test("C-01: an announcement that nobody hears succeeds")
    func c01() throws {
      let s = try bus.open()
      try #expect(s.announce("$.D") == MessageID(serial: 1))
    }

    @Test("C-02: the sender hears its own announcement if it listens")
    func c02() throws {
      let s = try bus.open()
      try s.bind("$.B")
      let sent = Message("$.B", data: [1, 2, 3, 4])
      let id = try s.send(sent)
      let read = try s.read()
      #expect(read.isEquivalent(to: sent))
      #expect(read.from == s.id)
      #expect(read.id == id)
      #expect(!read.wantsUsToReply)
    }

    @Test("C-03: two Listeners read the announcements of both, in the order sent")
    func c03() throws {
      let (s, l) = try bus.two()
      for ksock in [s, l] {
        try ksock.bind("$.B")
        try ksock.bind("$.C")
      }
      try s.announce("$.B")
      try l.announce("$.C")
      for ksock in [s, l] { try #expect(ksock.readAll().map(\.name) == ["$.B", "$.C"]) }
    }

    @Test("C-04: three bindings to a name give three copies")
    func c04() throws {
      let (s, l) = try bus.two()
      for _ in 1...3 { try l.bind("$.F") }
      let id = try s.announce("$.F")
      try #expect(l.n == 3)
      try #expect(l.readAll().map(\.id) == [id, id, id])
    }

    @Test("C-05: a wildcard and the name itself give two copies")
    func c05() throws {
      let (s, l) = try bus.two()
      try l.bind("$.F.*")
      try l.bind("$.F.Jim")
      try s.announce("$.F.Jim")
      try #expect(l.n == 2)
    }

    /// How many of these announcements reach a Listener of this name.
    private func heard(_ binding: MessageName, of names: [MessageName]) throws -> [MessageName] {
      let (s, l) = try bus.two()
      try l.bind(binding)
      for name in names { try s.announce(name) }
      return try l.readAll().map(\.name)
    }

    @Test("C-06: `*` matches one or more further words")
    func c06() throws {
      try #expect(heard("$.F.*", of: ["$.F.Jim", "$.F.A.B", "$.F", "$.Fx.A"]) == ["$.F.Jim", "$.F.A.B"])
    }

    @Test("C-07: `%` matches one further word")
    func c07() throws {
      try #expect(heard("$.F.%", of: ["$.F.Jim", "$.F.A.B", "$.F"]) == ["$.F.Jim"])
    }

    @Test("C-08: `$.%` matches names of one word")
    func c08() throws { try #expect(heard("$.%", of: ["$.F", "$.F.A"]) == ["$.F"]) }

    @Test("C-09: `$.*` matches every name")
    func c09() throws { try #expect(heard("$.*", of: ["$.F", "$.F.A.B.C"]) == ["$.F", "$.F.A.B.C"]) }

    @Test("C-10: a Replier does not receive announcements")
    func c10() throws {
      let (s, r) = try bus.two()
      try r.bind("$.F", as: .replier)
      try s.announce("$.F")
      try #expect(r.n == 0)
    }

    @Test("C-11: a Replier that listens too receives an announcement once, not marked")
    func c11() throws {
      let (s, r) = try bus.two()
      try r.bind("$.F", as: .replier)
      try r.bind("$.F")
      try s.announce("$.F")
      try #expect(r.n == 1)
      try #expect(!r.read().wantsUsToReply)
    }

    @Test("C-12: in an announcement `to` is kept and ignored, `from` is the sender's")
    func c12() throws {
      let (s, l) = try bus.two()
      try l.bind("$.F")
      try s.send(Message("$.F", to: 777, from: 99))
      let read = try l.read()
      #expect(read.to == 777)
      #expect(read.from == s.id)
    }

    @Test("C-13: orig_from and final_to arrive unchanged")
    func c13() throws {
      let (s, l) = try bus.two()
      try l.bind("$.F")
      try s.send(Message("$.F", origFrom: Origin(network: 1, local: 2), finalTo: Origin(network: 3, local: 4)))
      let read = try l.read()
      #expect(read.origFrom == Origin(network: 1, local: 2))
      #expect(read.finalTo == Origin(network: 3, local: 4))
    }

    @Test("C-15: of the flags only WANT_YOU_TO_REPLY and SYNTHETIC are the bus's to change")
    func c15() throws {
      let (s, l) = try bus.two()
      try l.bind("$.F")
      try s.announce("$.F", flags: MessageFlags(rawValue: 0xFFFF_00F6))
      try #expect(l.read().flags.rawValue == 0xFFFF_00F0)
    }

    @Test("C-16: a user may send a message named like a bind event")
    func c16() throws {
      let (s, l) = try bus.two()
      try l.bind("$.KBUS.ReplierBindEvent")
      try s.announce("$.KBUS.ReplierBindEvent")
      let read = try l.read()
      #expect(read.flags == [])
      #expect(read.from == s.id)
    }

    @Test("C-17: reading all stops at the end and goes on later")
    func c17() throws {
      let (s, l) = try bus.two()
      try l.bind("$.F")
      for _ in 1...2 {
        for _ in 1...5 { try s.announce("$.F") }
        try #expect(l.readAll().count == 5)
      }
    }

    @Test("C-18: a thousand Listeners all read the one announcement")
    func c18() throws {
      try DescriptorLimit.raise()
      bus.options.maxKsocks = 2048
      let s = try bus.open()
      var listeners: [Ksock] = []
      for _ in 1...1000 {
        let l = try bus.open()
        try l.bind("$.F")
        listeners.append(l)
      }
      let sent = Message("$.F", data: Array("to all".utf8))
      let id = try s.send(sent)
      for l in listeners {
        let read = try l.read()
        #expect(read.id == id && read.isEquivalent(to: sent))
        try #expect(l.n == 0)
      }
    }

    @Test("C-19: a binding does not receive what was sent before it")
    func c19() throws {
      let (s, l) = try bus.two()
      try s.announce("$.F")
      try l.bind("$.F")
      try #expect(l.n == 0)
    }

    @Test("C-20: two Listeners read what two senders send in the same order")
    func c20() throws {
      let (s, x, l1, l2) = try bus.four()
      try l1.bind("$.F")
      try l2.bind("$.F")
      for number in 1...10 {
        try s.announce("$.F", "\(number)")
        try x.announce("$.F", "\(10 + number)")
      }
      let first = try l1.readAll()
      #expect(first.count == 20)
      try #expect(l2.readAll() == first)
      #expect(first.filter { $0.from == s.id }.map(\.text) == (1...10).map(String.init))
      #expect(first.filter { $0.from == x.id }.map(\.text) == (11...20).map(String.init))
    }
  }
}
