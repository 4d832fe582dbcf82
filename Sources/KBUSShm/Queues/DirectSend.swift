// SEND where nothing is out of the ordinary: recipients that are remembered from the last message of that name, few, each there
// once, all with room, and copies that go to the back of their queues. Everything else is for `Send`, which checks in the
// order that the specification fixes; here all checks must hold, so their order is of no account.
//
// The transaction is the same, but written out: what it stores it knows beforehand, and stores itself once it has committed.

internal import CShm

/// Where one copy goes.
struct PlannedCopy: BitwiseCopyable {
  /// The record of its recipient, and where that is.
  fileprivate let ksock: Window
  fileprivate let ksockAt: Int
  fileprivate let ksockIndex: UInt32
  fileprivate let tail: UInt64
  /// Reserved places and the chunk at the tail, as they will be: two words.
  fileprivate let places: UInt64
  fileprivate let entry: Window
  fileprivate let entryAt: Int
  fileprivate let binding: UInt64
}

/// What a direct send came to.
struct DirectOutcome: BitwiseCopyable {
  var id: MessageID
  /// The index of the requester, if the message was a Reply.
  var requester = -1
  /// The Replier's helper is to look after its descriptor.
  var callsHelpers = false
  /// The record of the one recipient, if there is only one.
  var lone = Window?.none
}

/// The place of a message in the order.
private struct Place: BitwiseCopyable {
  let sequence: UInt64
  let serial: UInt32

  @inline(__always) init(_ line: Window) {
    let last = line.u32(CSHM_LOCK_LINE_LAST_SERIAL)
    sequence = line.u64(CSHM_LOCK_LINE_SEQUENCE) &+ 1
    serial = last == .max ? 1 : last &+ 1
  }

  @inline(__always) var id: MessageID { MessageID(serial: serial) }
}

/// A Request has a record, which its Reply ends. No enum: to hash one, libkbus.so would need random numbers of a newer glibc.
private struct Kind: BitwiseCopyable {
  var isRequest = false, isReply = false

  @inline(__always) static var announcement: Kind { Kind() }
  @inline(__always) static var request: Kind { Kind(isRequest: true) }
  @inline(__always) static var reply: Kind { Kind(isReply: true) }
}

extension Outgoing {
  fileprivate var kind: Kind { isRequest ? .request : isReply ? .reply : .announcement }
}

/// What is decided of a message before anything changes: its place in the order, and what becomes of the request.
private struct Decision: BitwiseCopyable {
  let place: Place
  /// The request's record, of a Request or a Reply.
  var request: Window
  var requestAt = 0
  var requestIndex: UInt32 = 0
  /// The requester of a Reply, and where its record is.
  var requester = -1
  var requesterAt = -1
  /// The recipients that get a copy are from this one on.
  var first = 0

  /// The request that the first copy asks to answer, +1.
  @inline(__always) func asked(_ kind: Kind) -> UInt32 { kind.isRequest ? requestIndex &+ 1 : 0 }
}

extension SharedBus {
  /// Sends an announcement that has one listener, under the lock; nil if that is not what it is, or if it has to be done in
  /// another way, and then nothing has happened.
  @inline(__always) func announce(_ message: Outgoing, _ known: LocalPlace<KnownName>, from sender: Sender) -> MessageID? {
    guard !Build.isSmall, message.isPlain, known.value.routing == line.u64(CSHM_LOCK_LINE_ROUTING), let listener = known.value.lone,
      sender.own.u32(CSHM_KSOCK_PENDING) == 0, let copy = planned(listener, usesReserved: false)
    else { return nil }
    let place = Place(line)
    var transaction = publish(message, copies: 1, place, sender)
    log(copy, 0, message, asked: 0, &transaction)
    logSerials(place, sender, &transaction)
    logTail(copy, place, &transaction)
    transaction.commit()
    apply(copy, 0, message, asked: 0)
    applySerials(place, sender)
    applyTail(copy, place)
    transaction.end()
    noteWait(copy)
    sender.own.store64(CSHM_KSOCK_LAST_SENT, place.id.word)
    return place.id
  }

