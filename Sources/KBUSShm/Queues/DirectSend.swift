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

/// Who sends: the place of its record, the record itself, and its journal.
struct Sender: BitwiseCopyable {
  let index: Int
  let at: Int
  let own: Window
  let journal: Window

  init(_ bus: SharedBus, _ ksock: KsockRecord) {
    index = ksock.index
    at = ksock.at
    own = ksock.window
    journal = ShortTransaction.journal(bus, of: ksock.index)
  }

  /// As the lock line names the journal (L1).
  @inline(__always) var number: UInt32 { UInt32(truncatingIfNeeded: index &+ 1) }
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
  @inline(__always) func asked(_ message: Outgoing) -> UInt32 { message.isRequest ? requestIndex &+ 1 : 0 }
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
    guard let decision = decide(message, known, sender) else { return nil }
    // Most messages have one recipient.
    let others = known.value.recipientCount &- decision.first
    if decision.requester < 0, others == 1 {
      guard let recipient = known.value.recipients[decision.first] else { return nil }
      return sendOne(message, recipient, decision, sender)
    }
    if decision.requester >= 0, others == 0 { return sendOne(message, requester(of: decision), decision, sender) }
    return sendFew(message, known, decision, sender)
  }

  @inline(__always) private func decide(
    _ message: Outgoing, _ known: LocalPlace<KnownName>, _ sender: Sender
  ) -> Decision? {
    guard known.value.isRemembered, message.id.isNone, !message.flags.contains(.urgent), sender.own.u32(CSHM_KSOCK_PENDING) == 0
    else { return nil }
    var decision = Decision(place: Place(line), request: sender.own)
    if message.isRequest { return decideRequest(message, known, sender, &decision) ? decision : nil }
    decision.first = known.value.hasReplier ? 1 : 0
    if message.isReply { return decideReply(message, &decision) ? decision : nil }
    return decision
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
    let plan = scratch.plan
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
    guard count > 0, isMeant(message, plan.at(0).value) else { return nil }
    let asked = decision.asked(message), place = decision.place
    var transaction = publish(message, copies: count, place, sender)
    logRequest(message, plan.at(0).value, decision, sender, &transaction)
    for number in 0..<count { log(plan.at(number).value, number, message, asked: asked, &transaction) }
    logSerials(place, sender, &transaction)
    for number in 0..<count { logTail(plan.at(number).value, place, &transaction) }
    transaction.commit()
    applyRequest(message, decision, sender)
    for number in 0..<count { apply(plan.at(number).value, number, message, asked: asked) }
    applySerials(place, sender)
    for number in 0..<count { applyTail(plan.at(number).value, place) }
    transaction.end()
    return finish(message, plan.at(0).value, decision, sender)
  }

  // One copy

  @inline(__always) private func sendOne(
    _ message: Outgoing, _ recipient: KnownName.Recipient, _ decision: Decision, _ sender: Sender
  ) -> DirectOutcome? {
    let isReply = decision.requester >= 0, asked = decision.asked(message), place = decision.place
    guard isReply || recipient.at != decision.requesterAt, let copy = planned(recipient, usesReserved: isReply), isMeant(message, copy)
    else { return nil }
    var transaction = publish(message, copies: 1, place, sender)
    logRequest(message, copy, decision, sender, &transaction)
    log(copy, 0, message, asked: asked, &transaction)
    logSerials(place, sender, &transaction)
    logTail(copy, place, &transaction)
    transaction.commit()
    applyRequest(message, decision, sender)
    apply(copy, 0, message, asked: asked)
    applySerials(place, sender)
    applyTail(copy, place)
    transaction.end()
    var outcome = finish(message, copy, decision, sender)
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
  @inline(__always) private func isMeant(_ message: Outgoing, _ copy: PlannedCopy) -> Bool {
    !message.isRequest || message.to == 0 || message.to == copy.ksock.u32(CSHM_KSOCK_ID)
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
    return transaction
  }

  /// A Request gets its record, and reserves a place for the answer; a Reply ends the record.
  @inline(__always) private func logRequest(
    _ message: Outgoing, _ copy: PlannedCopy, _ decision: Decision, _ sender: Sender, _ transaction: inout ShortTransaction
  ) {
    if message.isRequest {
      let record = decision.request
      record.store64(CSHM_REQUEST_ID, decision.place.id.word)
      record.store64(CSHM_REQUEST_REQUESTER_INCARNATION, sender.own.u64(CSHM_KSOCK_INCARNATION))
      record.store64(CSHM_REQUEST_REPLIER_INCARNATION, copy.ksock.u64(CSHM_KSOCK_INCARNATION))
      record.store64(CSHM_REQUEST_REQUESTER, low: UInt32(truncatingIfNeeded: sender.index), high: copy.ksockIndex)
      record.store64(CSHM_REQUEST_POSITION, copy.tail)
      transaction.set(decision.requestAt &+ CSHM_REQUEST_SEQUENCE, decision.place.sequence)
      transaction.set32(sender.at &+ CSHM_KSOCK_RESERVED, sender.own.u32(CSHM_KSOCK_RESERVED) &+ 1)
    } else if decision.requester >= 0 {
      transaction.set(decision.requestAt &+ CSHM_REQUEST_SEQUENCE, 0)
    }
  }

  @inline(__always) private func applyRequest(_ message: Outgoing, _ decision: Decision, _ sender: Sender) {
    if message.isRequest {
      decision.request.store64(CSHM_REQUEST_SEQUENCE, decision.place.sequence)
      sender.own.store32(CSHM_KSOCK_RESERVED, sender.own.u32(CSHM_KSOCK_RESERVED) &+ 1)
    } else if decision.requester >= 0 {
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

  /// What only the sender writes, and what is to be done without the lock.
  @inline(__always) private func finish(
    _ message: Outgoing, _ copy: PlannedCopy, _ decision: Decision, _ sender: Sender
  ) -> DirectOutcome {
    let own = sender.own
    var outcome = DirectOutcome(id: decision.place.id, requester: decision.requester)
    own.store64(CSHM_KSOCK_LAST_SENT, outcome.id.word)
    if message.isRequest {
      let reserved = own.u32(CSHM_KSOCK_RESERVED)
      if reserved > own.u32(CSHM_KSOCK_RESERVED_MAX) { own.store32(CSHM_KSOCK_RESERVED_MAX, reserved) }
      // If the Replier has a descriptor, its helper is to look whether that stays open.
      if copy.ksock.u32(CSHM_KSOCK_HAS_DESCRIPTOR) != 0, copy.ksock.u32(CSHM_KSOCK_WATCHED) == 0 {
        copy.ksock.store32(CSHM_KSOCK_WATCHED, 1)
        outcome.callsHelpers = true
      }
    } else if decision.requester >= 0 {
      countAnswered(request(Int(decision.requestIndex)), ksock(sender.index))
    }
    return outcome
  }
}

extension Window {
  /// Room for one more message, by what was seen of the reader's progress last, if that will do (K9). Of a Ksock.
  @inline(__always) fileprivate func hasRoom(_ tail: UInt64, _ reserved: UInt32) -> Bool {
    let others = Int(u32(CSHM_KSOCK_URGENT_COUNT)) &+ Int(reserved), most = Int(u32(CSHM_KSOCK_MAX_MESSAGES))
    let put = tail &- u64(CSHM_KSOCK_TOMBSTONES)
    let ring = Int(truncatingIfNeeded: put &- u64(CSHM_KSOCK_PASSED_SEEN))
    if ring >= 0, ring &+ others < most { return true }
    let passed = acquire64(CSHM_KSOCK_PASSED)
    store64(CSHM_KSOCK_PASSED_SEEN, passed)
    return max(0, Int(truncatingIfNeeded: put &- passed)) &+ others < most
  }
}
