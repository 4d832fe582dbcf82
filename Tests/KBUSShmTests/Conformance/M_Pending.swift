import KBUSShm
import Testing

extension Conformance {
  @Suite("M. ALL_OR_WAIT and pending messages") struct M_Pending {
    let bus = TestBus()

    /// M-02: L, bound to `$.F`, is full, and an announcement by S is pending for it.
    private func pendingAnnouncement() throws -> (s: Ksock, l: Ksock, id: MessageID) {
      let (s, l) = try bus.two()
      try l.bind("$.F")
      try bus.makeFull(l)
      expectErrno(.EAGAIN) { try s.announce("$.F", "pending", flags: .allOrWait) }
      return (s, l, try s.lastMessageID())
    }

    /// M-12: R, with room for one message, holds a request by S, and another one by S is pending for it.
    private func pendingRequest(stateful: Bool = false) throws -> (s: Ksock, r: Ksock, q1: MessageID, q2: MessageID) {
      let (s, r) = try bus.two()
      try r.bind("$.Q", as: .replier)
      try r.setMaxMessages(1)
      let q1 = try s.ask("$.Q")
      expectErrno(.EAGAIN) { try s.ask("$.Q", to: stateful ? r.id : 0, flags: .allOrWait) }
      return (s, r, q1, try s.lastMessageID())
    }

    @Test("M-01: with room everywhere ALL_OR_WAIT and ALL_OR_FAIL are delivered")
    func m01() throws {
      let (s, l) = try bus.two()
      try l.bind("$.F")
      try s.announce("$.F", flags: .allOrWait)
      try s.announce("$.F", flags: .allOrFail)
      try #expect(l.readAll().map(\.flags) == [.allOrWait, .allOrFail])
      #expect(!s.hasPending)
    }

    @Test("M-02: a full Listener: EAGAIN; the message has its id and is pending")
    func m02() throws {
      let (s, l) = try bus.two()
      let x = try bus.open()
      try l.bind("$.F")
      try bus.makeFull(l)
      let before = try x.announce("$.G")
      expectErrno(.EAGAIN) { try s.announce("$.F", flags: .allOrWait) }
      #expect(s.hasPending)
      try #expect(s.lastMessageID() == MessageID(serial: before.serial + 1))
      try #expect(x.announce("$.G") == MessageID(serial: before.serial + 2))
    }

    @Test("M-03: while a message is pending no other can be sent: EALREADY")
    func m03() throws {
      let (s, l, id) = try pendingAnnouncement()
      expectErrno(.EALREADY) { try s.announce("$.G") }
      #expect(s.hasPending)
      try #expect(s.lastMessageID() == id)
      try #expect(l.n == 1)
    }

    @Test("M-04: EALREADY does not harm the pending message")
    func m04() throws {
      let (s, l, id) = try pendingAnnouncement()
      expectErrno(.EALREADY) { try s.announce("$.G") }
      try #expect(l.read().name == "$.Filler")
      try #expect(s.isWritable)
      let delivered = try l.read()
      #expect(delivered.id == id)
      #expect(delivered.text == "pending")
    }

    @Test("M-05: a pending message is not writable, and asking does not push it in")
    func m05() throws {
      let (s, l, _) = try pendingAnnouncement()
      try #expect(!s.isWritable)
      try #expect(l.n == 1)
    }

    @Test("M-06: when there is room, asking whether it is writable delivers the message")
    func m06() throws {
      let (s, l, id) = try pendingAnnouncement()
      try #expect(l.read().name == "$.Filler")
      try #expect(s.isWritable)
      #expect(!s.hasPending)
      try #expect(l.n == 1)
      try #expect(l.read().id == id)
    }

    @Test("M-07: a discarded message is gone")
    func m07() throws {
      let (s, l, _) = try pendingAnnouncement()
      try s.discard()
      #expect(!s.hasPending)
      try #expect(s.isWritable)
      try #expect(l.readAll().map(\.name) == ["$.Filler"])
      expectErrno(.ENOMSG) { try s.sendPending() }
      try #expect(l.n == 0)
    }

