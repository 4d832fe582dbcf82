import Testing

@testable import KBUSShm

@Suite("Answers that are asked for later", .timeLimit(.minutes(5))) struct AwaitedRequestsTests {
  private let bus: TemporaryBus
  private let (ksock, replier): (Ksock, Ksock)

  init() throws {
    bus = try TemporaryBus(BusOptions())
    (ksock, replier) = (try bus.open(), try bus.open())
    try replier.setMaxMessages(1000)
    try ksock.setMaxMessages(1000)
    try replier.bind("$.Q", as: .replier)
  }

  private func begin(_ count: Int) throws {
    for _ in 0..<count { _ = try ksock.sendAwaited(isAnybodys: true) { () throws(KBusError) in try ksock.send(Request("$.Q")) } }
  }
  private func answerAll() throws { while let request = try replier.receive() { try replier.send(Reply(to: request)) } }
  private func takeAnswer() throws -> Bool {
    guard let taken = try ksock.takeNextAnswer(until: .after(.zero)) else { return false }
    ksock.release(taken.hold)
    return true
  }

  @Test("a Ksock that is closed leaves no slot with an answer that another take came upon")
  func closed() throws {
    try begin(2)
    try answerAll()
    #expect(try ksock.receive() == nil, "they are for others")
    ksock.close()
    try bus.expectSound()
  }

  @Test("more answers than can be held at once make no take fail, and all can be had")
  func many() throws {
    try begin(100)
    try answerAll()
    #expect(try ksock.receive() == nil)
    for _ in 0..<100 { #expect(try takeAnswer()) }
    #expect(try !takeAnswer())
    try bus.expectSound()
  }

  @Test("an answer that can't be taken, since too much is held, can be had later")
  func tooManyHeld() throws {
    try ksock.bind("$.A")
    for _ in 0..<64 { try replier.send(Announcement("$.A")) }
    let held = HeldMessages()
    for _ in 0..<64 { try held.take(from: ksock) }
    try begin(1)
    try answerAll()
    expectFailure(.tooManyHeld, errno: 12) { _ = try takeAnswer() }
    held.releaseAll()
    #expect(try takeAnswer())
    try bus.expectSound()
  }
}
