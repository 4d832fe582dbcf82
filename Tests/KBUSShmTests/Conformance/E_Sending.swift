import KBUSShm
import Testing

// "Write" and "SEND" of this section are two steps. In Swift a message on loan is one that is written and not yet sent.

extension Conformance {
  @Suite("E. Writing and sending") struct E_Sending {
    let bus = TestBus()

    @Test("E-01: a message is delivered when it is sent, not when it is written")
    func e01() throws {
      let (s, l) = try bus.two()
      try l.bind("$.F")
      let written = try s.write(Announcement("$.F"), [1, 2, 3, 4])
      try #expect(l.receive() == nil)
      try s.send(written)
      try #expect(l.read().data == [1, 2, 3, 4])
    }

    @Test("E-03: data of 0 to 9 bytes arrive as sent, copied or on loan")
    func e03() throws {
      let (s, l) = try bus.two()
      try l.bind("$.F")
      for count in 0...9 {
        let message = Message("$.F", data: pattern(count))
        try s.send(message)
        try s.send(s.write(Announcement("$.F"), message.data))
        for _ in 1...2 { try #expect(l.read().isEquivalent(to: message), "\(count) bytes") }
      }
    }

    @Test("E-04: sending when nothing is written: ENOMSG")
    func e04() throws {
      let s = try bus.open()
      expectErrno(.ENOMSG) { try s.sendPending() }
    }

    @Test("E-05: a message dropped instead of sent is gone: ENOMSG")
    func e05() throws {
      let (s, l) = try bus.two()
      try l.bind("$.F")
      _ = try s.write(Announcement("$.F"), [1, 2, 3, 4])
      try s.discard()
      expectErrno(.ENOMSG) { try s.sendPending() }
      try #expect(l.n == 0)
    }

    @Test("E-06: discarding nothing succeeds")
    func e06() throws {
      let s = try bus.open()
      try s.discard()
      try s.discard()
    }

    @Test("E-12: a message with an empty name: EINVAL; with one of 1001 bytes: ENAMETOOLONG")
    func e12() throws {
      let s = try bus.open()
      expectErrno(.EINVAL) { try s.announce("") }
      expectErrno(.ENAMETOOLONG) { try s.announce(longName(1001)) }
    }

    @Test("E-16: both ALL_OR_ flags: EINVAL, in announcements and in replies")
    func e16() throws {
      let (s, r, l) = try bus.three()
      try r.bind("$.Q", as: .replier)
      try l.bind("$.F")
      expectErrno(.EINVAL) { try s.announce("$.F", flags: [.allOrWait, .allOrFail]) }
      try s.ask("$.Q")
      let request = try r.read()
      expectErrno(.EINVAL) { try r.answer(request, flags: [.allOrWait, .allOrFail]) }
      try #expect(l.n == 0)
      try #expect(s.n == 0)
      try #expect(r.u == 1)
    }

    @Test("E-17: sending to a wildcard: EBADMSG")
    func e17() throws {
      let (s, l) = try bus.two()
      try l.bind("$.*")
      expectErrno(.EBADMSG) { try s.announce("$.Fred.*") }
      try #expect(l.n == 0)
    }

    @Test("E-18: a bad name or a wildcard in a message laid out as a whole: EBADMSG")
    func e18() throws {
      let (s, l) = try bus.two()
      try l.bind("$.*")
      expectErrno(.EBADMSG) { try s.send(s.write(Announcement("$.F!"), [1])) }
      expectErrno(.EBADMSG) { try s.send(s.write(Announcement("$.F.*"), [1])) }
      try #expect(l.n == 0)
    }

    @Test("E-19: sending to a `%` wildcard: EBADMSG")
    func e19() throws {
      let s = try bus.open()
      expectErrno(.EBADMSG) { try s.announce("$.Jim.%") }
    }

    @Test("E-20: sending with a name of 1002 bytes: ENAMETOOLONG")
    func e20() throws {
      let s = try bus.open()
      expectErrno(.ENAMETOOLONG) { try s.announce(longName(1002)) }
    }

    @Test("E-22: a message just read can be sent again, whatever its length")
    func e22() throws {
      let (s, l) = try bus.two()
      try l.bind("$.F")
      for count in 0...9 {
        let sent = Message("$.F", data: pattern(count))
        try s.send(sent)
        let first = try l.read()
        let id = try s.send(first)
        let second = try l.read()
        #expect(second.isEquivalent(to: sent), "\(count) bytes")
        #expect(second.id == id)
      }
    }

    @Test("E-23: one message sent twice is two messages, with consecutive ids")
    func e23() throws {
      let (s, l) = try bus.two()
      try l.bind("$.F")
      let announcement = Announcement("$.F", "twice")
      let id = try s.send(announcement)
      try #expect(s.send(announcement) == MessageID(serial: id.serial + 1))
      let read = try l.readAll()
      #expect(read.map(\.id.serial) == [id.serial, id.serial + 1])
      #expect(read.map(\.text) == ["twice", "twice"])
    }

    @Test("E-24: writing, popping, reading and sending of several messages may interleave")
    func e24() throws {
      let (s, r) = try bus.two()
      try r.bind("$.Q", as: .replier)
      let r1 = try s.send(s.write(Request("$.Q"), [1]))
      let popped = try r.pop()
      let second = try s.write(Request("$.Q"), [2])
      let firstRead = popped.copy()
      #expect(firstRead.data == [1])
      let r2 = try s.send(second)
      let reply = try r.write(Reply(to: firstRead), [11])
      let third = try s.write(Request("$.Q"), [3])
      try r.send(reply)
      let r3 = try s.send(third)
      let secondRead = try r.read()
      #expect(secondRead.id == r2 && secondRead.data == [2])
      try r.answer(secondRead)
      try #expect(s.readAll().map(\.inReplyTo) == [r1, r2])
      try #expect(r.read().id == r3)
    }

    @Test("E-25: a hundred messages with lengths around page sizes arrive intact")
    func e25() throws {
      let (s, l) = try bus.two()
      try l.bind("$.F")
      let counts = [2047, 2048, 2049, 4095, 4096, 4097, 8191, 8192, 8193]
      let sent = (0..<100).map { pattern(counts[$0 % counts.count], seed: $0) }
      for data in sent { try s.send(Announcement("$.F", data)) }
      for data in sent { try #expect(l.read().data == data) }
    }

    @Test("E-26: 65563 bytes arrive intact")
    func e26() throws {
      let (s, l) = try bus.two()
      try l.bind("$.F")
      let data = pattern(65_563)
      try s.send(Announcement("$.F", data))
      try #expect(l.read().data == data)
    }

    @Test("E-27: a length near 2^32 is too long, and overflows nothing: EMSGSIZE")
    func e27() throws {
      let s = try bus.open()
      expectErrno(.EMSGSIZE) { try s.loan(Announcement("$.F"), bytes: 0xFFFF_FFFE) }
    }
  }
}

/// Bytes by which a shift or a gap would show.
private func pattern(_ count: Int, seed: Int = 0) -> [UInt8] {
  (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ $0 >> 8 &+ seed) }
}

/// A name that is good but for its length, in bytes.
private func longName(_ count: Int) -> MessageName { MessageName("$." + String(repeating: "x", count: count - 2)) }
