import KBUSShm
import Testing

// NEXTMSG of this section is `take`: from then on the message is "being read".

extension Conformance {
  @Suite("G. Reading") struct G_Reading {
    let bus = TestBus()

    @Test("G-01: an empty queue gives no message")
    func g01() throws {
      let l = try bus.open()
      try #expect(!l.skip())
      try #expect(l.receive() == nil)
      try #expect(l.n == 0)
    }

    @Test("G-02: `$.Fred` with 4 bytes is 104 bytes long")
    func g02() throws {
      let (s, l) = try bus.two()
      try l.bind("$.Fred")
      try s.announce("$.Fred", "data")
      let message = try l.pop()
      #expect(MessageSize.entire(nameLength: message.name.bytes.count, dataLength: message.count) == 104)
    }

    @Test("G-09: a message popped and not read is never seen again; the others stay in order")
    func g09() throws {
      let (s, l) = try bus.two()
      try l.bind("$.F")
      for number in 1...6 { try s.announce("$.F", "\(number)") }
      try #expect(l.read().text == "1")
      try #expect(l.read().text == "2")
      try #expect(l.skip())
      try #expect(l.readAll().map(\.text) == ["4", "5", "6"])
    }

    @Test("G-10: a message popped no longer counts, and can still be read")
    func g10() throws {
      let (s, l) = try bus.two()
      try l.bind("$.F")
      try s.announce("$.F", "alone")
      let message = try l.pop()
      try #expect(l.n == 0)
      try #expect(!l.isReadable)
      #expect(message.copy().text == "alone")
    }

    @Test("G-11: unbinding leaves a message already popped alone")
    func g11() throws {
      let (s, l) = try bus.two()
      try l.bind("$.F")
      try s.announce("$.F", "popped")
      let message = try l.pop()
      try l.unbind("$.F")
      #expect(message.copy().text == "popped")
      #expect(message.bytes.byteCount == 6)
    }
  }
}