    @Test("M-08: sending again retries, with the same id")
    func m08() throws {
      let (s, l, id) = try pendingAnnouncement()
      expectErrno(.EAGAIN) { try s.sendPending() }
      try #expect(l.read().name == "$.Filler")
      try #expect(s.sendPending() == id)
      try #expect(l.read().id == id)
    }

    @Test("M-09: closing drops the pending message")
    func m09() throws {
      let (s, l, _) = try pendingAnnouncement()
      s.close()
      try #expect(l.readAll().map(\.name) == ["$.Filler"])
      try #expect(l.n == 0)
    }

    @Test("M-10: when the full Listener unbinds, the message is done with")
    func m10() throws {
      let (s, l, _) = try pendingAnnouncement()
      try l.unbind("$.F")
      try #expect(s.isWritable)
      try #expect(s.n == 0)
      try #expect(l.readAll().map(\.name) == ["$.Filler"])
    }

    @Test("M-11: recipients are worked out anew: who bound meanwhile gets it too")
    func m11() throws {
      let (s, l, id) = try pendingAnnouncement()
      let x = try bus.open()
      try x.bind("$.F")
      try #expect(l.read().name == "$.Filler")
      try #expect(s.isWritable)
      try #expect(l.readAll().map(\.id) == [id])
      try #expect(x.readAll().map(\.id) == [id])
    }

    @Test("M-12: a pending request reserves no place for its reply")
    func m12() throws {
      let (s, r, _, _) = try pendingRequest()
      try #expect(s.reserved == 1)
      try #expect(r.n == 1)
    }

    @Test("M-13: the Replier closes: GoneAway for the request it had, Disappeared for the pending one")
    func m13() throws {
      let (s, r, q1, q2) = try pendingRequest()
      r.close()
      try #expect(s.wait(for: [.readable, .writable], within: .zero) == [.readable, .writable])
      try s.readStatus(BusName.goneAway, from: r.id, answering: q1)
      try s.readStatus(BusName.disappeared, from: 0, answering: q2)
      try #expect(s.receive() == nil)
    }

    @Test("M-14: the Replier unbinds: Unbound for the request it had, Disappeared for the pending one")
    func m14() throws {
      let (s, r, q1, q2) = try pendingRequest()
      try r.unbind("$.Q", as: .replier)
      try #expect(s.isWritable)
      try s.readStatus(BusName.unbound, from: r.id, answering: q1)
      try s.readStatus(BusName.disappeared, from: 0, answering: q2)
      try #expect(s.receive() == nil)
    }

    @Test("M-15: another takes the Replier's place: ErrorSending for a pending stateful request")
    func m15() throws {
      let (s, r, q1, q2) = try pendingRequest(stateful: true)
      let x = try bus.open()
      try r.unbind("$.Q", as: .replier)
      try x.bind("$.Q", as: .replier)
      try #expect(s.isWritable)
      try s.readStatus(BusName.unbound, from: r.id, answering: q1)
      try s.readStatus(BusName.errorSending, from: 0, answering: q2)
      try #expect(s.receive() == nil)
      try #expect(x.n == 0)
    }

    @Test("M-16: sending again fails as sending does, and makes no status: EADDRNOTAVAIL")
    func m16() throws {
      let (s, r, q1, _) = try pendingRequest()
      r.close()
      expectErrno(.EADDRNOTAVAIL) { try s.sendPending() }
      try s.readStatus(BusName.goneAway, from: r.id, answering: q1)
      try #expect(s.isWritable)
      try #expect(s.receive() == nil)
    }

    /// M-17: S has room for two, one request outstanding, a second pending, and now a filler in its queue.
    private func pendingWithoutRoomForReply() throws -> (s: Ksock, r: Ksock, first: Message) {
      let (s, r, x) = try bus.three()
      try r.bind("$.Q", as: .replier)
      try r.setMaxMessages(1)
      try s.bind("$.Filler")
      try s.setMaxMessages(2)
      try s.ask("$.Q", "1")
      expectErrno(.EAGAIN) { try s.ask("$.Q", "2", flags: .allOrWait) }
      try x.announce("$.Filler")
      try #expect(s.n == 1)
      return (s, r, try r.read())
    }