  /// Sends, under the lock; nil if it has to be done the long way, and then nobody has got anything.
  func sendDirectly(
    _ message: Outgoing, _ known: LocalPlace<KnownName>, from sender: Sender
  ) throws(KBusError) -> DirectOutcome? {
    if let outcome = try sendAtOnce(message, known, sender) { return outcome }
    return makeRoom(for: message, known, from: sender) ? try sendAtOnce(message, known, sender) : nil
  }

  private func sendAtOnce(
    _ message: Outgoing, _ known: LocalPlace<KnownName>, _ sender: Sender
  ) throws(KBusError) -> DirectOutcome? {
    let routing = line.u64(CSHM_LOCK_LINE_ROUTING)
    if known.value.routing != routing { try remember(known, routing) }
    guard known.value.isRemembered, message.id.isNone, !message.flags.contains(.urgent), sender.own.u32(CSHM_KSOCK_PENDING) == 0
    else { return nil }
    if message.isRequest { return sendRequest(message, known, sender) }
    if message.isReply { return sendReply(message, known, sender) }
    return sendAnnouncement(message, known, sender)
  }

  // Each kind for itself, so that nothing is asked twice. Most messages have one recipient.
  @inline(never) private func sendRequest(
    _ message: Outgoing, _ known: LocalPlace<KnownName>, _ sender: Sender
  ) -> DirectOutcome? {
    var decision = Decision(place: Place(line), request: sender.own)
    guard decideRequest(message, known, sender, &decision) else { return nil }
    guard known.value.recipientCount == 1, let replier = known.value.recipients[0] else {
      return sendFew(message, known, decision, sender)
    }
    return sendOne(.request, message, replier, decision, sender)
  }

  @inline(never) private func sendReply(
    _ message: Outgoing, _ known: LocalPlace<KnownName>, _ sender: Sender
  ) -> DirectOutcome? {
    var decision = Decision(place: Place(line), request: sender.own)
    decision.first = known.value.hasReplier ? 1 : 0
    guard decideReply(message, &decision) else { return nil }
    guard known.value.recipientCount == decision.first else { return sendFew(message, known, decision, sender) }
    return sendOne(.reply, message, requester(of: decision), decision, sender)
  }

  @inline(never) private func sendAnnouncement(
    _ message: Outgoing, _ known: LocalPlace<KnownName>, _ sender: Sender
  ) -> DirectOutcome? {
    var decision = Decision(place: Place(line), request: sender.own)
    decision.first = known.value.hasReplier ? 1 : 0
    guard known.value.recipientCount == decision.first &+ 1, let listener = known.value.recipients[decision.first] else {
      return sendFew(message, known, decision, sender)
    }
    return sendOne(.announcement, message, listener, decision, sender)
  }

  @inline(__always) private func requester(of decision: Decision) -> KnownName.Recipient {
    KnownName.Recipient(ksock(decision.requester), binding: 0)
  }

  /// A free record where the serial points, and a place for the answer. The Replier is the first of the recipients.
  @inline(__always) private func decideRequest(
    _ message: Outgoing, _ known: LocalPlace<KnownName>, _ sender: Sender, _ decision: inout Decision
  ) -> Bool {
    let index = Int(decision.place.serial) % geometry.requests.count, own = sender.own
    decision.requestAt = geometry.requests.at(index)
    decision.requestIndex = UInt32(truncatingIfNeeded: index)
    decision.request = memory.window(decision.requestAt, CSHM_REQUEST_SIZE)
    // What reserves a place in its own queue can't be a copy to that queue as well, here.
    decision.requesterAt = sender.at
    let reserved = own.u32(CSHM_KSOCK_RESERVED), tail = own.u64(CSHM_KSOCK_TAIL)
    guard known.value.hasReplier, decision.request.u64(CSHM_REQUEST_SEQUENCE) == 0, own.hasRoom(tail, reserved) else { return false }
    return own.u64(CSHM_KSOCK_END) &- tail > UInt64(reserved) &+ 1
  }

