// A process of the soak: it has a few Ksocks, does one random thing after the other with them, and watches what it can see itself:
// that each of its requests has one answer, its own, and none that it never asked for.

import CShm
import Glibc
import KBUSShm

final class Worker {
  private let slot: WorkerSlot
  /// The number of this process among all that there ever were.
  private let life: UInt32
  private var noise: Noise
  private var clients: [Client] = []
  private var sent: UInt32 = 0
  private var opened: UInt32 = 0
  /// What may fail on a bus that is damaged on purpose.
  private let toleratesDamage: Bool

  static let heardNames: [MessageName] = ["$.Soak.News", "$.Soak.Other", "$.Soak.Deep.News.One", "$.Unheard"]
  static let listenedNames: [MessageName] = ["$.Soak.News", "$.Soak.%", "$.Soak.*", "$.Soak.Other"]
  static let askedNames: [MessageName] = ["$.Ask.A", "$.Ask.B", "$.Ask.C", "$.Ask.D"]
  /// Nothing of ours answers a live Ksock later than this.
  private static let patience: UInt64 = 30_000_000_000

  /// One Ksock, and what it waits for and owes.
  private final class Client {
    let ksock: Ksock
    let ear: UInt32
    var awaited: [UInt32: (number: UInt32, since: UInt64)] = [:]
    var owed: [Message] = []
    var held: [HeldMessage] = []

    init(_ ksock: Ksock, ear: UInt32) {
      self.ksock = ksock
      self.ear = ear
    }
  }

  private final class HeldMessage {
    let message: ReceivedMessage
    init(_ message: consuming ReceivedMessage) { self.message = message }
  }

  init(_ slot: WorkerSlot, life: UInt32, seed: UInt64, toleratesDamage: Bool = false) {
    self.slot = slot
    self.life = life
    self.toleratesDamage = toleratesDamage
    noise = Noise(seed: seed)
  }

  /// Works until the log is full, it is told to stop, or it is killed.
  func work() throws {
    for _ in 0..<Int.random(in: 1...3, using: &noise) { try open() }
    var round = 0
    while !slot.isFull || toleratesDamage, slot[.stop] == 0 {
      round += 1
      slot.add(.beats)
      do {
        if clients.isEmpty || clients.count < 3 && chance(50) { try open() }
        let place = Int.random(in: 0..<clients.count, using: &noise)
        try act(clients[place], place)
      } catch let error as KBusError {
        guard !Self.isToBeExpected(error) else { continue }
        guard toleratesDamage else { throw error }
        // Told, and it goes on: there may be more.
        slot.add(.refused)
        slot.violation = "\(error)"
      }
      if round % 64 == 0 { try checkPatience() }
    }
    for client in clients {
      client.held = []
      if chance(2) { client.ksock.close() }
    }
  }

  /// What random operations of many processes meet on a healthy bus.
  private static func isToBeExpected(_ error: KBusError) -> Bool {
    [
      .recipientFull, .noReplier, .noRequester, .notWaitedFor, .anotherReplier, .alreadyBound, .notBound, .noRoomForReply,
      .poolExhausted, .tooManyHeld, .timedOut, .pending, .alreadyPending,
    ].contains(error.code)
  }

  private func chance(_ parts: Int) -> Bool { Int.random(in: 0..<parts, using: &noise) == 0 }

  private func open() throws(KBusError) {
    let ksock = try Ksock(bus: 0)
    let client = Client(ksock, ear: opened)
    opened += 1
    clients.append(client)
    for name in Self.listenedNames where chance(3) { try ksock.bind(name) }
    if chance(2) { try? ksock.bind(Self.askedNames[Int.random(in: 0..<4, using: &noise)], as: .replier) }
    if chance(4) { _ = try ksock.setMaxMessages(UInt32.random(in: 1...20, using: &noise)) }
    if chance(4) { _ = try ksock.setWantsMessagesOnce(true) }
  }

  private func act(_ client: Client, _ place: Int) throws {
    let ksock = client.ksock
    switch Int.random(in: 0..<100, using: &noise) {
    case 0..<24: try announce(ksock, [])
    case 24..<28: try announce(ksock, .urgent)
    case 28..<30: try announce(ksock, .allOrFail)
    case 30..<44: if client.awaited.count < 20 { try ask(client) }
    case 44..<48: try askAndWait(ksock)
    case 48..<72: for _ in 0..<10 { if try !takeOne(client) { break } }
    case 72..<84: try reply(client)
    case 84..<87: _ = try ksock.wait(for: .readable, within: .milliseconds(2))
    case 87..<90: try bindOrUnbind(ksock)
    case 90..<93: try sendInPlace(ksock)
    case 93..<96: if !client.held.isEmpty { client.held.removeFirst() }
    default:
      // What it awaits is forgotten with it. What it holds goes before: what is held beyond a close is lost by a kill (docs/decisions/0006).
      client.held = []
      if chance(2) { ksock.close() }
      clients.remove(at: place)
      if chance(2) { try open() }
    }
  }

