import Glibc
import KBUSShm
import Testing

@Suite("Several messages together", .timeLimit(.minutes(10))) struct BatchTests {
  private func texts(_ ksock: Ksock) throws -> [String] {
    var texts: [String] = []
    while let message = try ksock.receive() { texts.append(message.text) }
    return texts
  }

  @Test("a batch is sent in order, to every recipient, with consecutive ids")
  func order() throws {
    let bus = try TemporaryBus()
    let (sender, first, second) = (try bus.open(), try bus.open(), try bus.open())
    try first.bind("$.A.*")
    try second.bind("$.A.B")
    var batch = sender.makeBatch()
    let isRight1 = batch.count == 0
    #expect(isRight1)
    for number in 0..<10 { try batch.append(Announcement(number % 3 == 0 ? "$.A.B" : "$.A.C", "\(number)")) }
    try sender.send(&batch)
    let isRight2 = batch.count == 0 && batch.sentCount == 10
    #expect(isRight2)
    for number in 1..<10 {
      let isRight3 = batch.sentID(number).serial == batch.sentID(number - 1).serial + 1
      #expect(isRight3)
    }
    let firstID = batch.sentID(0)
    #expect(try first.receive()?.id == firstID)
    #expect(try texts(first) == (1..<10).map { "\($0)" })
    #expect(try texts(second) == ["0", "3", "6", "9"])
    // And it is of use again.
    try batch.append(Announcement("$.A.B", "again"))
    try sender.send(&batch)
    #expect(try texts(second) == ["again"])
    try bus.expectSound()
  }

  @Test("messages filled in place go in a batch; those that are never sent are given back with it")
  func loans() throws {
    var options = BusOptions.small
    options.slots = [.init(bytes: 256, count: 6), .init(bytes: 65_536, count: 1)]
    let bus = try TemporaryBus(options)
    let (sender, listener) = (try bus.open(), try bus.open())
    try listener.bind("$.A")
    for _ in 0..<3 {
      var batch = sender.makeBatch()
      for number: UInt32 in 0..<5 {
        var loan = try sender.loan(Announcement("$.A"), bytes: 4)
        var bytes = loan.bytes
        bytes.storeBytes(of: number, as: UInt32.self)
        try batch.append(loan)
      }
      let isRight4 = batch.count == 5
      #expect(isRight4)
    }
    var batch = sender.makeBatch()
    for number: UInt32 in 0..<5 {
      var loan = try sender.loan(Announcement("$.A"), bytes: 4)
      var bytes = loan.bytes
      bytes.storeBytes(of: number, as: UInt32.self)
      try batch.append(loan)
    }
    try sender.send(&batch)
    let taken = try listener.take(upTo: 10)
    let isRight5 = taken.count == 5
    #expect(isRight5)
    for index in taken.indices {
      let isRight6 = (unsafe taken[index].bytes.unsafeLoad(as: UInt32.self)) == UInt32(index)
      #expect(isRight6)
    }
    try bus.expectSound()
  }

  @Test("a batch takes 64 messages, and only loans of its own Ksock")
  func bounds() throws {
    var options = BusOptions.small
    options.slots = [.init(bytes: 256, count: 80), .init(bytes: 65_536, count: 1)]
    let bus = try TemporaryBus(options)
    let (sender, other) = (try bus.open(), try bus.open())
    var batch = sender.makeBatch()
    for _ in 0..<MessageBatch.capacity { try batch.append(Announcement("$.A")) }
    let isRight7 = batch.isFull
    #expect(isRight7)
    do {
      try batch.append(Announcement("$.A"))
      Issue.record("a full batch took one more")
    } catch { #expect(error.errno == EINVAL) }
    try sender.send(&batch)
    let isRight8 = batch.sentCount == MessageBatch.capacity
    #expect(isRight8)
    let loan = try other.loan(Announcement("$.A"), bytes: 1)
    do {
      try batch.append(loan)
      Issue.record("the loan of another Ksock was taken")
    } catch { #expect(error.errno == EINVAL) }
    do {
      try other.send(&batch)
      Issue.record("the batch of another Ksock was sent")
    } catch { #expect(error.errno == EINVAL) }
    try bus.expectSound()
  }

  @Test("the first message that can't be sent ends the batch: earlier ones are sent, it is gone, later ones are still to be sent")
  func failing() throws {
    let bus = try TemporaryBus()
    let (sender, listener) = (try bus.open(), try bus.open())
    try listener.bind("$.A")
    var batch = sender.makeBatch()
    try batch.append(Announcement("$.A", "one"))
    try batch.append(Announcement("$.A", "two"))
    try batch.append(Request("$.Nobody", "lost"))
    try batch.append(Announcement("$.A", "three"))
    do {
      try sender.send(&batch)
      Issue.record("a request that nobody answers was sent")
    } catch { #expect(error.code == .noReplier) }
    let isRight9 = batch.sentCount == 2 && batch.count == 1
    #expect(isRight9)
    #expect(try texts(listener) == ["one", "two"])
    try sender.send(&batch)
    let isRight10 = batch.sentCount == 1 && batch.count == 0
    #expect(isRight10)
    #expect(try texts(listener) == ["three"])
    try bus.expectSound()
  }

  @Test("a message that finds no room waits, and those behind it in the batch with it")
  func pending() throws {
    let bus = try TemporaryBus()
    let (sender, listener) = (try bus.open(), try bus.open())
    try listener.bind("$.A")
    try listener.setMaxMessages(2)
    var batch = sender.makeBatch()
    for number in 0..<6 { try batch.append(Announcement("$.A", "\(number)", flags: .allOrWait)) }
    var received: [String] = []
    while batch.count > 0 {
      do {
        try sender.send(&batch)
      } catch {
        #expect(error.code == .pending)
        received += try texts(listener)
        #expect(try sender.waitUntilWritable(within: .seconds(20)))
      }
    }
    received += try texts(listener)
    #expect(received == (0..<6).map { "\($0)" })
    try bus.expectSound()
  }

  @Test("requests of a batch have their answers")
  func requests() throws {
    let bus = try TemporaryBus()
    let (sender, replier) = (try bus.open(), try bus.open())
    try replier.bind("$.R", as: .replier)
    var batch = sender.makeBatch()
    for number in 0..<5 { try batch.append(Request("$.R", "\(number)")) }
    try sender.send(&batch)
    let requests = try replier.take(upTo: 64)
    let isRight11 = requests.count == 5
    #expect(isRight11)
    for index in requests.indices {
      let isRight12 = requests[index].id == batch.sentID(index) && requests[index].wantsUsToReply
      #expect(isRight12)
      try replier.reply(to: requests[index])
    }
    let replies = try sender.take(upTo: 64)
    for index in replies.indices {
      let isRight13 = replies[index].inReplyTo == batch.sentID(index)
      #expect(isRight13)
    }
    let isRight14 = replies.count == 5
    #expect(isRight14)
    try bus.expectSound()
  }

  @Test("a batch that is taken ends with the first 64 messages held, and waits for the first")
  func taking() throws {
    var options = BusOptions.small
    options.slots = [.init(bytes: 256, count: 100), .init(bytes: 65_536, count: 1)]
    let bus = try TemporaryBus(options)
    let (sender, listener) = (try bus.open(), try bus.open())
    try listener.bind("$.A")
    let isRight15 = try listener.take(upTo: 3).isEmpty
    #expect(isRight15)
    let isRight16 = try listener.take(upTo: 3, within: .milliseconds(1)).isEmpty
    #expect(isRight16)
    for number in 0..<90 { try sender.send(Announcement("$.A", "\(number)")) }
    do {
      let first = try listener.take(upTo: 3, within: .seconds(20))
      let isRight17 = first.count == 3
      #expect(isRight17)
      let rest = try listener.take(upTo: 100)
      let isRight18 = rest.count == 61
      #expect(isRight18)
      do {
        _ = try listener.take(upTo: 1)
        Issue.record("more was held than can be")
      } catch { #expect(error.code == .tooManyHeld) }
      let isRight19 = rest[60].copy().text == "63"
      #expect(isRight19)
    }
    #expect(try texts(listener) == (64..<90).map { "\($0)" })
    try bus.expectSound()
  }
}