  /// The record of the request where its serial points, and its requester where the id points.
  @inline(__always) private func decideReply(_ message: Outgoing, _ decision: inout Decision) -> Bool {
    let place = Int(message.to) % geometry.ksocks.count, index = Int(message.inReplyTo.serial) % geometry.requests.count
    decision.requester = place
    decision.requesterAt = geometry.ksocks.at(place)
    decision.requestAt = geometry.requests.at(index)
    decision.requestIndex = UInt32(truncatingIfNeeded: index)
    decision.request = memory.window(decision.requestAt, CSHM_REQUEST_SIZE)
    let requester = memory.window(decision.requesterAt, CSHM_KSOCK_SIZE), record = decision.request
    let incarnation = requester.u64(CSHM_KSOCK_INCARNATION)
    guard stateLine.u32(CSHM_STATE_PENDING_SENDERS) == 0, requester.u32(CSHM_KSOCK_ID) == message.to, incarnation != 0,
      record.u64(CSHM_REQUEST_ID) == message.inReplyTo.word, record.u64(CSHM_REQUEST_SEQUENCE) != 0,
      record.u64(CSHM_REQUEST_REQUESTER_INCARNATION) == incarnation
    else { return false }
    return record.u32(CSHM_REQUEST_REQUESTER) == UInt32(truncatingIfNeeded: place) && requester.u32(CSHM_KSOCK_RESERVED) != 0
  }

  // Few copies

  @inline(never) private func sendFew(
    _ message: Outgoing, _ known: LocalPlace<KnownName>, _ decision: Decision, _ sender: Sender
  ) -> DirectOutcome? {
    let plan = scratch.plan, kind = message.kind
    var count = 0
    if decision.requester >= 0 {
      guard let copy = planned(requester(of: decision), usesReserved: true) else { return nil }
      plan[0] = copy
      count = 1
    }
    for number in decision.first..<known.value.recipientCount {
      guard let recipient = known.value.recipients[number], recipient.at != decision.requesterAt,
        let copy = planned(recipient, usesReserved: false)
      else { return nil }
      plan[count] = copy
      count &+= 1
    }
    guard count > 0, isMeant(kind, message, plan.at(0).value) else { return nil }
    let asked = decision.asked(kind), place = decision.place
    var transaction = publish(message, copies: count, place, sender)
    logRequest(kind, plan.at(0).value, decision, sender, &transaction)
    for number in 0..<count { log(plan.at(number).value, number, message, asked: asked, &transaction) }
    logSerials(place, sender, &transaction)
    for number in 0..<count { logTail(plan.at(number).value, place, &transaction) }
    transaction.commit()
    applyRequest(kind, decision, sender)
    for number in 0..<count { apply(plan.at(number).value, number, message, asked: asked) }
    applySerials(place, sender)
    for number in 0..<count { applyTail(plan.at(number).value, place) }
    transaction.end()
    for number in 0..<count { noteWait(plan.at(number).value) }
    return finish(kind, plan.at(0).value, decision, sender)
  }

  // One copy

  #if hasFeature(Embedded)
    @inline(never)
  #else
    @inline(__always)
  #endif
  private func sendOne(
    _ kind: Kind, _ message: Outgoing, _ recipient: KnownName.Recipient, _ decision: Decision, _ sender: Sender
  ) -> DirectOutcome? {
    let asked = decision.asked(kind), place = decision.place
    guard kind.isReply || recipient.at != decision.requesterAt, let copy = planned(recipient, usesReserved: kind.isReply),
      isMeant(kind, message, copy)
    else { return nil }
    var transaction = publish(message, copies: 1, place, sender)
    logRequest(kind, copy, decision, sender, &transaction)
    log(copy, 0, message, asked: asked, &transaction)
    logSerials(place, sender, &transaction)
    logTail(copy, place, &transaction)
    transaction.commit()
    applyRequest(kind, decision, sender)
    apply(copy, 0, message, asked: asked)
    applySerials(place, sender)
    applyTail(copy, place)
    transaction.end()
    noteWait(copy)
    var outcome = finish(kind, copy, decision, sender)
    outcome.lone = copy.ksock
    return outcome
  }

  // The parts of all

