import Glibc
import KBUSShm
import Testing

// Each pool of the bus is used up by one Ksock, the hog. Whoever needs more gets ENOMEM with the pool's name and the
// hog's, nothing is changed by the failure, and what the hog gives back is of use at once.
@Suite("When a pool of the bus is used up", .timeLimit(.minutes(10))) struct ExhaustionTests {
  /// ENOMEM, naming the pool and who holds most of it.
  private func expectExhausted<Outcome: ~Copyable>(
    _ pool: String, by hog: Ksock?, sourceLocation: SourceLocation = #_sourceLocation, _ body: () throws -> Outcome
  ) {
    var words = [pool, "process \(getpid())"]
    if let hog { words.append("Ksock \(hog.id) of process") }
    expectFailure(.poolExhausted, errno: ENOMEM, saying: words, sourceLocation: sourceLocation, body)
  }

  // Ksocks, bindings, names

  @Test("Ksocks: ENOMEM, until one closes")
  func ksocks() throws {
    var options = BusOptions.small
    options.maxKsocks = 3
    let bus = try TemporaryBus(options)
    let open = try (0..<3).map { _ in try bus.open() }
    for _ in 0..<3 { expectExhausted("3 Ksocks", by: nil) { try bus.open() } }
    try open[0].bind("$.A")
    try open[1].send(Announcement("$.A"))
    #expect(try open[0].receive() != nil, "the others go on")
    open[2].close()
    #expect(try bus.open().id == 4)
    try bus.expectSound()
  }

  @Test("bindings: ENOMEM, until one is unbound or its Ksock closes")
  func bindings() throws {
    var options = BusOptions.small
    options.maxBindings = 10
    let bus = try TemporaryBus(options)
    let (hog, other) = (try bus.open(), try bus.open())
    for number in 0..<9 { try hog.bind("$.Name.\(number)") }
    try other.bind("$.Other")
    expectExhausted("10 bindings", by: hog) { try other.bind("$.More") }
    expectExhausted("10 bindings", by: hog) { try other.bind("$.More", as: .replier) }
    try hog.unbind("$.Name.3")
    try other.bind("$.More")
    expectExhausted("10 bindings", by: hog) { try other.bind("$.Again") }
    hog.close()
    for number in 0..<8 { try other.bind("$.Name.\(number)") }
    try other.send(Announcement("$.Name.7"))
    #expect(try other.receive()?.name == "$.Name.7")
    try bus.expectSound()
  }

  @Test("long names: ENOMEM for one more binding with a long name; short names still bind")
  func longNames() throws {
    let bus = try TemporaryBus()
    let (hog, other) = (try bus.open(), try bus.open())
    let long = String(repeating: "x", count: 100)
    var bound = 0
    #expect(throws: KBusError.self) {
      while true {
        try hog.bind("$.\(long).\(bound)")
        bound += 1
      }
    }
    #expect(bound >= 64 && bound < 128, "before the bindings are used up")
    expectExhausted("names of more than 64 bytes", by: hog) { try other.bind("$.\(long).Other") }
    try other.bind("$.Short")
    try other.send(Announcement("$.\(long).\(bound - 1)", "to a long name"))
    #expect(try hog.receive()?.text == "to a long name")
    try hog.unbind("$.\(long).5")
    try other.bind("$.\(long).Other")
    try bus.expectSound()
  }

  // Requests

  @Test("requests: ENOMEM, until one is answered")
  func requests() throws {
    var options = BusOptions.small
    options.maxRequests = 5
    let bus = try TemporaryBus(options)
    let (hog, other, replier) = (try bus.open(), try bus.open(), try bus.open())
    try replier.bind("$.R", as: .replier)
    for _ in 0..<5 { try hog.send(Request("$.R")) }
    expectExhausted("5 outstanding requests", by: hog) { try other.send(Request("$.R")) }
    expectExhausted("5 outstanding requests", by: hog) { try other.request("$.R", within: .seconds(5)) }
    #expect(try replier.numberOfMessages() == 5, "who can't send has sent nothing")
    let request = try #require(try replier.receive())
    try replier.send(Reply(to: request, "answer"))
    #expect(try hog.receive()?.text == "answer")
    let id = try other.send(Request("$.R"))
    expectExhausted("5 outstanding requests", by: hog) { try other.send(Request("$.R")) }
    replier.close()
    #expect(try other.receive()?.inReplyTo == id)
    try bus.expectSound()
  }

  // Slots

  static let classes = [256, 4096, 65_536, 1 << 20]

  @Test("slots that a sender keeps for itself are there for whoever needs them, and lost for nobody")
  func idleSlots() throws {
    var options = BusOptions.small
    options.slots = [.init(bytes: 256, count: 6), .init(bytes: 65_536, count: 1)]
    let bus = try TemporaryBus(options)
    let (first, second, listener) = (try bus.open(), try bus.open(), try bus.open())
    try listener.bind("$.A")
    // Each in turn sends as many at once as there are slots, and so has them all.
    for sender in [first, second, first] {
      let messages = try (0..<6).map { try sender.send(Announcement("$.A", "\($0)")) }
      for message in messages { #expect(try listener.receive()?.id == message) }
      try bus.expectSound()
    }
    // And one that fills a slot keeps it.
    var loan = try first.loan(Announcement("$.A"), bytes: 4)
    for number in 0..<5 { try second.send(Announcement("$.A", "\(number)")) }
    var bytes = loan.bytes
    bytes.storeBytes(of: 0x2121_2121, as: UInt32.self)
    let id = try first.send(loan)
    for number in 0..<5 { #expect(try listener.receive()?.text == "\(number)") }
    let last = try #require(try listener.receive())
    #expect(last.id == id && last.text == "!!!!")
    try bus.expectSound()
  }

  @Test("slots of each class: ENOMEM, until the messages in them are read and released", arguments: classes)
  func slots(bytes: Int) throws {
    var options = BusOptions.small
    options.slots = Self.classes.map { .init(bytes: $0, count: 6) }
    let bus = try TemporaryBus(options)
    let (hog, sender) = (try bus.open(), try bus.open())
    try hog.bind("$.Hoard")
    let data = [UInt8](repeating: 5, count: bytes)
    var sent = 0
    #expect(throws: KBusError.self) {
      while true {
        try sender.send(Announcement("$.Hoard", data))
        sent += 1
      }
    }
    #expect(sent >= 6)
    expectExhausted("slots for up to", by: hog) { try sender.send(Announcement("$.Hoard", data)) }
    expectExhausted("slots for up to", by: hog) { try sender.loan(Announcement("$.Hoard"), bytes: bytes) }
    #expect(try hog.numberOfMessages() == sent)
    // What is being read is still in its slot; what was released is not.
    do {
      let message = try hog.take()
      expectExhausted("slots for up to", by: hog) { try sender.send(Announcement("$.Hoard", data)) }
      _ = consume message
    }
    try sender.send(Announcement("$.Hoard", data))
    while let message = try hog.receive() { #expect(message.data.count == bytes) }
    for _ in 0..<6 { try sender.send(Announcement("$.Hoard", data)) }
    hog.close()
    try bus.expectSound()
  }

  @Test("large slots used up leave control messages alone")
  func smallOnesGoOn() throws {
    let bus = try TemporaryBus()
    let (hog, sender) = (try bus.open(), try bus.open())
    try hog.bind("$.Frame")
    try sender.bind("$.Control")
    #expect(throws: KBusError.self) { while true { try sender.send(Announcement("$.Frame", [UInt8](repeating: 0, count: 1 << 20))) } }
    for _ in 0..<100 {
      try sender.send(Announcement("$.Control", "on"))
      #expect(try sender.receive()?.text == "on")
    }
    try bus.expectSound()
  }

  @Test("slots on loan to a sender count as its own, and come back when the loans end")
  func loans() throws {
    var options = BusOptions.small
    options.slots = [.init(bytes: 256, count: 4), .init(bytes: 4096, count: 4), .init(bytes: 65_536, count: 3)]
    let bus = try TemporaryBus(options)
    let (hog, other) = (try bus.open(), try bus.open())
    do {
      let one = try hog.loan(Announcement("$.A"), bytes: 60_000), two = try hog.loan(Announcement("$.A"), bytes: 60_000)
      let three = try hog.loan(Announcement("$.A"), bytes: 60_000)
      expectExhausted("slots for up to", by: hog) { try other.send(Announcement("$.A", [UInt8](repeating: 0, count: 60_000))) }
      _ = consume one
      _ = consume two
      _ = consume three
    }
    for _ in 0..<3 { try other.send(Announcement("$.A", [UInt8](repeating: 0, count: 60_000))) }
    try bus.expectSound()
  }

  // Queues

  @Test("queue chunks: ENOMEM, until queues are read")
  func chunks() throws {
    var options = BusOptions.small
    options.maxKsocks = 2
    options.slots = [.init(bytes: 256, count: 200), .init(bytes: 65_536, count: 2)]
    let bus = try TemporaryBus(options)
    let (hog, sender) = (try bus.open(), try bus.open())
    try hog.setMaxMessages(.max)
    for _ in 0..<100 { try hog.bind("$.Hoard") }
    var sent = 0
    #expect(throws: KBusError.self) {
      while true {
        try sender.send(Announcement("$.Hoard", "\(sent)"))
        sent += 1
      }
    }
    #expect(sent < 200, "before the slots are used up")
    expectExhausted("queue chunks", by: hog) { try sender.send(Announcement("$.Hoard")) }
    #expect(try hog.numberOfMessages() == sent * 100, "a send reaches all of its recipients or none")
    // What fits in a queue as it is still goes; what was read makes room.
    try sender.bind("$.Little")
    try sender.send(Announcement("$.Little"))
    #expect(try sender.receive() != nil)
    for number in 0..<sent { for _ in 0..<100 { #expect(try hog.receive()?.text == "\(number)") } }
    // The queue does not begin at the edge of a chunk any more, so one message less may fit.
    for _ in 1..<sent { try sender.send(Announcement("$.Hoard")) }
    hog.close()
    try bus.expectSound()
  }

  @Test("chunks of a queue that was read serve other queues")
  func chunksOfOthers() throws {
    var options = BusOptions.small
    options.maxKsocks = 4
    options.slots = [.init(bytes: 256, count: 200), .init(bytes: 65_536, count: 2)]
    let bus = try TemporaryBus(options)
    let sender = try bus.open()
    let listeners = try (0..<3).map { _ in try bus.open() }
    for (number, listener) in listeners.enumerated() {
      try listener.setMaxMessages(.max)
      for _ in 0..<40 { try listener.bind("$.Hoard.\(number)") }
    }
    // One after the other, each alone needs nearly all chunks; twice, so that the first comes again as well.
    for number in [0, 1, 2, 0, 1, 2] {
      for _ in 0..<180 { try sender.send(Announcement("$.Hoard.\(number)")) }
      var received = 0
      while try listeners[number].receive() != nil { received += 1 }
      #expect(received == 180 * 40)
    }
    try bus.expectSound()
  }

  @Test("places for urgent messages: ENOMEM, while others still go, until some are read")
  func urgent() throws {
    let bus = try TemporaryBus()
    let (hog, sender) = (try bus.open(), try bus.open())
    try hog.setMaxMessages(.max)
    for _ in 0..<50 { try hog.bind("$.Hoard") }
    var sent = 0
    #expect(throws: KBusError.self) {
      while true {
        try sender.send(Announcement("$.Hoard", flags: .urgent))
        sent += 1
      }
    }
    #expect(sent < 60, "before the slots are used up")
    expectExhausted("places for urgent messages", by: hog) { try sender.send(Announcement("$.Hoard", flags: .urgent)) }
    #expect(try hog.numberOfMessages() == sent * 50)
    try sender.send(Announcement("$.Hoard", "not urgent"))
    for _ in 0..<50 { #expect(try hog.receive()?.isUrgent == true) }
    try sender.send(Announcement("$.Hoard", "again", flags: .urgent))
    #expect(try hog.receive()?.text == "again")
    hog.close()
    try bus.expectSound()
  }

  /// Its extensions are used up before its slots and chunks are.
  private func busOfManyRecipients(bindings: Int) throws -> TemporaryBus {
    var options = BusOptions.small
    options.maxBindings = bindings
    options.maxRequests = 8192
    options.slots = [.init(bytes: 256, count: 200), .init(bytes: 65_536, count: 2)]
    return try TemporaryBus(options)
  }

  @Test("places for messages with very many recipients: ENOMEM, while others still go, until they are read")
  func extensions() throws {
    let bus = try busOfManyRecipients(bindings: 1000)
    let (hog, sender) = (try bus.open(), try bus.open())
    try hog.setMaxMessages(.max)
    for _ in 0..<999 { try hog.bind("$.Hoard") }
    try hog.bind("$.Few")
    var sent = 0
    #expect(throws: KBusError.self) {
      while true {
        try sender.send(Announcement("$.Hoard", "\(sent)"))
        sent += 1
      }
    }
    #expect(sent < 200, "before the slots are used up")
    expectExhausted("very many recipients", by: hog) { try sender.send(Announcement("$.Hoard")) }
    #expect(try hog.numberOfMessages() == sent * 999)
    try sender.send(Announcement("$.Few"))
    for _ in 0..<999 { #expect(try hog.receive()?.text == "0") }
    try sender.send(Announcement("$.Hoard", "again"))
    hog.close()
    try bus.expectSound()
  }

  @Test("a Replier that closes while too many listen to bind events is gone all the same; they are told that events were lost")
  func extensionsInClose() throws {
    let bus = try busOfManyRecipients(bindings: 1200)
    let (hog, sender, listener, replier) = (try bus.open(), try bus.open(), try bus.open(), try bus.open())
    try hog.setMaxMessages(.max)
    for _ in 0..<900 { try hog.bind("$.Hoard") }
    for _ in 0..<70 { try hog.bind("$.Few") }
    for _ in 0..<70 { try listener.bind(BusName.replierBindEvent) }
    try listener.setReportsReplierBinds(true)
    try replier.bind("$.Name", as: .replier)
    for _ in 0..<70 { #expect(try listener.receive() != nil) }
    for name: MessageName in ["$.Hoard", "$.Few"] {
      #expect(throws: KBusError.self) { while true { try sender.send(Announcement(name)) } }
    }
    replier.close()
    #expect(try listener.receive()?.name == BusName.unbindEventsLost)
    #expect(throws: KBusError.self) { try sender.send(Request("$.Name")) }
    try sender.bind("$.Other")
    try bus.expectSound()
  }

  @Test("a bind that lacks room for its name leaves nothing of its event")
  func longNameOfReplier() throws {
    let bus = try TemporaryBus()
    let (hog, listener, replier) = (try bus.open(), try bus.open(), try bus.open())
    let long = String(repeating: "x", count: 100)
    #expect(throws: KBusError.self) { for number in 0..<128 { try hog.bind("$.\(long).\(number)") } }
    try listener.bind(BusName.replierBindEvent)
    try listener.setReportsReplierBinds(true)
    for _ in 0..<3 { expectExhausted("names of more than 64 bytes", by: hog) { try replier.bind("$.\(long).Other", as: .replier) } }
    #expect(try listener.receive() == nil)
    try bus.expectSound()
  }

  // Messages held

  @Test("a Ksock holds 64 messages at once; one more is ENOMEM, and stays queued until one is released")
  func held() throws {
    let bus = try TemporaryBus()
    let (reader, sender) = (try bus.open(), try bus.open())
    try reader.bind("$.A")
    func fill() throws { for number in 0..<30 { try sender.send(Announcement("$.A", "\(number)")) } }
    let held = HeldMessages()
    try fill()
    for _ in 0..<30 { try held.take(from: reader) }
    try fill()
    for _ in 0..<30 { try held.take(from: reader) }
    for number in 0..<10 { try sender.send(Announcement("$.A", [UInt8](repeating: UInt8(number), count: 1000))) }
    for _ in 0..<4 { try held.take(from: reader) }
    #expect(held.count == 64)
    for _ in 0..<2 {
      expectFailure(.tooManyHeld, errno: ENOMEM, saying: ["64"]) { try held.take(from: reader) }
      expectFailure(.tooManyHeld, errno: ENOMEM, saying: ["64"]) { try reader.receive() }
    }
    #expect(try reader.numberOfMessages() == 6)
    held.release(at: 17)
    #expect(try reader.receive()?.data == [UInt8](repeating: 4, count: 1000), "the one that could not be taken")
    held.releaseAll()
    for number in 5..<10 { #expect(try reader.receive()?.data.first == UInt8(number)) }
    try bus.expectSound()
  }
}
