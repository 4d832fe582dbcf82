import Foundation
import KBUSShm
import KBUSShmAsync
import Testing

@Suite("Tasks that wait", .timeLimit(.minutes(10))) struct AsyncTests {
  private let bus: PrivateBus
  private let (ksock, other): (Ksock, Ksock)

  init() throws {
    bus = try PrivateBus()
    (ksock, other) = (try bus.open(), try bus.open())
    try ksock.setMaxMessages(5000)
    try other.setMaxMessages(5000)
  }

  @Test("messages come one after the other, until the Ksock is closed")
  func messages() async throws {
    try ksock.bind("$.A")
    let reading = Task { [ksock] in
      var texts: [String] = []
      for try await message in ksock.messages {
        texts.append(message.text)
        if texts.count == 200 { ksock.close() }
      }
      return texts
    }
    for number in 0..<200 {
      try other.send(Announcement("$.A", "\(number)"))
      if number % 10 == 0 { await Task.yield() }
    }
    #expect(try await reading.value == (0..<200).map { "\($0)" })
  }

  @Test("of many tasks at one Ksock each message goes to one")
  func manyTasks() async throws {
    try ksock.bind("$.A")
    let total = try await withThrowingTaskGroup(of: [String].self) { group in
      for _ in 0..<50 {
        group.addTask { [ksock] in
          var texts: [String] = []
          while let message = try await ksock.nextMessage(), message.text != "end" { texts.append(message.text) }
          return texts
        }
      }
      for number in 0..<1000 {
        try other.send(Announcement("$.A", "\(number)"))
        if number % 7 == 0 { await Task.yield() }
      }
      for _ in 0..<50 { try other.send(Announcement("$.A", "end")) }
      return try await group.reduce(into: []) { $0 += $1 }
    }
    #expect(total.sorted() == (0..<1000).map { "\($0)" }.sorted())
  }

  @Test("a message can be read in place, and a wait have a time limit")
  func inPlace() async throws {
    try ksock.bind("$.A")
    #expect(try await ksock.nextMessage(within: .milliseconds(5)) == nil)
    let sending = Task { [other] in try other.send(Announcement("$.A", "in place")) }
    if let message = try await ksock.takeNext() { #expect(message.count == 8) } else { Issue.record("nothing came") }
    _ = try await sending.value
  }

  @Test("the time limit of a task passes while another waits for ever")
  func limitBesideNone() async throws {
    try ksock.bind("$.A")
    let waiting = Task { [ksock] in try await ksock.nextMessage() }
    // The other one waits: its first look is over.
    for _ in 0..<3 { #expect(try await ksock.nextMessage(within: .milliseconds(20)) == nil) }
    try other.send(Announcement("$.A", "to the first"))
    #expect(try await waiting.value?.text == "to the first")
  }

  @Test("a request with ALL_OR_WAIT waits for room, is answered, and disturbs no other that waits")
  func requestForRoom() async throws {
    let third = try bus.open()
    try other.bind("$.Ask", as: .replier)
    try third.bind("$.Other", as: .replier)
    try other.bind("$.A")
    let early = Task { [ksock] in try await ksock.request(Request("$.Other", "early")) }
    while try third.numberOfMessages() == 0 { await Task.yield() }
    try other.setMaxMessages(1)
    try third.send(Announcement("$.A", "in the way"))
    let waiting = Task { [ksock] in try await ksock.request(Request("$.Ask", "late", flags: .allOrWait)) }
    while !ksock.hasPending { await Task.yield() }
    let question = try #require(try third.receive())
    try third.send(Reply(to: question, "soon"))
    #expect(try await early.value.text == "soon")
    #expect(ksock.hasPending)
    #expect(try other.receive()?.text == "in the way")
    let answering = Task { [other] in
      while let request = try await other.nextMessage() {
        guard request.wantsUsToReply else { continue }
        try other.send(Reply(to: request, "at last"))
        return
      }
    }
    #expect(try await waiting.value.text == "at last")
    try await answering.value
  }

  @Test("a wait that is cancelled has taken nothing")
  func cancelled() async throws {
    try ksock.bind("$.A")
    for _ in 0..<200 {
      let waiting = Task { [ksock] in try await ksock.nextMessage() }
      let cancelling = Task { waiting.cancel() }
      try other.send(Announcement("$.A"))
      let result = await waiting.result
      await cancelling.value
      switch result {
      case .success(let message): #expect(message != nil)
      case .failure(let error):
        #expect(error is CancellationError)
        #expect(try ksock.receive() != nil, "the message is still there")
      }
      #expect(try ksock.receive() == nil)
    }
  }

  @Test("another task gets what a cancelled one was woken for")
  func cancelledOfTwo() async throws {
    try ksock.bind("$.A")
    for _ in 0..<100 {
      let first = Task { [ksock] in try? await ksock.nextMessage() }
      let second = Task { [ksock] in try? await ksock.nextMessage() }
      let cancelling = Task { first.cancel() }
      try other.send(Announcement("$.A"))
      try other.send(Announcement("$.A"))
      await cancelling.value
      let got = [await first.value, await second.value].compactMap { $0 }.count
      var left = 0
      while try ksock.receive() != nil { left += 1 }
      #expect(got + left == 2 && got >= 1)
    }
  }

  @Test("a request finds its answer among others, which stay in order")
  func request() async throws {
    try ksock.bind("$.A")
    try other.bind("$.Q", as: .replier)
    let answering = Task { [other] in
      guard let request = try await other.nextMessage() else { return }
      for text in ["first", "second"] { try other.send(Announcement("$.A", text)) }
      try other.send(Reply(to: request, "answer"))
    }
    #expect(try await ksock.request(Request("$.Q", "question")).text == "answer")
    _ = try await answering.value
    #expect(try ksock.receive()?.text == "first")
    #expect(try ksock.receive()?.text == "second")
    try bus.expectSound()
  }

  @Test("a thousand requests at once, on one Ksock, answered out of order")
  func manyRequests() async throws {
    try other.bind("$.Q", as: .replier)
    let answers = try await withThrowingTaskGroup(of: Bool.self) { group in
      for number in 0..<1000 {
        group.addTask { [ksock] in try await ksock.request(Request("$.Q", "\(number)")).text == "\(number)" }
      }
      group.addTask { [other] in
        var requests: [Message] = []
        while requests.count < 1000 {
          guard let request = try await other.nextMessage() else { return false }
          requests.append(request)
        }
        for request in requests.reversed() { try other.send(Reply(to: request, request.text)) }
        return true
      }
      return try await group.reduce(into: 0) { $0 += $1 ? 1 : 0 }
    }
    #expect(answers == 1001)
    #expect(try ksock.statistics().ksocks.allSatisfy { $0.outstanding == 0 })
    try bus.expectSound()
  }

  @Test("a request that is cancelled, or not answered in time, gives its place back; a late reply is refused", arguments: [false, true])
  func abandoned(byTime: Bool) async throws {
    try other.bind("$.Q", as: .replier)
    let asking = Task { [ksock] in try await ksock.request(Request("$.Q"), within: byTime ? .milliseconds(20) : nil) }
    let request = try #require(try await other.nextMessage())
    if !byTime { asking.cancel() }
    switch await asking.result {
    case .success: Issue.record("there was no answer")
    case .failure(let error): #expect(byTime ? (error as? KBusError)?.code == .timedOut : error is CancellationError)
    }
    do {
      try other.send(Reply(to: request))
      Issue.record("a late reply was taken")
    } catch {
      #expect(error.code == .notWaitedFor)
    }
    #expect(try ksock.statistics().ksocks.allSatisfy { $0.outstanding == 0 })
    try bus.expectSound()
  }

  @Test("if the Replier goes the bus answers in its place")
  func status() async throws {
    try other.bind("$.Q", as: .replier)
    let asking = Task { [ksock] in try await ksock.request(Request("$.Q")) }
    _ = try await other.nextMessage()
    other.close()
    #expect(try await asking.value.isStatus)
  }

  @Test("who waits at a Ksock that is closed is told so")
  func closed() async throws {
    try other.bind("$.Q", as: .replier)
    for _ in 0..<50 {
      let ksock = try bus.open()
      try ksock.bind("$.A")
      let waiting = Task { try await ksock.nextMessage() }
      let asking = Task { try await ksock.request(Request("$.Q")) }
      let iterating = Task {
        for try await _ in ksock.messages {}
        return true
      }
      _ = try await other.nextMessage()
      ksock.close()
      for result in [await waiting.result.map { _ in }, await asking.result.map { _ in }] {
        if case .failure(let error as KBusError) = result { #expect(error.code == .closed) } else { Issue.record("\(result)") }
      }
      #expect(try await iterating.value)
    }
  }

  @Test("a Ksock closes when its last reference goes, though tasks have waited for it")
  func released() async throws {
    weak var gone: Ksock?
    do {
      let ksock = try bus.open()
      gone = ksock
      #expect(try await ksock.nextMessage(within: .milliseconds(1)) == nil)
    }
    for _ in 0..<10_000 where gone != nil { try await Task.sleep(for: .milliseconds(1)) }
    #expect(gone == nil)
    #expect(try other.statistics().ksocks.count == 2)
  }
}

/// A directory with bus 0 in it, gone when the test is.
final class PrivateBus: Sendable {
  let directory: String

  private static let prefix = "/dev/shm/kbus-async-"

  init() throws {
    _ = Self.leftoversAreGone
    directory = "\(Self.prefix)\(getpid())-\(UUID().uuidString)"
    try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: false)
    var options = BusOptions()
    options.maxKsocks = 64
    options.maxRequests = 2048
    options.slots = [BusOptions.SlotClass(bytes: 256, count: 6000), BusOptions.SlotClass(bytes: 4096, count: 16)]
    try Bus.create(0, options: options, in: directory)
  }

  deinit { try? FileManager.default.removeItem(atPath: directory) }

  func open() throws -> Ksock { try Ksock(bus: 0, in: directory) }

  func expectSound() throws {
    let violations = try Bus.check(0, in: directory)
    #expect(violations.isEmpty, "\(violations)")
  }

  /// Directories of test runs that were killed.
  private static let leftoversAreGone: Void = {
    for name in (try? FileManager.default.contentsOfDirectory(atPath: "/dev/shm")) ?? [] where name.hasPrefix("kbus-async-") {
      guard let pid = pid_t(name.dropFirst(11).prefix { $0 != "-" }), kill(pid, 0) != 0, errno == ESRCH else { continue }
      try? FileManager.default.removeItem(atPath: "/dev/shm/" + name)
    }
  }()
}
