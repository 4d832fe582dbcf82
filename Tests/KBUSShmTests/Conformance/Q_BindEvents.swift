import KBUSShm
import Testing

/// The name by which a Ksock listens to bind events.
private let events: MessageName = "$.KBUS.ReplierBindEvent"

extension Conformance {
  @Suite("Q. Replier bind events") struct Q_BindEvents {
    let bus = TestBus()

    /// L listens to bind events and has switched reporting on; R is another Ksock.
    private func listenerAndReplier() throws -> (l: Ksock, r: Ksock) {
      let (l, r) = try bus.two()
      try l.bind(events)
      try l.setReportsReplierBinds(true)
      return (l, r)
    }

    @Test("Q-01: setting returns the previous value")
    func q01() throws {
      let s = try bus.open()
      try #expect(s.reportsReplierBinds() == false)
      try #expect(s.setReportsReplierBinds(true) == false)
      try #expect(s.reportsReplierBinds() == true)
      try #expect(s.setReportsReplierBinds(false) == true)
      try #expect(s.reportsReplierBinds() == false)
    }

    @Test("Q-02: a Replier that binds is reported in one event, laid out as specified")
    func q02() throws {
      let (l, r) = try listenerAndReplier()
      try r.bind("$.F", as: .replier)
      try #expect(l.n == 1)
      let event = try l.readEvent(isBind: true, of: r, "$.F")
      #expect(event.flags.rawValue == 0x204)
      #expect(event.data.count == 16)
      let words = [1, r.id, 3].flatMap { (word: UInt32) in (0..<4).map { UInt8(truncatingIfNeeded: word >> ($0 * 8)) } }
      // Host byte order: these machines are little-endian.
      if 1.littleEndian == 1 { #expect(event.data == words + Array("$.F".utf8) + [0]) }
      try r.bind("$.Fred", as: .replier)
      try #expect(l.readEvent(isBind: true, of: r, "$.Fred").data.count == 20)
    }

    @Test("Q-03: Listeners are not reported")
    func q03() throws {
      let (l, r) = try listenerAndReplier()
      try r.bind("$.J")
      try r.unbind("$.J")
      try #expect(l.n == 0)
    }

    @Test("Q-04: a Replier that unbinds is reported")
    func q04() throws {
      let (l, r) = try listenerAndReplier()
      try r.bind("$.F", as: .replier)
      try r.unbind("$.F", as: .replier)
      try l.readEvent(isBind: true, of: r, "$.F")
      try l.readEvent(isBind: false, of: r, "$.F")
      try #expect(l.n == 0)
    }

    @Test("Q-05: a Replier that listens reads its own events")
    func q05() throws {
      let (l, _) = try listenerAndReplier()
      try l.bind("$.F", as: .replier)
      try l.unbind("$.F", as: .replier)
      try l.readEvent(isBind: true, of: l, "$.F")
      try l.readEvent(isBind: false, of: l, "$.F")
    }

    @Test("Q-06: wildcards receive events too")
    func q06() throws {
      let r = try bus.open()
      try r.setReportsReplierBinds(true)
      var listeners: [Ksock] = []
      for name in ["$.*", "$.KBUS.*", "$.KBUS.%"] as [MessageName] {
        let l = try bus.open()
        try l.bind(name)
        listeners.append(l)
      }
      try r.bind("$.F", as: .replier)
      for l in listeners {
        try l.readEvent(isBind: true, of: r, "$.F")
        try #expect(l.n == 0)
      }
    }

    @Test("Q-07: without reporting there are no events")
    func q07() throws {
      let (l, r) = try listenerAndReplier()
      try l.setReportsReplierBinds(false)
      try r.bind("$.F", as: .replier)
      try r.unbind("$.F", as: .replier)
      try #expect(l.n == 0)
    }

    @Test("Q-08: unbinding what is not bound is no event: EINVAL")
    func q08() throws {
      let (l, r) = try listenerAndReplier()
      expectErrno(.EINVAL) { try r.unbind("$.F", as: .replier) }
      expectErrno(.EINVAL) { try r.unbind("$.F") }
      try #expect(l.n == 0)
    }

    /// R holds `$.B0` to `$.B3`, X is not bound to the event; nobody has switched reporting on.
    private func fourReplierNames() throws -> (r: Ksock, x: Ksock) {
      let (r, x) = try bus.two()
      for number in 0...3 { try r.bind("$.B\(number)", as: .replier) }
      return (r, x)
    }

    private func readInitialReport(of r: Ksock, at x: Ksock) throws {
      for number in (0...3).reversed() { try x.readEvent(isBind: true, of: r, "$.B\(number)") }
    }

    @Test("Q-09: switching on reports the Repliers there are to the one who asks, the newest first")
    func q09() throws {
      let (r, x) = try fourReplierNames()
      try x.setReportsReplierBinds(true)
      try #expect(x.n == 4)
      try readInitialReport(of: r, at: x)
      try #expect(r.n == 0)
    }

    @Test("Q-10: switching on again reports again")
    func q10() throws {
      let (r, x) = try fourReplierNames()
      try x.setReportsReplierBinds(true)
      try readInitialReport(of: r, at: x)
      try #expect(x.setReportsReplierBinds(true) == true)
      try readInitialReport(of: r, at: x)
      try #expect(x.n == 0)
    }

    @Test("Q-11: asking reports nothing")
    func q11() throws {
      let (r, x) = try fourReplierNames()
      try r.setReportsReplierBinds(true)
      try #expect(x.reportsReplierBinds() == true)
      try #expect(x.n == 0)
    }

    @Test("Q-12: without room for the whole report: EBUSY, with the flag on and what there was room for")
    func q12() throws {
      let (r, x) = try fourReplierNames()
      try x.setMaxMessages(2)
      expectErrno(.EBUSY) { try x.setReportsReplierBinds(true) }
      try x.readEvent(isBind: true, of: r, "$.B3")
      try x.readEvent(isBind: true, of: r, "$.B2")
      try #expect(x.n == 0)
      try #expect(x.reportsReplierBinds() == true)
    }

    @Test("Q-13: the initial report belongs to no binding, and stays")
    func q13() throws {
      let (r, x) = try fourReplierNames()
      try x.setReportsReplierBinds(true)
      try x.bind(events)
      try x.unbind(events)
      try #expect(x.n == 4)
      try readInitialReport(of: r, at: x)
    }

    @Test("Q-14: a full Listener to events keeps others from binding as Replier: EAGAIN, and nobody is told")
    func q14() throws {
      let (l, r) = try listenerAndReplier()
      let x = try bus.open()
      try x.bind(events)
      try bus.makeFull(l)
      expectErrno(.EAGAIN) { try r.bind("$.F", as: .replier) }
      try #expect(r.findReplier("$.F") == nil)
      try #expect(l.n == 1)
      try #expect(x.n == 0)
    }

    @Test("Q-15: a full Listener to events does not keep others from binding as Listener")
    func q15() throws {
      let (l, r) = try listenerAndReplier()
      try bus.makeFull(l)
      try r.bind("$.F")
      try #expect(l.n == 1)
    }

    @Test("Q-16: with reporting off a full Listener to events hinders nobody")
    func q16() throws {
      let (l, r) = try listenerAndReplier()
      try bus.makeFull(l)
      try r.setReportsReplierBinds(false)
      try r.bind("$.F", as: .replier)
      try #expect(l.findReplier("$.F") == r.id)
      try #expect(l.n == 1)
    }

    @Test("Q-17: a full Listener to events keeps others from unbinding as Replier: EAGAIN")
    func q17() throws {
      let (l, r) = try listenerAndReplier()
      try r.bind("$.F", as: .replier)
      try l.readAll()
      try bus.makeFull(l)
      expectErrno(.EAGAIN) { try r.unbind("$.F", as: .replier) }
      try #expect(l.findReplier("$.F") == r.id)
      try #expect(l.n == 1)
    }

    @Test("Q-18: that there is a Replier is found before that the event has no room: EADDRINUSE")
    func q18() throws {
      let (l, r) = try listenerAndReplier()
      let x = try bus.open()
      try r.bind("$.F", as: .replier)
      try l.readAll()
      try bus.makeFull(l)
      expectErrno(.EADDRINUSE) { try x.bind("$.F", as: .replier) }
    }

    @Test("Q-19: unbinding is reported even if binding was not")
    func q19() throws {
      let (l, x) = try bus.two()
      try l.bind(events)
      try x.bind("$.F", as: .replier)
      // X switches on, so that the initial report goes to X and not to L.
      try x.setReportsReplierBinds(true)
      try x.unbind("$.F", as: .replier)
      try l.readEvent(isBind: false, of: x, "$.F")
      try #expect(l.n == 0)
    }

    @Test("Q-20: the event names a wildcard as it was bound")
    func q20() throws {
      let (l, r) = try listenerAndReplier()
      try r.bind("$.W.*", as: .replier)
      try l.readEvent(isBind: true, of: r, "$.W.*")
    }

    @Test("Q-21: the flag outlives the Ksock that set it")
    func q21() throws {
      let (s, l) = try bus.two()
      let r = try bus.open()
      try l.bind(events)
      try s.setReportsReplierBinds(true)
      s.close()
      try #expect(l.reportsReplierBinds() == true)
      try r.bind("$.F", as: .replier)
      try l.readEvent(isBind: true, of: r, "$.F")
    }

    @Test("Q-22: the flag is one of its bus alone")
    func q22() throws {
      try bus.create(1)
      let (l, _) = try listenerAndReplier()
      let (l1, r1) = (try bus.open(bus: 1), try bus.open(bus: 1))
      try #expect(l1.reportsReplierBinds() == false)
      try l1.bind(events)
      try r1.bind("$.F", as: .replier)
      try #expect(l1.n == 0)
      try #expect(l.n == 0)
    }

    @Test("Q-23: closing unbinds the newest first, and reports it so")
    func q23() throws {
      let (l, r) = try listenerAndReplier()
      for name in ["$.A", "$.B", "$.C"] as [MessageName] { try r.bind(name, as: .replier) }
      try l.readAll()
      r.close()
      for name in ["$.C", "$.B", "$.A"] as [MessageName] { try l.readEvent(isBind: false, of: r, name) }
      try #expect(l.n == 0)
    }
  }
}
