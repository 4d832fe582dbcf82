import KBUSShm
import Testing

extension Conformance {
  @Suite("N. Urgent") struct N_Urgent {
    let bus = TestBus()

    @Test("N-01: urgent messages go to the front of the queue, requests and announcements alike")
    func n01() throws {
      let (s, r) = try bus.two()
      try r.bind("$.M")
      try r.bind("$.R", as: .replier)
      try s.announce("$.M", "m1")
      try s.ask("$.R", "r1")
      try s.announce("$.M", "m2")
      try s.ask("$.R", "r2")
      try s.announce("$.M", "u1", flags: .urgent)
      try s.ask("$.R", "u2", flags: .urgent)
      let read = try r.readAll()
      #expect(read.map(\.text) == ["u2", "u1", "m1", "r1", "m2", "r2"])
      #expect(read.map(\.wantsUsToReply) == [true, false, false, true, false, true])
      #expect(read.map(\.isUrgent) == [true, true, false, false, false, false])
    }

    @Test("N-02: of several urgent messages the last comes first")
    func n02() throws {
      let (s, l) = try bus.two()
      try l.bind("$.M")
      for number in 1...3 { try s.announce("$.M", "\(number)", flags: .urgent) }
      try s.announce("$.M", "normal")
      try #expect(l.readAll().map(\.text) == ["3", "2", "1", "normal"])
    }

    @Test("N-03: an urgent reply is read before what was there")
    func n03() throws {
      let (s, r) = try bus.two()
      try r.bind("$.R", as: .replier)
      try s.bind("$.M")
      try s.ask("$.R")
      try r.announce("$.M")
      try r.answer(r.read(), flags: .urgent)
      try #expect(s.readAll().map(\.kind) == [.reply, .announcement])
    }

    @Test("N-04: a full Listener misses an urgent message like any other")
    func n04() throws {
      let (s, l) = try bus.two()
      try l.bind("$.M")
      try bus.makeFull(l)
      try s.announce("$.M", flags: .urgent)
      try #expect(l.readAll().map(\.name) == ["$.Filler"])
    }

    // Which of the two comes first is left open.
    @Test("N-05: an urgent request to a Replier that listens gives two copies, one of them marked")
    func n05() throws {
      let (s, r) = try bus.two()
      try r.bind("$.R", as: .replier)
      try r.bind("$.R")
      let id = try s.ask("$.R", flags: .urgent)
      let read = try r.readAll()
      #expect(read.map(\.id) == [id, id])
      #expect(read.count { $0.wantsUsToReply } == 1)
      #expect(read.allSatisfy { $0.isUrgent })
    }
  }
}
