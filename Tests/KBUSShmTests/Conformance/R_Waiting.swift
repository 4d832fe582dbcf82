import KBUSShm
import Testing

// The cases say "select"; here the same is asked with `Ksock.wait(for:within:)`.

extension Conformance {
  @Suite("R. poll and select") struct R_Waiting {
    let bus = TestBus()

    @Test("R-01: with nothing sent a Ksock is not readable")
    func r01() throws {
      let l = try bus.open()
      try l.bind("$.F")
      try #expect(!l.isReadable)
    }

    @Test("R-02: a queued message makes it readable, and stays one message however often asked")
    func r02() throws {
      let (s, l) = try bus.two()
      try l.bind("$.F")
      try s.announce("$.F")
      try #expect(l.isReadable)
      try #expect(l.n == 1)
      try #expect(l.isReadable)
      try #expect(l.n == 1)
    }

    @Test("R-03: once read it is not readable")
    func r03() throws {
      let (s, l) = try bus.two()
      try l.bind("$.F")
      try s.announce("$.F")
      try #expect(l.read().name == "$.F")
      try #expect(!l.isReadable)
    }

    @Test("R-04: of two Listeners the one that has read is not readable")
    func r04() throws {
      let (s, l1, l2) = try bus.three()
      try l1.bind("$.F")
      try l2.bind("$.F")
      try s.announce("$.F")
      try #expect(l1.isReadable && l2.isReadable)
      try #expect(l1.read().name == "$.F")
      try #expect(!l1.isReadable)
      try #expect(l2.isReadable)
    }

    @Test("R-05: an idle Ksock is writable")
    func r05() throws {
      let s = try bus.open()
      try #expect(s.isWritable)
      try #expect(s.wait(for: [.readable, .writable], within: .zero) == .writable)
    }

    @Test("R-06: a read-only Ksock is never writable")
    func r06() throws {
      let s = try bus.open()
      let l = try bus.open(.readOnly)
      try l.bind("$.F")
      try #expect(!l.isWritable)
      try s.announce("$.F")
      try #expect(l.wait(for: [.readable, .writable], within: .zero) == .readable)
    }

    @Test("R-07: a Ksock with a message written and not sent is writable")
    func r07() throws {
      let s = try bus.open()
      let written = try s.write(Announcement("$.F"), [1])
      try #expect(s.isWritable)
      try s.send(written)
      try #expect(s.isWritable)
    }

    @Test("R-09: a sent message wakes who waits to read")
    func r09() throws {
      let (s, l) = try bus.two()
      try l.bind("$.F")
      let waiter = Blocked { try l.wait(for: .readable, within: .seconds(30)) }
      waiter.waitUntilAsleep()
      try s.announce("$.F", "wake up")
      try #expect(waiter.outcome() == .readable)
      try #expect(l.read().text == "wake up")

      let receiver = Blocked { try l.receive(within: .seconds(30)) }
      receiver.waitUntilAsleep()
      try s.announce("$.F", "and again")
      try #expect(receiver.outcome()?.text == "and again")
    }

    @Test("R-10: a wait with a time limit ends there, not before")
    func r10() throws {
      let l = try bus.open()
      try l.bind("$.F")
      let limit = Duration.milliseconds(20)
      let start = SuspendingClock.now
      try #expect(l.receive(within: limit) == nil)
      try #expect(l.wait(for: .readable, within: limit) == [])
      #expect(start.duration(to: .now) >= limit * 2)
    }
  }
}