  private func payload() -> [UInt8] {
    sent += 1
    return Self.bytes(life) + Self.bytes(sent)
  }

  private static func bytes(_ number: UInt32) -> [UInt8] { (0..<4).map { UInt8(truncatingIfNeeded: number >> (8 * $0)) } }

  private static func number(_ bytes: [UInt8], at place: Int) -> UInt32 {
    guard bytes.count >= place + 4 else { return 0 }
    return (0..<4).reduce(0) { $0 | UInt32(bytes[place + $1]) << (8 * $1) }
  }

  // Sending

  private func announce(_ ksock: Ksock, _ flags: MessageFlags) throws(KBusError) {
    try ksock.send(Announcement(Self.heardNames[Int.random(in: 0..<4, using: &noise)], payload(), flags: flags))
    slot.add(.sent)
  }

  private func sendInPlace(_ ksock: Ksock) throws(KBusError) {
    let data = payload()
    var loan = try ksock.loan(Announcement(Self.heardNames[0]), bytes: chance(4) ? 3000 : data.count)
    var bytes = loan.bytes
    for (place, byte) in data.enumerated() { bytes.storeBytes(of: byte, toByteOffset: place, as: UInt8.self) }
    // Now and then it is dropped.
    guard !chance(4) else { return }
    try ksock.send(loan)
    slot.add(.sent)
  }

  private func ask(_ client: Client) throws(KBusError) {
    let data = payload(), number = sent
    var request = Request(Self.askedNames[Int.random(in: 0..<4, using: &noise)], data).message
    if chance(8) { request.to = try client.ksock.findReplier(request.name) ?? 0 }
    let id = try client.ksock.send(request)
    client.awaited[id.serial] = (number, cshm_now())
    slot.add(.sent)
    slot.add(.asked)
  }

  private func askAndWait(_ ksock: Ksock) throws {
    let data = payload()
    do {
      let answer = try ksock.request(
        Request(Self.askedNames[Int.random(in: 0..<4, using: &noise)], data), within: .milliseconds(Int64.random(in: 0...5, using: &noise)))
      try expect(toleratesDamage || answer.isStatus || answer.data == data, "a wrong reply to request: \(answer)")
      slot.add(.answered)
    } catch let error as KBusError where error.code == .timedOut {
      slot.add(.timedOut)
    }
  }

  private func reply(_ client: Client) throws(KBusError) {
    guard !client.owed.isEmpty else { return }
    let request = client.owed.remove(at: Int.random(in: 0..<client.owed.count, using: &noise))
    try client.ksock.send(try Reply(to: request, request.data))
    slot.add(.replied)
  }

  private func bindOrUnbind(_ ksock: Ksock) throws(KBusError) {
    let name = Self.listenedNames[Int.random(in: 0..<4, using: &noise)], asked = Self.askedNames[Int.random(in: 0..<4, using: &noise)]
    switch Int.random(in: 0..<4, using: &noise) {
    case 0: try ksock.bind(name)
    case 1: try ksock.unbind(name)
    case 2: try ksock.bind(asked, as: .replier)
    default: try ksock.unbind(asked, as: .replier)
    }
  }

  // Receiving

  /// False if nothing is queued.
  private func takeOne(_ client: Client) throws -> Bool {
    guard let message = try client.ksock.take() else { return false }
    let copy = message.copy()
    try note(copy, client)
    if client.held.count < 4, chance(8) { client.held.append(HeldMessage(message)) }
    return true
  }

  private func note(_ message: Message, _ client: Client) throws {
    if message.isReply {
      guard let asked = client.awaited.removeValue(forKey: message.inReplyTo.serial) else {
        try expect(toleratesDamage, "an answer that Ksock \(client.ksock.id) does not wait for: \(message)")
        return
      }
      let isOwn = Self.number(message.data, at: 0) == life && Self.number(message.data, at: 4) == asked.number
      try expect(toleratesDamage || message.isStatus || isOwn, "a wrong reply, expected \(life), \(asked.number): \(message)")
      slot.add(.answered)
    } else if message.isRequest {
      if message.wantsUsToReply { client.owed.append(message) }
    } else {
      slot.log(
        Heard(
          serial: message.id.serial, sender: Self.number(message.data, at: 0), number: Self.number(message.data, at: 4),
          ear: client.ear | (message.isUrgent ? Heard.urgent : 0)))
    }
  }

  /// Replies are not sent for what is forgotten in `owed` until its Ksock closes, so only live neglect is told from a lost answer: a
  /// Ksock with an old request takes everything it has, and its Replier is asked to hurry by nobody. Hence a long patience.
  private func checkPatience() throws {
    guard !toleratesDamage else { return }
    let now = cshm_now()
    for client in clients {
      for (serial, asked) in client.awaited where now - asked.since > Self.patience {
        while try takeOne(client) {}
        try expect(client.awaited[serial] == nil, "request \(serial) of Ksock \(client.ksock.id) has no answer after 30 s")
      }
    }
  }
}
