// One Ksock, several threads. Each test says who does what when; where a thread blocks, the test goes on only when it sleeps.

import KBUSShm
import Synchronization
import Testing

@Suite(.timeLimit(.minutes(10))) struct ThreadTests {
  @Test("threads that send, receive and request on one Ksock at once lose nothing, and each gets the answers to its own requests")
  func everythingAtOnce() throws {
    let bus = try PrivateBus()
    let shared = try bus.open(), listener = try bus.open(), replier = try bus.open(), reporter = try bus.open()
    for ksock in [shared, listener, replier] { try ksock.setMaxMessages(100_000) }
    try shared.bind("$.Thread.News")
    try listener.bind("$.Thread.Out.%")
    try replier.bind("$.Thread.Echo", as: .replier)
    try replier.bind("$.Thread.Stop")
    let rounds = 1000

    let echo = Blocked {
      while let message = try replier.receive(within: .seconds(60)), message.name != "$.Thread.Stop" {
        try replier.send(try Reply(to: message, message.data))
      }
    }
    // Two threads that receive, until each has read a stop.
    let readers = (0..<2).map { _ in
      Blocked {
        var read: [Message] = []
        while let message = try shared.receive(within: .seconds(60)), message.text != "stop" { read.append(message) }
        return read
      }
    }
    let askers = (0..<2).map { asker in
      Blocked {
        for round in 0..<rounds {
          let text = "asker \(asker), round \(round)"
          let answer = try shared.request("$.Thread.Echo", text, within: .seconds(60))
          guard answer.isReply, answer.text == text else { return "asked \(text), got \(answer)" }
        }
        return ""
      }
    }
    let speakers = (0..<2).map { speaker in
      Blocked { for round in 0..<rounds { try shared.send(Announcement("$.Thread.Out.\(speaker)", "\(round)")) } }
    }
    for round in 0..<rounds { try reporter.send(Announcement("$.Thread.News", "\(round)")) }

    for asker in askers { #expect(try asker.outcome(within: .seconds(60)) == "") }
    for speaker in speakers { try speaker.outcome(within: .seconds(60)) }
    for _ in readers { try reporter.send(Announcement("$.Thread.News", "stop")) }
    try reporter.send(Announcement("$.Thread.Stop"))
    try echo.outcome(within: .seconds(60))

    // Every piece of news once; each reader reads in order, and no reader reads an answer.
    let read = try readers.map { try $0.outcome(within: .seconds(60)) }
    #expect(read.joined().allSatisfy { $0.name == "$.Thread.News" })
    let numbers = read.map { $0.compactMap { Int($0.text) } }
    #expect(numbers.joined().sorted() == Array(0..<rounds))
    for numbers in numbers { #expect(numbers == numbers.sorted()) }
    let spoken = try heard(by: listener)
    for speaker in 0..<2 {
      #expect(spoken.filter { $0.name == "$.Thread.Out.\(speaker)" }.compactMap { Int($0.text) } == Array(0..<rounds))
    }
    #expect(try shared.numberOfMessages() == 0)
    let violations = try bus.violations().map(\.description)
    #expect(violations == [])
  }

  @Test("an urgent message that comes at the moment in which a thread takes its answer is not taken for it, and is not lost")
  func urgentBesideAnswer() throws {
    let bus = try PrivateBus(), rounds = 60_000
    let asker = try bus.open(), replier = try bus.open(), speaker = try bus.open()
    try asker.setMaxMessages(UInt32(rounds))
    asker.setSpinBudget(.zero)
    try asker.bind("$.Thread.Alarm")
    try replier.bind("$.Thread.Echo", as: .replier)
    let echo = Blocked {
      for _ in 0..<rounds {
        guard let request = try replier.receive(within: .seconds(60)) else { return }
        try replier.send(try Reply(to: request, request.data))
      }
    }
    let progress = Progress()
    // One in each round, at all sorts of moments.
    let alarms = Blocked {
      for round in 0..<rounds {
        while progress.round.load(ordering: .acquiring) < round {}
        var pause = round &* 7919 % 8192
        while pause > 0, progress.round.load(ordering: .relaxed) == round { pause -= 1 }
        try speaker.send(Announcement("$.Thread.Alarm", "\(round)", flags: .urgent))
      }
    }
    var heard = 0
    func hear() throws {
      while let message = try asker.receive() {
        #expect(message.name == "$.Thread.Alarm")
        heard += 1
      }
    }
    for round in 0..<rounds {
      progress.round.store(round, ordering: .releasing)
      let answer = try asker.request("$.Thread.Echo", "\(round)", within: .seconds(60))
      if !answer.isReply || answer.text != "\(round)" {
        Issue.record("asked \(round), got \(answer)")
        break
      }
      try hear()
    }
    progress.round.store(rounds, ordering: .releasing)
    try alarms.outcome(within: .seconds(60))
    try hear()
    #expect(heard == rounds)
    try echo.outcome(within: .seconds(60))
  }

  private final class Progress: Sendable { let round = Atomic(0) }

  @Test("two threads that await answers on one Ksock each get their own, also when the answers come the other way round")
  func twoAwait() throws {
    let bus = try PrivateBus()
    let requester = try bus.open(), replier = try bus.open()
    try replier.bind("$.Thread.Ask", as: .replier)
    let first = Blocked { try requester.request("$.Thread.Ask", "first", within: .seconds(60)).text }
    let firstRequest = try #require(try replier.receive(within: .seconds(30)))
    let second = Blocked { try requester.request("$.Thread.Ask", "second", within: .seconds(60)).text }
    let secondRequest = try #require(try replier.receive(within: .seconds(30)))
    first.waitUntilAsleep()
    second.waitUntilAsleep()
    try replier.send(try Reply(to: secondRequest, "to " + secondRequest.text))
    #expect(try second.outcome() == "to second")
    try replier.send(try Reply(to: firstRequest, "to " + firstRequest.text))
    #expect(try first.outcome() == "to first")
    #expect(try requester.numberOfMessages() == 0)
  }

  @Test("a thread that receives while another awaits an answer is woken by messages, and never by that answer")
  func oneReceivesOneAwaits() throws {
    let bus = try PrivateBus()
    let ksock = try bus.open(), replier = try bus.open()
    try ksock.bind("$.Thread.News")
    try replier.bind("$.Thread.Ask", as: .replier)
    let reader = Blocked { try ksock.receive(within: .seconds(60))?.text }
    reader.waitUntilAsleep()
    let asker = Blocked { try ksock.request("$.Thread.Ask", "?", within: .seconds(60)).text }
    let request = try #require(try replier.receive(within: .seconds(30)))
    asker.waitUntilAsleep()
    try replier.send(try Reply(to: request, "answer"))
    #expect(try asker.outcome() == "answer")
    try replier.send(Announcement("$.Thread.News", "news"))
    #expect(try reader.outcome() == "news")
  }

  @Test("request() leaves all that was queued before the answer where it was, in order and counted")
  func requestLeavesTheQueue() throws {
    let bus = try PrivateBus()
    let requester = try bus.open(), replier = try bus.open()
    try requester.bind("$.Thread.News")
    try replier.bind("$.Thread.Ask", as: .replier)
    for text in ["one", "two"] { try replier.send(Announcement("$.Thread.News", text)) }
    let answer = Blocked { try requester.request("$.Thread.Ask", "?", within: .seconds(60)).text }
    let request = try #require(try replier.receive(within: .seconds(30)))
    // And what comes while it waits.
    try replier.send(Announcement("$.Thread.News", "three"))
    try replier.send(Announcement("$.Thread.News", "urgent", flags: .urgent))
    #expect(try requester.numberOfMessages() == 4)
    answer.waitUntilAsleep()
    try replier.send(try Reply(to: request, "answer"))
    #expect(try answer.outcome() == "answer")
    #expect(try requester.numberOfMessages() == 4)
    #expect(try heard(by: requester).map(\.text) == ["urgent", "one", "two", "three"])
  }

  @Test("an answer that itself is urgent, or a Status, ends request() like any other")
  func otherAnswers() throws {
    let bus = try PrivateBus()
    let requester = try bus.open(), replier = try bus.open()
    try requester.bind("$.Thread.News")
    try replier.bind("$.Thread.Ask", as: .replier)
    try replier.send(Announcement("$.Thread.News", "before"))
    let urgent = Blocked { try requester.request("$.Thread.Ask", "?", within: .seconds(60)).text }
    let request = try #require(try replier.receive(within: .seconds(30)))
    try replier.send(try Reply(to: request, "at once", flags: .urgent))
    #expect(try urgent.outcome() == "at once")
    let status = Blocked { try requester.request("$.Thread.Ask", "?", within: .seconds(60)).name }
    _ = try #require(try replier.receive(within: .seconds(30)))
    replier.close()
    #expect(try status.outcome() == BusName.ignored)
    #expect(try heard(by: requester).map(\.text) == ["before"])
  }

  @Test("when the time of a request is up its reserved place is free again, and a late answer is refused")
  func lateAnswer() throws {
    let bus = try PrivateBus()
    let requester = try bus.open(), replier = try bus.open()
    try requester.setMaxMessages(1)
    try replier.bind("$.Thread.Ask", as: .replier)
    // Twice: with one place, the second request could not be sent if the first kept it.
    for _ in 0..<2 {
      let error = #expect(throws: KBusError.self) { try requester.request("$.Thread.Ask", "?", within: .milliseconds(1)) }
      #expect(error?.code == .timedOut)
    }
    for _ in 0..<2 {
      let request = try #require(try replier.receive())
      let error = #expect(throws: KBusError.self) { try replier.send(try Reply(to: request, "late")) }
      #expect(error?.code == .notWaitedFor)
    }
    #expect(try requester.numberOfMessages() == 0)
    #expect(try replier.numberUnrepliedTo() == 2)
    // Nor does it get a Status for what it no longer waits for.
    replier.close()
    #expect(try requester.receive() == nil)
    let violations = try bus.violations().map(\.description)
    #expect(violations == [])
  }

  /// The calls that can block.
  enum Wait: CaseIterable {
    case receive, take, readable, writable, request
  }

  @Test("close() wakes a thread that is blocked on the Ksock, with an error that says so", arguments: Wait.allCases)
  func closeWakes(wait: Wait) throws {
    let bus = try PrivateBus()
    let ksock = try bus.open(), other = try bus.open()
    try other.bind("$.Thread.Ask", as: .replier)
    try other.bind("$.Thread.Full")
    try other.setMaxMessages(2)
    if wait == .writable {
      for _ in 0..<2 { try ksock.send(Announcement("$.Thread.Full")) }
      let error = #expect(throws: KBusError.self) { try ksock.send(Announcement("$.Thread.Full", flags: .allOrWait)) }
      #expect(error?.code == .pending)
    }
    let blocked = Blocked { () throws -> KBusError.Code? in
      do throws(KBusError) {
        switch wait {
        case .receive: _ = try ksock.receive(within: nil)
        case .take: _ = try ksock.take(within: .seconds(60))
        case .readable: _ = try ksock.wait(for: .readable, within: nil)
        case .writable: _ = try ksock.waitUntilWritable(within: nil)
        case .request: _ = try ksock.request("$.Thread.Ask", "?", within: .seconds(60))
        }
        return nil
      } catch {
        return error.code
      }
    }
    if wait == .request { _ = try #require(try other.receive(within: .seconds(30))) }
    blocked.waitUntilAsleep()
    ksock.close()
    #expect(try blocked.outcome() == .closed)
    let violations = try bus.violations().map(\.description)
    #expect(violations == [])
  }

  @Test("threads that bind, unbind and are sent to at once leave no copy behind")
  func bindingAtOnce() throws {
    let bus = try PrivateBus()
    let ksock = try bus.open(), sender = try bus.open()
    try ksock.setMaxMessages(100_000)
    let binders = ["$.Thread.A", "$.Thread.%", "$.Thread.*"].map { name in
      Blocked {
        for _ in 0..<300 {
          try ksock.bind(MessageName(name))
          try ksock.unbind(MessageName(name))
        }
      }
    }
    let reader = Blocked {
      var read: [MessageID] = []
      while let message = try ksock.receive(within: .seconds(60)), message.name != "$.Stop" { read.append(message.id) }
      return read
    }
    for _ in 0..<2000 { try sender.send(Announcement("$.Thread.A")) }
    for binder in binders { try binder.outcome(within: .seconds(60)) }
    try ksock.bind("$.Stop")
    try sender.send(Announcement("$.Stop"))
    // Up to three copies of each, in order whatever was unbound in between.
    let read = try reader.outcome(within: .seconds(60))
    #expect(read == read.sorted())
    #expect(try ksock.numberOfMessages() == 0)
    #expect(try ksock.bindings().count == 1)
    let violations = try bus.violations().map(\.description)
    #expect(violations == [])
  }

  /// Everything that is queued.
  private func heard(by ksock: Ksock) throws -> [Message] {
    var messages: [Message] = []
    while let message = try ksock.receive() { messages.append(message) }
    return messages
  }
}
