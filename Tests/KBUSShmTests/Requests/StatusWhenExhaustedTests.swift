import Glibc
import KBUSShm
import Testing

/// A loan kept in an array.
private final class Loan {
  let message: LoanedMessage
  init(_ message: consuming LoanedMessage) { self.message = message }
}

@Suite("An answer always has somewhere to go", .timeLimit(.minutes(10))) struct StatusWhenExhaustedTests {
  /// What makes use of the last of a pool, until that fails.
  private func useUp(_ body: () throws -> Void) {
    var error: KBusError?
    do { while true { try body() } } catch let failure as KBusError { error = failure } catch {}
    #expect(error?.code == .poolExhausted, "\(error.map { "\($0)" } ?? "")")
  }

  @Test("with every pool of the bus used up, a Replier that closes leaves each requester exactly one status for each request")
  func everyPoolUsedUp() throws {
    var options = BusOptions.small
    options.maxKsocks = 8
    options.maxRequests = 18
    options.maxBindings = 200
    options.slots = [.init(bytes: 256, count: 128), .init(bytes: 4096, count: 8), .init(bytes: 65_536, count: 4)]
    let bus = try TemporaryBus(options)
    let replier = try bus.open(), hog = try bus.open()
    let requesters = try (0..<3).map { _ in try bus.open() }
    try replier.bind("$.R", as: .replier)
    try hog.setMaxMessages(.max)

    // Six requests each: some urgent, some taken by the Replier, of these some still being read, none answered.
    var asked: [[MessageID]] = [[], [], []]
    for round in 0..<6 {
      for (number, requester) in requesters.enumerated() {
        asked[number].append(try requester.send(Request("$.R", "\(round)", flags: round == 4 ? .urgent : [])))
      }
    }
    let held = HeldMessages()
    for _ in 0..<3 { try held.take(from: replier) }
    var taken = 3
    for _ in 0..<4 where try replier.receive() != nil { taken += 1 }

    // The hog takes all there is.
    for _ in 0..<100 { try hog.bind("$.Hoard") }
    useUp { try hog.send(Announcement("$.Hoard", flags: .urgent)) }
    useUp { try hog.send(Announcement("$.Hoard")) }
    let long = String(repeating: "x", count: 100)
    useUp { try hog.bind("$.\(long)") }
    useUp { try hog.bind("$.Keep") }
    var loans: [Loan] = []
    for bytes in [60_000, 4000, 100] { useUp { loans.append(Loan(try hog.loan(Announcement("$.Keep"), bytes: bytes))) } }
    var extra: [Ksock] = []
    useUp { extra.append(try bus.open()) }
    for requester in requesters {
      expectFailure(.poolExhausted, errno: ENOMEM) { try requester.send(Request("$.R")) }
      expectFailure(.poolExhausted, errno: ENOMEM) { try requester.send(Announcement("$.Hoard")) }
    }

    replier.close()
    var statuses: [String: Int] = [:]
    for (number, requester) in requesters.enumerated() {
      var answered: [MessageID] = []
      while let status = try requester.receive() {
        #expect(status.kind == .status && status.from == replier.id && status.to == requester.id)
        answered.append(status.inReplyTo)
        statuses[status.name.description, default: 0] += 1
      }
      #expect(Set(answered) == Set(asked[number]))
      #expect(answered.count == asked[number].count, "exactly one each")
    }
    #expect(statuses == [BusName.ignored.description: taken, BusName.goneAway.description: 18 - taken])
    held.releaseAll()
    loans.removeAll()
    extra.removeAll()
    hog.close()

    // The bus works again.
    let (client, service) = (try bus.open(), try bus.open())
    try service.bind("$.\(long)", as: .replier)
    try client.send(Request("$.\(long)", "still there?"))
    try service.send(Reply(to: try #require(try service.receive()), "yes"))
    #expect(try client.receive()?.text == "yes")
    try bus.expectSound()
  }
}
