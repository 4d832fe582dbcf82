import KBUSShm
import Testing

/// The name by which a Ksock listens to bind events.
private let events: MessageName = "$.KBUS.ReplierBindEvent"

extension Conformance {
  @Suite("Q. Replier bind events, set aside") struct Q_SetAsideEvents {
    let bus = TestBus()

    /// L, with room for one message, listens to events. X opens and binds `$.Q`; L holds that event. X closes.
    private func oneEventSetAside() throws -> (l: Ksock, x: Ksock) {
      let l = try bus.open()
      try l.setMaxMessages(1)
      try l.bind(events)
      try l.setReportsReplierBinds(true)
      let x = try bus.open()
      try x.bind("$.Q", as: .replier)
      try #expect(l.n == 1)
      x.close()
      return (l, x)
    }

    @Test("Q-24: the unbind event of one who closes waits for a full Listener")
    func q24() throws {
      let (l, x) = try oneEventSetAside()
      try #expect(l.n == 2)
      try l.readEvent(isBind: true, of: x, "$.Q")
      try #expect(l.n == 1)
      try l.readEvent(isBind: false, of: x, "$.Q")
      try #expect(l.n == 0)
    }

    /// So many Listeners to events, each with room for one message, read them while X binds 2000 names. Then X closes.
    private func twoThousandUnbound(listeners count: Int) throws -> (listeners: [Ksock], x: Ksock) {
      bus.options.maxBindings = 4096
      let listeners = try (0..<count).map { _ in try bus.open() }
      for l in listeners {
        try l.setMaxMessages(1)
        try l.bind(events)
      }
      let x = try bus.open()
      try x.setReportsReplierBinds(true)
      for number in 1...2000 {
        try x.bind("$.N\(number)", as: .replier)
        for l in listeners { try l.readEvent(isBind: true, of: x, "$.N\(number)") }
      }
      x.close()
      return (listeners, x)
    }

    /// Expects so many unbind events, the newest name first, then that the others were lost, then nothing.
    private func readUntilLost(_ count: Int, of x: Ksock, at l: Ksock) throws -> [Message] {
      var read: [Message] = []
      for number in 0..<count { read.append(try l.readEvent(isBind: false, of: x, "$.N\(2000 - number)")) }
      let lost = try l.read()
      #expect(lost.name == "$.KBUS.UnbindEventsLost")
      #expect(lost.data.isEmpty)
      #expect(lost.flags.rawValue == 0x4)
      #expect(lost.inReplyTo.isNone && lost.to == 0 && lost.from == 0)
      #expect(lost.id.network == 0 && lost.id.serial != 0)
      try #expect(l.n == 0)
      try #expect(l.receive() == nil)
      return read + [lost]
    }

    @Test("Q-25: 1000 unbind events are set aside at most; then the Listener is told that events were lost")
    func q25() throws {
      let (listeners, x) = try twoThousandUnbound(listeners: 1)
      try #expect(listeners[0].n == 1002)
      _ = try readUntilLost(1001, of: x, at: listeners[0])
    }