  /// A copy at the back of a queue; nil if that is not plain.
  @inline(__always) private func planned(_ recipient: KnownName.Recipient, usesReserved: Bool) -> PlannedCopy? {
    let ksock = recipient.ksock
    let tail = ksock.u64(CSHM_KSOCK_TAIL), reserved = ksock.u32(CSHM_KSOCK_RESERVED) &- (usesReserved ? 1 : 0)
    let chunk = ksock.u32(CSHM_KSOCK_TAIL_CHUNK)
    guard ksock.hasRoom(tail, reserved), ksock.u64(CSHM_KSOCK_END) &- tail > UInt64(reserved) &+ 1, isChunk(chunk)
    else { return nil }
    let entryAt = self.chunk(Int(chunk) &- 1).entry(tail).at
    // On to the chunk behind, which is there, since there is more room.
    let next = (tail &+ 1) % UInt64(CSHM_CHUNK_ENTRIES) != 0 ? chunk : self.chunk(Int(chunk) &- 1).next
    guard isChunk(next) else { return nil }
    return PlannedCopy(
      ksock: ksock, ksockAt: recipient.at, ksockIndex: recipient.index, tail: tail, places: Window.word(reserved, next),
      entry: memory.window(entryAt, CSHM_ENTRY_SIZE), entryAt: entryAt, binding: recipient.binding)
  }

  @inline(__always) private func isChunk(_ word: UInt32) -> Bool { word &- 1 < UInt32(truncatingIfNeeded: geometry.chunks.count) }

  /// Whether the Replier is the one that a stateful Request wants.
  @inline(__always) private func isMeant(_ kind: Kind, _ message: Outgoing, _ copy: PlannedCopy) -> Bool {
    !kind.isRequest || message.to == 0 || message.to == copy.ksock.u32(CSHM_KSOCK_ID)
  }

  /// What the bus says in the slot, and its holders: direct.
  @inline(__always) private func publish(
    _ message: Outgoing, copies: Int, _ place: Place, _ sender: Sender
  ) -> ShortTransaction {
    let transaction = ShortTransaction(sender.journal, sender.number, line), header = message.slot.header
    header.store64(CSHM_SLOT_SEQUENCE, place.sequence)
    header.store64(CSHM_SLOT_ID, place.id.word)
    header.store64(CSHM_SLOT_TO, low: message.to, high: sender.own.u32(CSHM_KSOCK_ID))
    header.store32(CSHM_SLOT_EXTENSIONS, 0)
    transaction.willPublish(slot: message.slot.number)
    header.store64(CSHM_SLOT_HOLDERS, (1 &<< UInt64(truncatingIfNeeded: copies)) &- 1)
    // Idle from now on, if it stays ours: later its readers have the line.
    header.store64(CSHM_SLOT_SENDER, message.slot.stays ? sender.incarnation | CSHM_SLOT_IDLE : 0)
    return transaction
  }

  /// A Request gets its record, and reserves a place for the answer; a Reply ends the record.
  @inline(__always) private func logRequest(
    _ kind: Kind, _ copy: PlannedCopy, _ decision: Decision, _ sender: Sender, _ transaction: inout ShortTransaction
  ) {
    if kind.isRequest {
      let record = decision.request
      record.store64(CSHM_REQUEST_ID, decision.place.id.word)
      record.store64(CSHM_REQUEST_REQUESTER_INCARNATION, sender.own.u64(CSHM_KSOCK_INCARNATION))
      record.store64(CSHM_REQUEST_REPLIER_INCARNATION, copy.ksock.u64(CSHM_KSOCK_INCARNATION))
      record.store64(CSHM_REQUEST_REQUESTER, low: UInt32(truncatingIfNeeded: sender.index), high: copy.ksockIndex)
      record.store64(CSHM_REQUEST_POSITION, copy.tail)
      transaction.set(decision.requestAt &+ CSHM_REQUEST_SEQUENCE, decision.place.sequence)
      transaction.set32(sender.at &+ CSHM_KSOCK_RESERVED, sender.own.u32(CSHM_KSOCK_RESERVED) &+ 1)
    } else if kind.isReply {
      transaction.set(decision.requestAt &+ CSHM_REQUEST_SEQUENCE, 0)
    }
  }

  @inline(__always) private func applyRequest(_ kind: Kind, _ decision: Decision, _ sender: Sender) {
    if kind.isRequest {
      decision.request.store64(CSHM_REQUEST_SEQUENCE, decision.place.sequence)
      sender.own.store32(CSHM_KSOCK_RESERVED, sender.own.u32(CSHM_KSOCK_RESERVED) &+ 1)
    } else if kind.isReply {
      decision.request.store64(CSHM_REQUEST_SEQUENCE, 0)
    }
  }

