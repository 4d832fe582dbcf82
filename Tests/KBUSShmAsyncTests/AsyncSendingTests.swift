import KBUSShm
import KBUSShmAsync
import Testing

@Suite("Tasks that wait for room", .timeLimit(.minutes(10))) struct AsyncSendingTests {
  private let bus: PrivateBus
  private let (sender, listener): (Ksock, Ksock)

  init() throws {
    bus = try PrivateBus()
    (sender, listener) = (try bus.open(), try bus.open())
    try listener.setMaxMessages(1)
    try listener.bind("$.A")
    try sender.send(Announcement("$.A", "in the way"))
  }

  private func patient(_ text: String) -> Announcement { Announcement("$.A", text, flags: .allOrWait) }

  /// When the message has found no room.
  private func isPending() async { while !sender.hasPending { await Task.yield() } }

  @Test("a message waits until there is room, and others of that Ksock are refused meanwhile")
  func room() async throws {
    let sending = Task { [sender, patient] in try await sender.send(patient("patient"), within: nil) }
    await isPending()
    await #expect(throws: KBusError.self) { try await sender.send(Announcement("$.A", "another"), within: nil) }
    #expect(try listener.receive()?.text == "in the way")
    let id = try await sending.value
    let message = try #require(try listener.receive())
    #expect(message.text == "patient" && message.id == id)
    #expect(!sender.hasPending)
    try bus.expectSound()
  }

  @Test("many messages of one task all come, in order, however slowly they are taken")
  func many() async throws {
    let sending = Task { [sender, patient] in for number in 0..<300 { try await sender.send(patient("\(number)"), within: nil) } }
    var texts: [String] = []
    while texts.count <= 300, let message = try await listener.nextMessage() { texts.append(message.text) }
    #expect(texts == ["in the way"] + (0..<300).map { "\($0)" })
    try await sending.value
  }

  @Test("nobody gets a message for which there was no room in time, or whose task was cancelled", arguments: [false, true])
  func abandoned(byTime: Bool) async throws {
    let sending = Task { [sender, patient] in
      try await sender.send(patient("too late"), within: byTime ? .milliseconds(20) : nil)
    }
    if !byTime {
      await isPending()
      sending.cancel()
    }
    switch await sending.result {
    case .success: Issue.record("there was no room")
    case .failure(let error): #expect(byTime ? (error as? KBusError)?.code == .timedOut : error is CancellationError)
    }
    #expect(!sender.hasPending)
    #expect(try listener.receive()?.text == "in the way")
    #expect(try listener.receive() == nil)
    try sender.send(Announcement("$.A", "goes on"))
    #expect(try listener.receive()?.text == "goes on")
    try bus.expectSound()
  }

  @Test("what was sent at the moment of its cancellation is sent")
  func raced() async throws {
    for _ in 0..<200 {
      let sending = Task { [sender, patient] in try await sender.send(patient("raced"), within: nil) }
      await isPending()
      let cancelling = Task { sending.cancel() }
      #expect(try listener.receive() != nil)
      await cancelling.value
      let result = await sending.result
      let came = try listener.receive() != nil
      if case .success = result { #expect(came) } else { #expect(!came) }
      #expect(!sender.hasPending)
      try sender.send(Announcement("$.A", "in the way"))
    }
  }

  @Test("who has sent in another way waits until its message is gone")
  func writable() async throws {
    #expect(throws: KBusError.self) { try sender.send(patient("patient")) }
    #expect(try await !sender.untilWritable(within: .milliseconds(5)))
    let waiting = Task { [sender] in try await sender.untilWritable() }
    #expect(try listener.receive()?.text == "in the way")
    #expect(try await waiting.value)
    #expect(try listener.receive()?.text == "patient")
  }

  @Test("who may not send is told so, and does not wait for room")
  func readOnly() async throws {
    let reader = try Ksock(bus: 0, in: bus.directory, mode: .readOnly)
    await #expect(throws: KBusError.self) { try await reader.untilWritable() }
  }

  @Test("a message that is refused while it waits is an error, also if an answer is awaited beside")
  func refused() async throws {
    try listener.setMaxMessages(10)
    try listener.bind("$.Ask", as: .replier)
    try sender.bind("$.Ask.Other", as: .replier)
    let asking = Task { [sender] in try await sender.request(Request("$.Ask", "first")) }
    let asker = try bus.open()
    try asker.send(Request("$.Ask.Other"))
    while try listener.numberOfMessages() < 2 { await Task.yield() }
    let question = try #require(try sender.receive())
    try listener.setMaxMessages(1)
    try listener.bind("$.*")
    let sending = Task { [sender] in try await sender.send(Reply(to: question, "late", flags: .allOrWait), within: nil) }
    await isPending()
    // Its requester is gone: nobody waits for the Reply any more.
    asker.close()
    #expect(try listener.receive() != nil)
    switch await sending.result {
    case .success: Issue.record("it was sent to nobody")
    case .failure(let error): #expect((error as? KBusError)?.code == .noRequester, "\(error)")
    }
    let first = try #require(try listener.receive())
    try listener.send(Reply(to: first, "answer"))
    #expect(try await asking.value.text == "answer")
  }

  @Test("a message for which its last listener does not wait any more is sent to nobody")
  func unbound() async throws {
    let sending = Task { [sender, patient] in try await sender.send(patient("patient"), within: nil) }
    await isPending()
    try listener.unbind("$.A")
    _ = try await sending.value
    #expect(!sender.hasPending)
  }

  @Test("who waits for room at a Ksock that is closed is told so")
  func closed() async throws {
    let sending = Task { [sender, patient] in try await sender.send(patient("patient"), within: nil) }
    await isPending()
    sender.close()
    let result = await sending.result
    if case .failure(let error as KBusError) = result { #expect(error.code == .closed) } else { Issue.record("\(result)") }
  }

  @Test("a batch is waited for until the first of its messages is there")
  func batch() async throws {
    try listener.setMaxMessages(10)
    _ = try listener.receive()
    #expect(try await listener.takeNext(upTo: 5, within: .milliseconds(5)).isEmpty)
    let taking = Task { [listener] in try await listener.takeNext(upTo: 5).count }
    for text in ["a", "b"] { try sender.send(Announcement("$.A", text)) }
    let first = try await taking.value
    #expect(first == 1 || first == 2)
    #expect(try await listener.takeNext(upTo: 5, within: .zero).count == 2 - first)
  }
}
