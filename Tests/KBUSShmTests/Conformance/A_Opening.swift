import Foundation
import KBUSShm
import Testing

extension Conformance {
  @Suite("A. Opening, modes, identity") struct A_Opening {
    let bus = TestBus()

    @Test("A-01: each of three buses can be opened in both modes")
    func a01() throws {
      try bus.create(1)
      try bus.create(2)
      for mode in [Ksock.Mode.readOnly, .readWrite] {
        for number in 0...2 {
          let ksock = try bus.open(mode, bus: number)
          #expect(ksock.bus == number)
        }
      }
    }

    @Test("A-02: a bus that does not exist cannot be opened: ENOENT")
    func a02() throws {
      try bus.create(1)
      try bus.create(2)
      for mode in [Ksock.Mode.readOnly, .readWrite] {
        expectErrno(.ENOENT) { try bus.open(mode, bus: -1) }
        expectErrno(.ENOENT) { try bus.open(mode, bus: 3) }
      }
    }

    @Test("A-04: Ksock ids count up from 1 and are not reused")
    func a04() throws {
      let (s, r) = try bus.two()
      s.close()
      let x = try bus.open()
      #expect([s.id, r.id, x.id] == [1, 2, 3])
    }

    @Test("A-05: every bus counts its own Ksock ids")
    func a05() throws {
      try bus.create(1)
      let s = try bus.open(bus: 0)
      let x = try bus.open(bus: 1)
      #expect(s.id == 1)
      #expect(x.id == 1)
    }

    @Test("A-06: nothing crosses from one bus to another, serials are each bus's own")
    func a06() throws {
      try bus.create(1)
      let l = try bus.open(bus: 0)
      let x = try bus.open(bus: 1)
      try l.bind("$.A")
      try #expect(x.announce("$.A") == MessageID(serial: 1))
      try #expect(l.n == 0)
    }

    @Test("A-07: a read-only Ksock cannot write or send: EBADF")
    func a07() throws {
      let x = try bus.open(.readOnly)
      let (l, r) = try bus.two()
      try l.bind("$.A")
      try r.bind("$.A", as: .replier)
      expectErrno(.EBADF) { try x.loan(Announcement("$.A"), bytes: 4) }
      expectErrno(.EBADF) { try x.announce("$.A") }
      expectErrno(.EBADF) { try x.ask("$.A") }
      try #expect(l.n == 0)
      try #expect(r.n == 0)
    }

    @Test("A-08: a read-only Ksock has nothing to send: ENOMSG")
    func a08() throws {
      let x = try bus.open(.readOnly)
      expectErrno(.ENOMSG) { try x.sendPending() }
    }

    @Test("A-09: a read-only Ksock with an empty queue reads nothing")
    func a09() throws {
      let x = try bus.open(.readOnly)
      try #expect(x.receive() == nil)
      try #expect(!x.skip())
    }

    @Test("A-10: a read-only Ksock can bind as both kinds, set, discard and ask")
    func a10() throws {
      let x = try bus.open(.readOnly)
      try x.bind("$.A")
      try x.bind("$.A", as: .replier)
      try #expect(x.setMaxMessages(5) == 5)
      try x.discard()
      try #expect(x.maxMessageSize() == 409_600)
      try #expect(x.bindings().count == 2)
    }

    @Test("A-11: a read-only Replier reads the marked copy, and owes the reply that it cannot send")
    func a11() throws {
      let s = try bus.open()
      let r = try bus.open(.readOnly)
      try r.bind("$.Q", as: .replier)
      try s.ask("$.Q")
      try #expect(r.read().wantsUsToReply)
      try #expect(r.u == 1)
    }

    @Test("A-13: the last message id before any send is {0,0}")
    func a13() throws {
      let s = try bus.open()
      try #expect(s.lastMessageID() == .none)
    }

    @Test("A-14: every use of a closed Ksock fails, and nothing hangs")
    func a14() throws {
      let (s, r) = try bus.two()
      try s.bind("$.A")
      try r.bind("$.A", as: .replier)
      s.close()
      s.close()
      let uses: [(String, () throws -> Void)] = [
        ("bind", { try s.bind("$.B") }),
        ("unbind", { try s.unbind("$.A") }),
        ("find_replier", { _ = try s.findReplier("$.A") }),
        ("wait_for_replier", { _ = try s.waitForReplier("$.A", within: .seconds(30)) }),
        ("announce", { try s.announce("$.A") }),
        ("request", { _ = try s.request("$.A", within: .seconds(30)) }),
        ("loan", { _ = try s.loan(Announcement("$.A"), bytes: 1) }),
        ("send again", { try s.sendPending() }),
        ("discard", { try s.discard() }),
        ("wait until writable", { _ = try s.waitUntilWritable(within: nil) }),
        ("receive", { _ = try s.receive() }),
        ("receive, waiting", { _ = try s.receive(within: nil) }),
        ("take", { _ = try s.take() }),
        ("take, waiting", { _ = try s.take(within: nil) }),
        ("wait", { _ = try s.wait(for: [.readable, .writable], within: nil) }),
        ("max messages", { _ = try s.maxMessages() }),
        ("set max messages", { try s.setMaxMessages(5) }),
        ("num messages", { _ = try s.numberOfMessages() }),
        ("num unreplied to", { _ = try s.numberUnrepliedTo() }),
        ("last message id", { _ = try s.lastMessageID() }),
        ("only once", { _ = try s.wantsMessagesOnce() }),
        ("set only once", { try s.setWantsMessagesOnce(true) }),
        ("report binds", { _ = try s.reportsReplierBinds() }),
        ("set report binds", { try s.setReportsReplierBinds(true) }),
        ("verbose", { _ = try s.isVerbose() }),
        ("set verbose", { try s.setVerbose(true) }),
        ("max message size", { _ = try s.maxMessageSize() }),
        ("absolute max message size", { _ = try s.absoluteMaxMessageSize() }),
        ("set max message size", { try s.setMaxMessageSize(200) }),
        ("new bus", { try s.newBus() }),
        ("bindings", { _ = try s.bindings() }),
        ("statistics", { _ = try s.statistics() }),
      ]
      for (name, use) in uses { expectErrno(.EBADF, "\(name)", use) }
    }

    @Test("A-16: one process opens 1001 Ksocks under a limit of 1024 descriptors")
    func a16() async throws {
      bus.options.maxKsocks = 2048
      try bus.make()
      // In a process of its own: the limit is one of the whole process.
      await #expect(processExitsWith: .success) { [directory = bus.directory as String] in
        alarm(50)
        try DescriptorLimit.set(1024)
        var ksocks: [Ksock] = []
        for _ in 1...1001 { ksocks.append(try Ksock(bus: 0, in: directory)) }
        #expect(ksocks.map(\.id) == Array(1...1001))
        // They are not merely there: the last is heard by the first.
        try ksocks[0].bind("$.A")
        try ksocks[1000].announce("$.A")
        try #expect(ksocks[0].n == 1)
        for ksock in ksocks { ksock.close() }
      }
    }
  }
}
