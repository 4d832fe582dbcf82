import CShm
import Testing

@testable import KBUSShm

@Suite("Chunks of a queue") struct ChunkTests {
  private let bus: TemporaryBus
  private let (listener, sender): (Ksock, Ksock)

  init() throws {
    bus = try TemporaryBus(BusOptions())
    (listener, sender) = (try bus.open(), try bus.open())
    try listener.setMaxMessages(1000)
    try listener.bind("$.A")
  }

  /// Those of the listener, in the order of their place in the file.
  private var chunks: [Int] {
    let shared = listener.shared
    return (0..<shared.geometry.chunks.count).filter { shared.chunk($0).owner == listener.incarnation }
  }

  private func send(_ numbers: Range<Int>) throws { for number in numbers { try sender.send(Announcement("$.A", "\(number)")) } }
  private func expect(_ numbers: Range<Int>) throws { for number in numbers { #expect(try listener.receive()?.text == "\(number)") } }

  @Test("a queue that is read turns round in the two chunks that it has, whatever is left in them")
  func turning() throws {
    try send(0..<10)
    var had: [Int] = []
    for round in 0..<200 {
      try send(round * 10 + 10..<round * 10 + 20)
      try expect(round * 10..<round * 10 + 10)
      if round == 20 { had = chunks }
      try bus.expectSound()
    }
    #expect(had.count == 2 && chunks == had, "none from the pool")
    #expect(try listener.numberOfMessages() == 10)
  }

  @Test("a queue that was long gives up its chunks as it moves on")
  func shrinking() throws {
    try send(0..<60)
    try expect(0..<60)
    try send(0..<900)
    let long = chunks.count
    try expect(0..<900)
    for number in 0..<32 * long {
      try send(number..<number + 1)
      try expect(number..<number + 1)
    }
    #expect(long >= 28 && chunks.count <= 4, "\(long), \(chunks.count)")
    try bus.expectSound()
  }

  @Test("a reply comes, and finds its place, in a chunk that is used again")
  func awaitedReply() throws {
    let replier = try bus.open()
    try replier.bind("$.Ask", as: .replier)
    for number in 0..<300 {
      try send(number..<number + 1)
      let id = try listener.send(Request("$.Ask"))
      let request = try #require(try replier.receive())
      try replier.send(Reply(to: request))
      #expect(try listener.receive()?.text == "\(number)")
      #expect(try listener.receive()?.inReplyTo == id)
    }
    #expect(chunks.count <= 3)
    try bus.expectSound()
  }
}
