import KBUSShm
import Testing

extension Conformance {
  @Suite("I. Choice of Replier") struct I_ChoiceOfReplier {
    let bus = TestBus()

    /// Expects that a request of this name is delivered once: to this Ksock among these.
    private func expect(
      _ name: MessageName, from s: Ksock, reaches chosen: Ksock, of repliers: [Ksock],
      sourceLocation: SourceLocation = #_sourceLocation
    ) throws {
      let id = try s.ask(name)
      for replier in repliers {
        let read = try replier.readAll()
        #expect(
          read.map(\.id) == (replier === chosen ? [id] : []), "\(name) at Ksock \(replier.id)",
          sourceLocation: sourceLocation)
      }
    }

    @Test("I-01: the name itself goes before `*`")
    func i01() throws {
      let (s, r1, r2) = try bus.three()
      try r1.bind("$.F.*", as: .replier)
      try r2.bind("$.F.Jim", as: .replier)
      try expect("$.F.Jim", from: s, reaches: r2, of: [r1, r2])
      try expect("$.F.Bob", from: s, reaches: r1, of: [r1, r2])
    }

    @Test("I-02: `%` goes before `*`")
    func i02() throws {
      let (s, r1, r2) = try bus.three()
      try r1.bind("$.F.*", as: .replier)
      try r2.bind("$.F.%", as: .replier)
      try expect("$.F.Jim", from: s, reaches: r2, of: [r1, r2])
      try expect("$.F.Jim.Bob", from: s, reaches: r1, of: [r1, r2])
    }

    @Test("I-03: the name itself, then `%`, then `*`")
    func i03() throws {
      let (s, r1, r2, r3) = try bus.four()
      try r1.bind("$.F.*", as: .replier)
      try r2.bind("$.F.%", as: .replier)
      try r3.bind("$.F.Jim", as: .replier)
      try expect("$.F.Jim", from: s, reaches: r3, of: [r1, r2, r3])
      try expect("$.F.James", from: s, reaches: r2, of: [r1, r2, r3])
      try expect("$.F.Jim.Bob", from: s, reaches: r1, of: [r1, r2, r3])
    }

    @Test("I-04: a Ksock that is Replier in two ways receives one copy")
    func i04() throws {
      let (s, r) = try bus.two()
      try r.bind("$.F.*", as: .replier)
      try r.bind("$.F.Jim", as: .replier)
      try expect("$.F.Jim", from: s, reaches: r, of: [r])
    }

    @Test("I-05: of several `*` the newest is chosen, though it be shorter")
    func i05() throws {
      let (s, r1, r2) = try bus.three()
      try r1.bind("$.F.*", as: .replier)
      try r2.bind("$.*", as: .replier)
      try expect("$.F.Jim", from: s, reaches: r2, of: [r1, r2])
    }

    @Test("I-06: of several `*` the newest is chosen, here the longer one")
    func i06() throws {
      let (s, r1, r2) = try bus.three()
      try r2.bind("$.*", as: .replier)
      try r1.bind("$.F.*", as: .replier)
      try expect("$.F.Jim", from: s, reaches: r1, of: [r1, r2])
    }

    @Test("I-07: `*` does not match the name before it: EADDRNOTAVAIL")
    func i07() throws {
      let (s, r) = try bus.two()
      try r.bind("$.F.*", as: .replier)
      expectErrno(.EADDRNOTAVAIL) { try s.ask("$.F") }
      try #expect(r.n == 0)
    }

    @Test("I-08: when the more specific Replier unbinds, the wildcard's takes over")
    func i08() throws {
      let (s, r1, r2) = try bus.three()
      try r1.bind("$.F.*", as: .replier)
      try r2.bind("$.F.Jim", as: .replier)
      try r2.unbind("$.F.Jim", as: .replier)
      try expect("$.F.Jim", from: s, reaches: r1, of: [r1, r2])
    }
  }
}