    @Test("Q-26: two Listeners share the 1000 places, and read the same")
    func q26() throws {
      let (listeners, x) = try twoThousandUnbound(listeners: 2)
      for l in listeners { try #expect(l.n == 502) }
      let first = try readUntilLost(501, of: x, at: listeners[0])
      let second = try readUntilLost(501, of: x, at: listeners[1])
      #expect(first == second)
    }

    @Test("Q-27: who has read everything has room again, who has not has none: EAGAIN")
    func q27() throws {
      let (listeners, x) = try twoThousandUnbound(listeners: 2)
      let (l1, l2) = (listeners[0], listeners[1])
      try l1.bind("$.One")
      try l2.bind("$.Two")
      _ = try readUntilLost(501, of: x, at: l1)
      try l1.announce("$.One", flags: .allOrWait)
      try #expect(l1.read().name == "$.One")
      expectErrno(.EAGAIN) { try l1.announce("$.Two", flags: .allOrWait) }
      try #expect(l2.n == 502)
    }

    @Test("Q-28: after events were lost and all was read, events are reported as before")
    func q28() throws {
      let (listeners, x) = try twoThousandUnbound(listeners: 1)
      let l = listeners[0]
      _ = try readUntilLost(1001, of: x, at: l)
      let y = try bus.open()
      try y.bind("$.Y", as: .replier)
      try l.readEvent(isBind: true, of: y, "$.Y")
      y.close()
      try l.readEvent(isBind: false, of: y, "$.Y")
      try #expect(l.n == 0)
    }

    /// L1 is full, L2 is empty, both listen to events. X, which holds `$.Q`, closes.
    private func fullAndEmptyListener() throws -> (l1: Ksock, l2: Ksock, x: Ksock) {
      let (l1, l2, x) = try bus.three()
      try x.setReportsReplierBinds(true)
      try x.bind("$.Q", as: .replier)
      try l1.bind(events)
      try l2.bind(events)
      try bus.makeFull(l1)
      x.close()
      return (l1, l2, x)
    }

    @Test("Q-29: a full Listener does not keep the event from an empty one")
    func q29() throws {
      let (l1, l2, x) = try fullAndEmptyListener()
      try #expect(l1.n == 2)
      try #expect(l2.n == 1)
      try #expect(l2.isReadable)
      try l2.readEvent(isBind: false, of: x, "$.Q")
      try #expect(l2.n == 0)
    }

    @Test("Q-30: unbinding drops the events set aside by that binding")
    func q30() throws {
      let (l, _) = try oneEventSetAside()
      try l.unbind(events)
      try #expect(l.n == 0)
    }

    @Test("Q-31: an unbind that fails drops nothing: EINVAL")
    func q31() throws {
      let (l, _) = try oneEventSetAside()
      expectErrno(.EINVAL) { try l.unbind(events, as: .replier) }
      try #expect(l.n == 2)
    }

    @Test("Q-32: closing drops the events set aside")
    func q32() throws {
      let (l, _) = try oneEventSetAside()
      let s = try bus.open()
      try #expect(s.statistics().setAside == 1)
      l.close()
      try #expect(s.statistics().setAside == 0)
    }

    @Test("Q-33: an unbind that makes room lets an event in")
    func q33() throws {
      let (l, x) = try bus.two()
      try x.setReportsReplierBinds(true)
      try x.bind("$.Q", as: .replier)
      try l.bind(events)
      try bus.makeFull(l)
      x.close()
      try #expect(l.n == 2)
      try #expect(l.statistics().setAside == 1)
      try l.unbind("$.Filler")
      try #expect(l.n == 1)
      try #expect(l.isReadable)
      try #expect(l.statistics().setAside == 0)
      try l.readEvent(isBind: false, of: x, "$.Q")
    }

    @Test("Q-34: who closes is no recipient of its own events")
    func q34() throws {
      let (m, o) = try bus.two()
      try m.setReportsReplierBinds(true)
      for number in 1...4 { try m.bind("$.M\(number)", as: .replier) }
      try m.setMaxMessages(2)
      try m.bind(events)
      try o.bind(events)
      m.close()
      try #expect(o.statistics().setAside == 0)
      try #expect(o.n == 4)
      for number in (1...4).reversed() { try o.readEvent(isBind: false, of: m, "$.M\(number)") }
    }

    @Test("Q-35: every Listener reads events in the order in which they happened")
    func q35() throws {
      let (l1, l2, x) = try fullAndEmptyListener()
      try #expect(l1.readAll().count == 2)
      let y = try bus.open()
      try y.bind("$.Y", as: .replier)
      for (l, expected) in [(l1, [y]), (l2, [x, y])] {
        for binder in expected { try l.readEvent(isBind: binder === y, of: binder, binder === y ? "$.Y" : "$.Q") }
        try #expect(l.n == 0)
      }
    }
  }
}
