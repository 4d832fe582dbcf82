import KBUSShm
import Testing

@Suite("Many of everything", .timeLimit(.minutes(10))) struct ManyTests {
  @Test("1,001 Ksocks are open at once in one process, on one bus, each with its own id, and one message reaches them all")
  func ksocks() throws {
    let bus = try TemporaryBus(BusOptions())
    let ksocks = try (0..<1001).map { _ in try bus.open() }
    #expect(Set(ksocks.map(\.id)) == Set(1...1001))
    for ksock in ksocks { try ksock.bind("$.All") }
    let id = try ksocks[500].send(Announcement("$.All", "to everybody"))
    for ksock in ksocks {
      let message = try ksock.receive()
      #expect(message?.id == id && message?.text == "to everybody")
      #expect(try ksock.receive() == nil)
    }
    try bus.expectSound()
    for ksock in ksocks { ksock.close() }
    try bus.expectSound()
  }

  @Test("10,000 bindings on one bus each receive what is sent to them, and nothing else")
  func bindings() throws {
    let bus = try TemporaryBus(BusOptions())
    let listeners = try (0..<10).map { _ in try bus.open() }, sender = try bus.open()
    for number in 0..<10_000 { try listeners[number % 10].bind("$.Name.Number\(number)") }
    expectFailure(.poolExhausted, errno: 12, saying: ["10000 bindings"]) { try sender.bind("$.More") }
    for number in stride(from: 0, to: 10_000, by: 7) {
      try sender.send(Announcement("$.Name.Number\(number)"))
      for (index, listener) in listeners.enumerated() {
        let message = try listener.receive()
        #expect(message?.name == (index == number % 10 ? "$.Name.Number\(number)" : nil))
      }
    }
    try sender.send(Announcement("$.Name.Number10000"))
    for listener in listeners { #expect(try listener.receive() == nil) }
    // Unbound in another order than bound.
    for number in 0..<5000 { try listeners[(number * 3) % 10].unbind("$.Name.Number\((number * 3) % 10_000)") }
    try bus.expectSound()
    for listener in listeners { listener.close() }
    try sender.bind("$.More")
    try bus.expectSound()
  }

  @Test("10,000 bindings to one name are 10,000 copies of one message")
  func copies() throws {
    let bus = try TemporaryBus(BusOptions())
    let (listener, sender) = (try bus.open(), try bus.open())
    for _ in 0..<10_000 { try listener.bind("$.A") }
    try listener.setMaxMessages(.max)
    let id = try sender.send(Announcement("$.A", "once"))
    #expect(try listener.numberOfMessages() == 10_000)
    var offsets: Set<Int> = []
    var count = 0
    while let message = try listener.take() {
      if message.id == id { count += 1 }
      offsets.insert(message.payloadOffset)
    }
    #expect(count == 10_000)
    #expect(offsets.count == 1, "the payload is in memory once")
    try bus.expectSound()
  }
}
