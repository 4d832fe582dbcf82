import Foundation
import KBUSShm
import Testing

@Suite("Messages in place", .serialized, .timeLimit(.minutes(10))) struct LoanTests {
  /// One 4K frame, NV12.
  static let frameBytes = 12_441_600

  /// A frame that can be told from every other one, and in which no two places look alike for long.
  private static func frame(_ number: Int, bytes: Int = frameBytes) -> [UInt8] {
    guard bytes > 0 else { return [] }
    var frame = [UInt8](repeating: UInt8(truncatingIfNeeded: number), count: bytes)
    for place in stride(from: 0, to: bytes, by: 61) { frame[place] = UInt8(truncatingIfNeeded: place >> 6 ^ number) }
    frame[bytes - 1] = 0xE5
    return frame
  }

  /// A bus with slots for so many frames.
  private func frameBus(_ frames: Int) throws -> TemporaryBus {
    var options = BusOptions.small
    options.slots = [.init(bytes: 256, count: 16), .init(bytes: 4096, count: 8), .init(bytes: Self.frameBytes, count: frames)]
    return try TemporaryBus(options)
  }

  @Test("a 4K frame is at the same place in memory for its sender and each of three listeners, and intact: nothing was copied")
  func noCopies() throws {
    let bus = try frameBus(4)
    let sender = try bus.open()
    let listeners = try (0..<3).map { _ in try bus.open() }
    for listener in listeners { try listener.bind("$.Frame") }
    for number in 0..<6 {
      let frame = Self.frame(number)
      var loan = try sender.loan(Announcement("$.Frame"), bytes: frame.count)
      #expect(loan.count == frame.count)
      unsafe loan.withUnsafeMutableBytes { unsafe $0.copyBytes(from: frame) }
      let offset = loan.payloadOffset
      let id = try sender.send(loan)
      for listener in listeners {
        guard let message = try listener.take() else {
          Issue.record("frame \(number) is missing")
          return
        }
        let found = (message.id, message.payloadOffset, message.count)
        #expect(found == (id, offset, frame.count))
        let isIntact = message.hasBytes(frame)
        #expect(isIntact)
      }
    }
    try bus.expectSound()
  }

  @Test("the same between two processes: the frame is at the same place of the file, and intact")
  func noCopiesBetweenProcesses() async throws {
    let bus = try frameBus(2)
    let listener = try bus.open()
    try listener.bind("$.Frame")
    await #expect(processExitsWith: .success) { [directory = bus.directory as String] in
      let frame = Self.frame(77)
      let sender = try Ksock(bus: 0, in: directory)
      var loan = try sender.loan(Announcement("$.Frame"), bytes: frame.count)
      let offset = loan.payloadOffset
      unsafe loan.withUnsafeMutableBytes {
        unsafe $0.copyBytes(from: frame)
        // Where it lies in this process is what it says.
        unsafe $0.storeBytes(of: UInt64(offset), as: UInt64.self)
      }
      try sender.send(loan)
    }
    guard let message = try listener.take() else {
      Issue.record("no frame arrived")
      return
    }
    var expected = Self.frame(77)
    unsafe expected.withUnsafeMutableBytes { unsafe $0.storeBytes(of: UInt64(message.payloadOffset), as: UInt64.self) }
    let isIntact = message.hasBytes(expected)
    #expect(isIntact)
  }

  @Test("bytes may be written through a span, in parts, and read through one")
  func spans() throws {
    let bus = try TemporaryBus()
    let ksock = try bus.open()
    try ksock.bind("$.A")
    var loan = try ksock.loan(Announcement("$.A"), bytes: 16)
    do {
      var bytes = loan.bytes
      for place in 0..<8 { bytes.storeBytes(of: UInt8(place), toByteOffset: place, as: UInt8.self) }
      bytes.storeBytes(of: 0x0807_0605_0403_0201, toByteOffset: 8, as: UInt64.self)
    }
    try ksock.send(loan)
    guard let message = try ksock.take() else {
      Issue.record("nothing arrived")
      return
    }
    let bytes = message.bytes
    #expect(bytes.byteCount == 16)
    for place in 0..<8 { #expect(unsafe bytes.unsafeLoad(fromByteOffset: place, as: UInt8.self) == UInt8(place)) }
    #expect(unsafe bytes.unsafeLoad(fromByteOffset: 8, as: UInt64.self) == 0x0807_0605_0403_0201)
  }

  @Test("a loan that is dropped, or whose send fails, gives its slot back")
  func dropped() throws {
    let bus = try frameBus(1)
    let (sender, listener) = (try bus.open(), try bus.open())
    try listener.bind("$.Frame")
    try listener.setMaxMessages(1)
    for _ in 0..<5 {
      do { _ = try sender.loan(Announcement("$.Frame"), bytes: Self.frameBytes) }
      expectFailure(.noReplier, errno: EADDRNOTAVAIL) { try sender.send(try sender.loan(Request("$.Nobody"), bytes: Self.frameBytes)) }
    }
    try sender.send(Announcement("$.Frame", "fills the queue"))
    for _ in 0..<5 {
      expectFailure(.recipientFull, errno: EBUSY) {
        try sender.send(try sender.loan(Announcement("$.Frame", flags: .allOrFail), bytes: Self.frameBytes))
      }
      expectFailure(.pending, errno: EAGAIN) {
        try sender.send(try sender.loan(Announcement("$.Frame", flags: .allOrWait), bytes: Self.frameBytes))
      }
      try sender.discard()
    }
    // A message that nobody receives is gone at once.
    for _ in 0..<5 { try sender.send(try sender.loan(Announcement("$.Unheard"), bytes: Self.frameBytes)) }
    #expect(try listener.receive()?.text == "fills the queue")
    try sender.send(try sender.loan(Announcement("$.Frame"), bytes: Self.frameBytes))
    #expect(try listener.receive()?.data.count == Self.frameBytes)
    try bus.expectSound()
  }

  @Test("a loan may end after its Ksock has closed, and gives its slot back then")
  func loanAfterClose() throws {
    let bus = try frameBus(1)
    let sender = try bus.open(), other = try bus.open()
    do {
      var loan = try sender.loan(Announcement("$.A"), bytes: Self.frameBytes)
      sender.close()
      unsafe loan.withUnsafeMutableBytes { unsafe $0.copyBytes(from: Self.frame(1)) }
      expectFailure(.poolExhausted, errno: ENOMEM) { try other.loan(Announcement("$.A"), bytes: Self.frameBytes) }
      do throws(KBusError) {
        try sender.send(loan)
        Issue.record("a closed Ksock sends")
      } catch {
        #expect(error.code == .closed && error.errno == EBADF)
      }
    }
    _ = try other.loan(Announcement("$.A"), bytes: Self.frameBytes)
    try bus.expectSound()
  }

  @Test("a loan of one Ksock can't be sent by another")
  func foreignLoan() throws {
    let bus = try frameBus(1)
    let (one, two) = (try bus.open(), try bus.open())
    expectFailure(.badValue, errno: EINVAL) { try two.send(try one.loan(Announcement("$.A"), bytes: Self.frameBytes)) }
    _ = try two.loan(Announcement("$.A"), bytes: Self.frameBytes)
  }

  @Test("the data of the message that a loan is for does not count")
  func dataOfTemplate() throws {
    let bus = try TemporaryBus()
    let ksock = try bus.open()
    try ksock.bind("$.A")
    var loan = try ksock.loan(Announcement("$.A", "much longer than the loan"), bytes: 2)
    unsafe loan.withUnsafeMutableBytes { unsafe $0.copyBytes(from: Array("ok".utf8)) }
    try ksock.send(loan)
    #expect(try ksock.receive()?.text == "ok")
  }

  @Test("a Reply may be given in place as well")
  func reply() throws {
    let bus = try frameBus(2)
    let (client, service) = (try bus.open(), try bus.open())
    try service.bind("$.R", as: .replier)
    let id = try client.send(Request("$.R"))
    do {
      guard let request = try service.take() else {
        Issue.record("no request arrived")
        return
      }
      var loan = try service.loan(replyTo: request, bytes: Self.frameBytes)
      unsafe loan.withUnsafeMutableBytes { unsafe $0.copyBytes(from: Self.frame(3)) }
      try service.send(loan)
      #expect(try service.numberUnrepliedTo() == 0)
    }
    let reply = try client.receive()
    #expect(reply?.inReplyTo == id)
    #expect(reply?.data == Self.frame(3))
  }

  // Received messages

  @Test("a message outlives its Ksock, and no other message overwrites it until it ends")
  func outlivesItsKsock() throws {
    let bus = try frameBus(2)
    let sender = try bus.open(), other = try bus.open()
    try other.bind("$.Frame")
    let frame = Self.frame(9)
    let held = HeldMessages()
    do {
      let reader = try bus.open()
      try reader.bind("$.Frame")
      try sender.send(Announcement("$.Frame", frame))
      try held.take(from: reader)
      reader.close()
    }
    #expect(try other.receive()?.data == frame)
    // The only other slot, again and again.
    for number in 0..<6 {
      try sender.send(Announcement("$.Frame", Self.frame(number)))
      expectFailure(.poolExhausted, errno: ENOMEM) { try sender.send(Announcement("$.Frame", frame)) }
      #expect(try other.receive()?.data == Self.frame(number))
      #expect(held.data(at: 0) == frame)
    }
    held.releaseAll()
    for _ in 0..<2 { try sender.send(Announcement("$.Frame", frame)) }
    while try other.receive() != nil {}
    try bus.expectSound()
  }

  @Test("a message outlives every Ksock of its process on that bus, and the bus itself")
  func outlivesItsBus() throws {
    let bus = try frameBus(1)
    let frame = Self.frame(4)
    let held = HeldMessages()
    do {
      let ksock = try bus.open()
      try ksock.bind("$.Frame")
      try ksock.send(Announcement("$.Frame", frame))
      try held.take(from: ksock)
      ksock.close()
    }
    try Bus.remove(0, in: bus.directory)
    #expect(held.data(at: 0) == frame)
    held.releaseAll()
  }

  @Test("several messages may be held at once and end in any order; each keeps its bytes, and each slot comes back", arguments: 1...8)
  func anyOrder(seed: Int) throws {
    let bus = try TemporaryBus()
    let (sender, reader) = (try bus.open(), try bus.open())
    try reader.bind("$.A")
    var dice = RoutingTests.Dice(seed: UInt64(seed))
    let held = HeldMessages()
    var expected: [[UInt8]] = []
    for round in 0..<300 {
      if held.count < 40, Bool.random(using: &dice) {
        let bytes = [10, 200, 257, 2000].randomElement(using: &dice)!
        let data = Self.frame(round, bytes: bytes)
        // With every slot of a class held, a sender is told so; nothing that is held suffers.
        guard (try? sender.send(Announcement("$.A", data))) != nil else { continue }
        try held.take(from: reader)
        expected.append(data)
      } else if held.count > 0 {
        let index = Int.random(in: 0..<held.count, using: &dice)
        held.release(at: index)
        expected.remove(at: index)
      }
      for index in expected.indices { #expect(held.data(at: index) == expected[index]) }
      let places = (0..<held.count).map { held.payloadOffset(at: $0) }
      #expect(Set(places).count == places.count)
    }
    held.releaseAll()
    for _ in 0..<100 {
      try sender.send(Announcement("$.A", [UInt8](repeating: 1, count: 200)))
      #expect(try reader.receive() != nil)
    }
    try bus.expectSound()
  }

  // Sizes

  @Test(
    "names longer than a slot holds in itself arrive whole, with data and without, copied and in place",
    arguments: [
      63, 64, 65, 66, 100, 255, 256, 257, 512, 999, 1000,
    ])
  func longNames(length: Int) throws {
    let bus = try TemporaryBus()
    let (sender, reader) = (try bus.open(), try bus.open())
    let name = MessageName("$." + String((0..<(length - 2)).map { Character(UnicodeScalar(UInt8(ascii: "a") + UInt8($0 % 26))) }))
    try reader.bind(name)
    try reader.bind("$.*")
    for count in [0, 1, 3, 4, 100, 256, 4096, 65_536] {
      let data = Self.frame(count, bytes: count)
      try sender.send(Announcement(name, data))
      var loan = try sender.loan(Announcement(name), bytes: count)
      unsafe loan.withUnsafeMutableBytes { unsafe $0.copyBytes(from: data) }
      try sender.send(loan)
      for _ in 0..<4 {
        let message = try reader.receive()
        #expect(message?.name == name, "\(count) bytes")
        #expect(message?.data == data, "\(count) bytes")
      }
    }
    #expect(try reader.receive() == nil)
    try bus.expectSound()
  }

  @Test("data of every size about the edge of a slot class arrives whole", arguments: [0, 256, 4096, 65_536, 1 << 20])
  func edges(edge: Int) throws {
    let bus = try TemporaryBus()
    let (sender, reader) = (try bus.open(), try bus.open())
    let names: [MessageName] = [
      "$.A", MessageName("$." + String(repeating: "n", count: 90)), MessageName("$." + String(repeating: "n", count: 998)),
    ]
    for name in names { try reader.bind(name) }
    let most = try sender.maxMessageSize()
    for name in names {
      // A large class has room for a long name behind its payload: look about that edge as well.
      for count in [-1009, -1008, -1007, -92, -2, -1, 0, 1, 2, 1007, 1008, 1009].map({ edge + $0 }) where count >= 0 {
        let data = Self.frame(count, bytes: count)
        if MessageSize.entire(nameLength: name.bytes.count, dataLength: count) > most {
          expectFailure(.messageTooLong, errno: EMSGSIZE) { try sender.send(Announcement(name, data)) }
        } else {
          try sender.send(Announcement(name, data))
          let message = try reader.receive()
          #expect(message?.name == name && message?.data == data, "\(count) bytes")
        }
      }
    }
    try bus.expectSound()
  }

  @Test("what is sent may be changed afterwards without a trace, and what was received may be as well")
  func copies() throws {
    let bus = try TemporaryBus()
    let (sender, reader) = (try bus.open(), try bus.open())
    try reader.bind("$.A")
    try reader.bind("$.A")
    var message = Message("$.A", data: [1, 2, 3])
    try sender.send(message)
    message.data[0] = 9
    var first = try #require(try reader.receive())
    first.data[1] = 9
    #expect(try reader.receive()?.data == [1, 2, 3])
  }
}

extension ReceivedMessage {
  fileprivate borrowing func hasBytes(_ expected: [UInt8]) -> Bool {
    unsafe withUnsafeBytes { bytes in
      unsafe expected.withUnsafeBytes { unsafe bytes.count == $0.count && memcmp(bytes.baseAddress!, $0.baseAddress!, $0.count) == 0 }
    }
  }
}
