import KBUSShm
import Testing

extension Conformance {
  @Suite("T. Bus administration") struct T_Administration {
    let bus = TestBus()

    @Test("T-01: a new bus has the next number, and opens at once")
    func t01() throws {
      let s = try bus.open()
      try #expect(s.newBus() == 1)
      let x = try bus.open(bus: 1)
      try #expect(x.newBus() == 2)
      try #expect(Bus.list(in: bus.directory) == [0, 1, 2])
    }

    @Test("T-02: there are at most 256 buses: EINVAL")
    func t02() throws {
      bus.options.maxKsocks = 16
      bus.options.maxBindings = 16
      bus.options.maxRequests = 16
      let s = try bus.open()
      for number in 1...255 { try #expect(s.newBus() == number) }
      expectErrno(.EINVAL) { try s.newBus() }
    }

    @Test("T-03: a new bus begins afresh, whatever was set on the one it was made from")
    func t03() throws {
      let s = try bus.open()
      try s.setMaxMessageSize(200)
      try s.setReportsReplierBinds(true)
      try s.setVerbose(true)
      try s.announce("$.F")
      let x = try bus.open(bus: s.newBus())
      #expect(x.id == 1)
      try #expect(x.announce("$.F") == MessageID(serial: 1))
      try #expect(x.maxMessageSize() == 409_600)
      try #expect(x.reportsReplierBinds() == false)
      try #expect(x.isVerbose() == false)
    }

    @Test("T-04: setting verbose returns the previous value and changes nothing else")
    func t04() throws {
      let (s, r) = try bus.two()
      try #expect(s.isVerbose() == false)
      try #expect(s.setVerbose(true) == false)
      try #expect(s.isVerbose() == true)
      try #expect(r.isVerbose() == true)
      try r.bind("$.Q", as: .replier)
      let request = try s.ask("$.Q")
      try r.answer(r.read())
      try #expect(s.readAll().map(\.inReplyTo) == [request])
    }

    @Test("T-05: the statistics listing has the layout of the original, the newest Ksock first")
    func t05() throws {
      let (s, _, _) = try bus.three()
      let lines = try s.statistics().text.split(separator: "\n", omittingEmptySubsequences: true)
      try #require(lines.count == 10)
      #expect(lines[0] == "dev  0: next ksock 4 next msg 0 unsent unbindings 0")
      for (position, id) in [3, 2, 1].enumerated() {
        let ksock = lines[(1 + 3 * position)...]
        #expect(ksock.first == "    ksock \(id) last msg 0:0 queue 0 of 100")
        #expect(ksock.dropFirst(1).first?.hasPrefix("      read byte 0 of 0, wrote byte ") == true)
        #expect(ksock.dropFirst(2).first?.hasPrefix("      outstanding requests 0 (size ") == true)
        #expect(ksock.dropFirst(2).first?.hasSuffix(", max 0), unsent replies 0 (max 0)") == true)
      }
    }
  }
}
