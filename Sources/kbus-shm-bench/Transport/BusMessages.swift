// `messages`: what passes from one Ksock of this process to another, so that what a message costs can be counted.

import CBench
import KBUSShm

@safe final class BusMessages {
  private let part: Part
  private let passing: Passing
  private let isCopying: Bool
  private let bytes: Int
  private let bystanders: Bystanders
  private let sender: Ksock
  private let listener: Ksock
  /// What is lent for has no payload of its own.
  private let header: Announcement
  /// The same to names that the sender forgets for each other, so that recipients have to be looked up.
  private let forgotten: [Announcement]
  private var announcement: Announcement
  /// What stands for a slot where there is none. For as long as the process lives.
  private let memory: UnsafeMutableRawPointer

  /// What passes.
  private enum Passing {
    case lent, lookedUp, copied, batch
    /// Nothing, but so many payloads are stamped and checked: what a program does itself.
    case nothing(Int)
  }

  /// With a Request, `messages` is what `BusRoundTrip` passes.
  static func count(_ part: Part) {
    if part.variant == Counted.request.rawValue { BusExchange(part).count() } else { BusMessages(part).count() }
  }

  private init(_ part: Part) {
    self.part = part
    isCopying = part.interface == .copy
    bytes = part.payloadBytes
    let isLookedUp = part.variant == Routing.Recall.lookedUp.rawValue
    let names = isLookedUp ? BusSends.forgotten : ["$.Bench.Message"]
    header = Announcement(names[0])
    forgotten = names.map { Announcement($0) }
    announcement = Announcement(names[0], [UInt8](repeating: 1, count: bytes))
    unsafe memory = .allocate(byteCount: bytes, alignment: 8)
    passing =
      switch (Counted(rawValue: part.variant), part.interface) {
      case (.ownWork, .batch): .nothing(MessageBatch.capacity)
      case (.ownWork, _): .nothing(1)
      case (.ownWorkOfRequest, _): .nothing(2)
      case (_, .loan): isLookedUp ? .lookedUp : .lent
      case (_, .copy): .copied
      case (_, .batch): .batch
      }
    bystanders = Part.orFail { () throws(KBusError) in try Bystanders(part, own: names.count) }
    sender = part.openKsock()
    listener = part.openKsock()
    Part.orFail { [listener] () throws(KBusError) in for name in names { try listener.bind(name) } }
  }

  private func count() {
    unsafe cbench_count_messages(
      part.options,
      { context, number in
        unsafe Unmanaged<BusMessages>.fromOpaque(context!)._withUnsafeGuaranteedRef { $0.pass(number) }
      }, Unmanaged.passUnretained(self).toOpaque())
  }

  private func pass(_ number: UInt64) {
    let isWhole: Bool
    do throws(KBusError) {
      isWhole =
        switch passing {
        case .lent: try lend(number, header)
        case .lookedUp: try lend(number, forgotten[Int(number) & (forgotten.count - 1)])
        case .copied: try copy(number)
        case .batch: try passBatch(number)
        case .nothing(let messages): stampAndCheck(number, messages)
        }
    } catch {
      Part.fail("\(error)")
    }
    if !isWhole { Part.fail("an announcement is not what was sent") }
  }

  private func lend(_ number: UInt64, _ header: Announcement) throws(KBusError) -> Bool {
    var loan = try sender.loan(header, bytes: bytes)
    var payload = loan.bytes
    Payload.stamp(&payload, number)
    try sender.send(loan)
    guard let message = try listener.take(within: nil) else { return false }
    return Payload.number(in: message, bytes: bytes) == number
  }

  private func copy(_ number: UInt64) throws(KBusError) -> Bool {
    Payload.stamp(&announcement.message.data, number)
    try sender.send(announcement)
    guard let message = try listener.receive(within: nil) else { return false }
    return Payload.number(in: message.data, bytes: bytes) == number
  }

  private func passBatch(_ number: UInt64) throws(KBusError) -> Bool {
    var batch = sender.makeBatch()
    while !batch.isFull {
      var loan = try sender.loan(header, bytes: bytes)
      var payload = loan.bytes
      Payload.stamp(&payload, number)
      try batch.append(loan)
    }
    try sender.send(&batch)
    let taken = try listener.take(upTo: MessageBatch.capacity, within: nil)
    var areWhole = taken.count == MessageBatch.capacity
    for index in taken.indices where Payload.number(in: taken[index].bytes, bytes: bytes) != number { areWhole = false }
    return areWhole
  }

  private func stampAndCheck(_ number: UInt64, _ messages: Int) -> Bool {
    var areWhole = true
    for _ in 0..<messages {
      if isCopying {
        Payload.stamp(&announcement.message.data, number)
        if Payload.number(in: announcement.message.data, bytes: bytes) != number { areWhole = false }
      } else {
        var payload = unsafe MutableRawSpan(_unsafeStart: memory, byteCount: bytes)
        Payload.stamp(&payload, number)
        if Payload.number(in: unsafe RawSpan(_unsafeStart: memory, byteCount: bytes), bytes: bytes) != number { areWhole = false }
      }
    }
    return areWhole
  }
}

/// A Request and its Reply, between two Ksocks of one process.
private final class BusExchange {
  private let part: Part
  private let client: BusRoundTrip
  private let server: BusRoundTrip
  private var reply = [UInt8](repeating: 0, count: Payload.replyBytes)

  init(_ part: Part) {
    self.part = part
    client = BusRoundTrip(part)
    server = BusRoundTrip(part)
    client.open()
    server.open()
    server.bind()
  }

  func count() {
    unsafe cbench_count_messages(
      part.options,
      { context, number in
        unsafe Unmanaged<BusExchange>.fromOpaque(context!)._withUnsafeGuaranteedRef { $0.pass(number) }
      }, Unmanaged.passUnretained(self).toOpaque())
  }

  private func pass(_ number: UInt64) {
    do throws(KBusError) {
      let id = try client.ask(number)
      guard try server.answer(with: &reply) == number else { Part.fail("a request is not what was sent") }
      if let complaint = try client.hear(answerTo: id, number) { Part.fail(complaint) }
    } catch {
      Part.fail("\(error)")
    }
  }
}