    @Test("M-17: a pending request may go out without room for its reply; the replies wait for the requester: EBUSY")
    func m17() throws {
      let (s, r, first) = try pendingWithoutRoomForReply()
      try #expect(s.isWritable)
      let second = try r.read()
      #expect(second.text == "2")
      for request in [first, second] { expectErrno(.EBUSY) { try r.answer(request) } }
      try #expect(s.read().name == "$.Filler")
      for request in [first, second] { try r.answer(request) }
      try #expect(s.readAll().map(\.inReplyTo) == [first.id, second.id])
    }

    @Test("M-18: sent again, a request without room for its reply is refused and lost: ENOLCK")
    func m18() throws {
      let (s, r, _) = try pendingWithoutRoomForReply()
      expectErrno(.ENOLCK) { try s.sendPending() }
      expectErrno(.ENOMSG) { try s.sendPending() }
      try #expect(r.n == 0)
    }

    @Test("M-19: a pending reply whose requester closes is dropped, and stays owed")
    func m19() throws {
      let (s, r, l) = try bus.three()
      try r.bind("$.Q", as: .replier)
      try s.ask("$.Q")
      let request = try r.read()
      try l.bind("$.Q")
      try bus.makeFull(l)
      expectErrno(.EAGAIN) { try r.answer(request, flags: .allOrWait) }
      s.close()
      try #expect(r.isWritable)
      #expect(!r.hasPending)
      try #expect(r.u == 1)
      try #expect(l.readAll().map(\.name) == ["$.Filler"])
      // The original sends the Replier a status here, which is tolerated.
      try #expect(r.readAll().allSatisfy { $0.name == BusName.disappeared })
    }

    /// What may end the fullness of L.
    enum Relief: CaseIterable, Sendable {
      case reservedPlaceReleased, maximumRaised, closed, unbound
    }

    @Test("M-20: whatever ends the fullness of a recipient wakes the sender", arguments: Relief.allCases)
    func m20(relief: Relief) throws {
      let (s, l, r) = try bus.three()
      try r.bind("$.Q", as: .replier)
      try l.bind("$.F")
      if relief == .reservedPlaceReleased {
        try l.setMaxMessages(1)
        try l.ask("$.Q")
      } else {
        try bus.makeFull(l)
      }
      expectErrno(.EAGAIN) { try s.announce("$.F", "pending", flags: .allOrWait) }
      let waiter = Blocked { try s.wait(for: .writable, within: .seconds(30)) }
      waiter.waitUntilAsleep()

      switch relief {
      case .reservedPlaceReleased:
        try r.answer(r.read())
        try #expect(l.read().kind == .reply)
      case .maximumRaised: try l.setMaxMessages(2)
      case .closed: l.close()
      case .unbound: try l.unbind("$.F")
      }

      try #expect(waiter.outcome() == .writable)
      #expect(!s.hasPending)
      switch relief {
      case .reservedPlaceReleased: try #expect(l.readAll().map(\.text) == ["pending"])
      case .maximumRaised: try #expect(l.readAll().map(\.text) == ["", "pending"])
      case .closed: try #expect(s.n == 0)
      case .unbound: try #expect(l.readAll().map(\.name) == ["$.Filler"])
      }
    }

    @Test("M-21: a pending message arrives behind later ones, with its earlier id")
    func m21() throws {
      let (s, x, l, full) = try bus.four()
      try l.bind("$.F")
      try full.bind("$.F")
      try bus.makeFull(full)
      expectErrno(.EAGAIN) { try s.announce("$.F", flags: .allOrWait) }
      let id = try s.lastMessageID()
      for _ in 1...2 { try x.announce("$.F") }
      try #expect(full.read().name == "$.Filler")
      try #expect(s.isWritable)
      try #expect(l.readAll().map(\.id.serial) == [id.serial + 1, id.serial + 2, id.serial])
    }

    @Test("M-22: a Ksock with a pending message can do everything else")
    func m22() throws {
      let (s, l, id) = try pendingAnnouncement()
      try s.bind("$.G")
      try l.announce("$.G", "for S")
      try #expect(s.n == 1)
      try #expect(s.read().text == "for S")
      try #expect(s.receive() == nil)
      try s.unbind("$.G")
      try s.bind("$.H", as: .replier)
      try s.unbind("$.H", as: .replier)
      #expect(s.hasPending)
      try #expect(s.lastMessageID() == id)
    }
  }
}