  /// The second and third word of an entry: slot and holder, marks and request.
  @inline(__always) private static func words(_ number: Int, _ message: Outgoing, asked: UInt32) -> (UInt64, UInt64) {
    let slot = Window.word(message.slot.number &+ 1, UInt32(truncatingIfNeeded: number))
    guard number == 0, asked != 0 else { return (slot, Window.word(UInt32(CSHM_ENTRY_MESSAGE), 0)) }
    return (slot, Window.word(UInt32(CSHM_ENTRY_MESSAGE) | UInt32(CSHM_ENTRY_YOURS), asked))
  }

  @inline(__always) private func log(
    _ copy: PlannedCopy, _ number: Int, _ message: Outgoing, asked: UInt32, _ transaction: inout ShortTransaction
  ) {
    let (slot, marks) = Self.words(number, message, asked: asked)
    transaction.set(copy.entryAt, copy.binding, slot, marks, copy.tail &+ 1)
  }

  /// All at once, the stamp last: the reader may be looking at it.
  @inline(__always) private func apply(_ copy: PlannedCopy, _ number: Int, _ message: Outgoing, asked: UInt32) {
    let (slot, marks) = Self.words(number, message, asked: asked)
    copy.entry.store64(CSHM_ENTRY_BINDING, copy.binding)
    copy.entry.store64(CSHM_ENTRY_SLOT, slot)
    copy.entry.store64(CSHM_ENTRY_META, marks)
    copy.entry.store64(CSHM_ENTRY_STAMP, copy.tail &+ 1)
  }

  @inline(__always) private func logSerials(_ place: Place, _ sender: Sender, _ transaction: inout ShortTransaction) {
    transaction.set(geometry.lockLine &+ CSHM_LOCK_LINE_SEQUENCE, place.sequence, Window.word(place.serial, sender.number))
  }

  /// The number of our journal stands beside the last serial.
  @inline(__always) private func applySerials(_ place: Place, _ sender: Sender) {
    line.store64(CSHM_LOCK_LINE_SEQUENCE, place.sequence)
    line.store64(CSHM_LOCK_LINE_LAST_SERIAL, low: place.serial, high: sender.number)
  }

  @inline(__always) private func logTail(_ copy: PlannedCopy, _ place: Place, _ transaction: inout ShortTransaction) {
    transaction.set(copy.ksockAt &+ CSHM_KSOCK_TAIL, copy.tail &+ 1, place.id.word, copy.places)
  }

  @inline(__always) private func applyTail(_ copy: PlannedCopy, _ place: Place) {
    copy.ksock.store64(CSHM_KSOCK_TAIL, copy.tail &+ 1)
    copy.ksock.store64(CSHM_KSOCK_LAST_PUSHED, place.id.word)
    copy.ksock.store64(CSHM_KSOCK_RESERVED, copy.places)
  }

  /// Who is to be woken may be stopped.
  @inline(__always) private func noteWait(_ copy: PlannedCopy) {
    if copy.ksock.u64(CSHM_KSOCK_SLEEPERS) != 0 { noteBacklog(of: ksock(Int(copy.ksockIndex))) }
  }

  /// What only the sender writes, and what is to be done without the lock.
  @inline(__always) private func finish(
    _ kind: Kind, _ copy: PlannedCopy, _ decision: Decision, _ sender: Sender
  ) -> DirectOutcome {
    let own = sender.own
    var outcome = DirectOutcome(id: decision.place.id, requester: decision.requester)
    own.store64(CSHM_KSOCK_LAST_SENT, outcome.id.word)
    if kind.isRequest {
      let reserved = own.u32(CSHM_KSOCK_RESERVED)
      if reserved > own.u32(CSHM_KSOCK_RESERVED_MAX) { own.store32(CSHM_KSOCK_RESERVED_MAX, reserved) }
      if mustBeWatched(copy.ksock) { outcome.callsHelpers = true }
    } else if kind.isReply {
      countAnswered(request(Int(decision.requestIndex)), ksock(sender.index))
    }
    return outcome
  }
}
