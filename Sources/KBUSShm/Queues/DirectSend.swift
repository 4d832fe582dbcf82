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
  /// Where the record of the one recipient is, if there is only one.
  var loneAt = -1
}

/// What is decided of a message before anything changes: its place in the order, and what becomes of the request.
private struct Decision: BitwiseCopyable {
  let line: Window
  let sequence: UInt64
  let serial: UInt32
  let own: Window
  /// The request's record, of a Request or a Reply.
  var request: Window
  var requestAt = 0
  var requestIndex: UInt32 = 0
  /// The requester of a Reply, and where its record is.
  var requester = -1
  var requesterAt = -1
  /// The recipients that get a copy are from this one on.
  var first = 0
}

extension SharedBus {
  /// Sends, under the lock; nil if it has to be done the long way, and then nothing has happened.
  #if hasFeature(Embedded)
    // Once for a message and for those of a batch.
    @inline(never)
  #else
    @inline(__always)
  #endif
  func sendDirectly(
    _ message: Outgoing, _ known: LocalPlace<KnownName>, from sender: KsockRecord
  ) throws(KBusError) -> DirectOutcome? {
    let line = memory.window(geometry.lockLine, CSHM_LOCK_LINE_SIZE)
    if known.value.routing != line.u64(CSHM_LOCK_LINE_ROUTING) { try remember(known, line.u64(CSHM_LOCK_LINE_ROUTING)) }
    guard let decision = decide(message, known, line, sender) else { return nil }
    // Most messages have one recipient.
    let others = known.value.recipientCount &- decision.first
    if decision.requester < 0, others == 1 { return sendOne(message, known.value.recipients[decision.first], decision, sender) }
    if decision.requester >= 0, others == 0 {
      return sendOne(message, KnownName.Recipient(at: decision.requesterAt), decision, sender)
    }
    return sendFew(message, known, decision, sender)
  }

  @inline(__always) private func decide(
    _ message: Outgoing, _ known: LocalPlace<KnownName>, _ line: Window, _ sender: KsockRecord
  ) -> Decision? {
    let own = memory.window(sender.at, CSHM_KSOCK_SIZE)
    guard known.value.isRemembered, message.id.isNone, !message.flags.contains(.urgent), own.u32(CSHM_KSOCK_PENDING) == 0 else {
      return nil
    }
    let last = line.u32(CSHM_LOCK_LINE_LAST_SERIAL)
    var decision = Decision(
      line: line, sequence: line.u64(CSHM_LOCK_LINE_SEQUENCE) &+ 1, serial: last == .max ? 1 : last &+ 1, own: own, request: own)
    if message.isRequest { return decideRequest(message, known, sender, &decision) ? decision : nil }
    decision.first = known.value.hasReplier ? 1 : 0
    if message.isReply { return decideReply(message, &decision) ? decision : nil }
    return decision
  }

  /// A free record where the serial points, and a place for the answer. The Replier is the first of the recipients.
  @inline(__always) private func decideRequest(
    _ message: Outgoing, _ known: LocalPlace<KnownName>, _ sender: KsockRecord, _ decision: inout Decision
  ) -> Bool {
    let index = Int(decision.serial) % geometry.requests.count, own = decision.own
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
    guard memory.u32(geometry.state + CSHM_STATE_PENDING_SENDERS) == 0, requester.u32(CSHM_KSOCK_ID) == message.to, incarnation != 0,
      record.u64(CSHM_REQUEST_ID) == message.inReplyTo.word, record.u64(CSHM_REQUEST_SEQUENCE) != 0,
      record.u64(CSHM_REQUEST_REQUESTER_INCARNATION) == incarnation
    else { return false }
    return record.u32(CSHM_REQUEST_REQUESTER) == UInt32(truncatingIfNeeded: place) && requester.u32(CSHM_KSOCK_RESERVED) != 0
  }

  // Few copies

  @inline(never) private func sendFew(
    _ message: Outgoing, _ known: LocalPlace<KnownName>, _ decision: Decision, _ sender: KsockRecord
  ) -> DirectOutcome? {
    let plan = scratch.plan
    var count = 0
    if decision.requester >= 0 {
      guard let copy = planned(decision.requesterAt, 0, usesReserved: true) else { return nil }
      plan[0] = copy
      count = 1
    }
    for place in decision.first..<known.value.recipientCount {
      let recipient = known.value.recipients[place]
      guard recipient.at != decision.requesterAt, let copy = planned(recipient.at, recipient.binding, usesReserved: false) else {
        return nil
      }
      plan[count] = copy
      count &+= 1
    }
    guard count > 0, isMeant(message, plan.at(0).value) else { return nil }
    var transaction = publish(message, copies: count, decision, sender)
    logRequest(message, plan.at(0).value, known.value.recipients[0].index, decision, sender, &transaction)
    for place in 0..<count { log(plan.at(place).value, place, message, decision, &transaction) }
    logSerials(decision, sender, &transaction)
    for place in 0..<count { logTail(plan.at(place).value, decision, &transaction) }
    transaction.commit()
    applyRequest(message, decision)
    for place in 0..<count { apply(plan.at(place).value, place, message, decision) }
    applySerials(decision, sender)
    for place in 0..<count { applyTail(plan.at(place).value, decision) }
    transaction.end()
    return finish(message, plan.at(0).value, decision, sender)
  }

  // One copy

  @inline(__always) private func sendOne(
    _ message: Outgoing, _ recipient: KnownName.Recipient, _ decision: Decision, _ sender: KsockRecord
  ) -> DirectOutcome? {
    let isReply = decision.requester >= 0
    guard isReply || recipient.at != decision.requesterAt,
      let copy = planned(recipient.at, recipient.binding, usesReserved: isReply), isMeant(message, copy)
    else { return nil }
    var transaction = publish(message, copies: 1, decision, sender)
    logRequest(message, copy, recipient.index, decision, sender, &transaction)
    log(copy, 0, message, decision, &transaction)
    logSerials(decision, sender, &transaction)
    logTail(copy, decision, &transaction)
    transaction.commit()
    applyRequest(message, decision)
    apply(copy, 0, message, decision)
    applySerials(decision, sender)
    applyTail(copy, decision)
    transaction.end()
    var outcome = finish(message, copy, decision, sender)
    outcome.loneAt = copy.ksockAt
    return outcome
  }

  // The parts of both

  /// A copy at the back of a queue; nil if that is not plain.
  @inline(__always) private func planned(_ at: Int, _ binding: UInt64, usesReserved: Bool) -> PlannedCopy? {
    let ksock = memory.window(at, CSHM_KSOCK_SIZE)
    let tail = ksock.u64(CSHM_KSOCK_TAIL), reserved = ksock.u32(CSHM_KSOCK_RESERVED) &- (usesReserved ? 1 : 0)
    let chunk = ksock.u32(CSHM_KSOCK_TAIL_CHUNK)
    guard ksock.hasRoom(tail, reserved), ksock.u64(CSHM_KSOCK_END) &- tail > UInt64(reserved) &+ 1,
      // The last entry of a chunk brings another chunk with it.
      (tail &+ 1) % UInt64(CSHM_CHUNK_ENTRIES) != 0, chunk &- 1 < UInt32(truncatingIfNeeded: geometry.chunks.count)
    else { return nil }
    let entryAt = self.chunk(Int(chunk) &- 1).entry(tail).at
    return PlannedCopy(
      ksock: ksock, ksockAt: at, tail: tail, places: Window.word(reserved, chunk), entry: memory.window(entryAt, CSHM_ENTRY_SIZE),
      entryAt: entryAt, binding: binding)
  }

  /// Whether the Replier is the one that a stateful Request wants.
  @inline(__always) private func isMeant(_ message: Outgoing, _ copy: PlannedCopy) -> Bool {
    !message.isRequest || message.to == 0 || message.to == copy.ksock.u32(CSHM_KSOCK_ID)
  }

  /// What the bus says in the slot, and its holders: direct.
  @inline(__always) private func publish(
    _ message: Outgoing, copies: Int, _ decision: Decision, _ sender: KsockRecord
  ) -> ShortTransaction {
    let transaction = ShortTransaction(self, decision.line, journalOf: sender.index)
    let header = memory.window(message.slot.header, CSHM_SLOT_SIZE)
    header.store64(CSHM_SLOT_SEQUENCE, decision.sequence)
    header.store64(CSHM_SLOT_ID, MessageID(serial: decision.serial).word)
    header.store64(CSHM_SLOT_TO, low: message.to, high: decision.own.u32(CSHM_KSOCK_ID))
    header.store32(CSHM_SLOT_EXTENSIONS, 0)
    transaction.willPublish(slot: message.slot.index)
    header.store64(CSHM_SLOT_HOLDERS, (1 &<< UInt64(truncatingIfNeeded: copies)) &- 1)
    return transaction
  }

  /// A Request gets its record, and reserves a place for the answer; a Reply ends the record.
  @inline(__always) private func logRequest(
    _ message: Outgoing, _ copy: PlannedCopy, _ replier: UInt32, _ decision: Decision, _ sender: KsockRecord,
    _ transaction: inout ShortTransaction
  ) {
    if message.isRequest {
      let record = decision.request
      record.store64(CSHM_REQUEST_ID, MessageID(serial: decision.serial).word)
      record.store64(CSHM_REQUEST_REQUESTER_INCARNATION, decision.own.u64(CSHM_KSOCK_INCARNATION))
      record.store64(CSHM_REQUEST_REPLIER_INCARNATION, copy.ksock.u64(CSHM_KSOCK_INCARNATION))
      record.store64(CSHM_REQUEST_REQUESTER, low: UInt32(truncatingIfNeeded: sender.index), high: replier)
      record.store64(CSHM_REQUEST_POSITION, copy.tail)
      transaction.set(decision.requestAt &+ CSHM_REQUEST_SEQUENCE, decision.sequence)
      transaction.set32(sender.at &+ CSHM_KSOCK_RESERVED, decision.own.u32(CSHM_KSOCK_RESERVED) &+ 1)
    } else if decision.requester >= 0 {
      transaction.set(decision.requestAt &+ CSHM_REQUEST_SEQUENCE, 0)
    }
  }

  @inline(__always) private func applyRequest(_ message: Outgoing, _ decision: Decision) {
    if message.isRequest {
      decision.request.store64(CSHM_REQUEST_SEQUENCE, decision.sequence)
      decision.own.store32(CSHM_KSOCK_RESERVED, decision.own.u32(CSHM_KSOCK_RESERVED) &+ 1)
    } else if decision.requester >= 0 {
      decision.request.store64(CSHM_REQUEST_SEQUENCE, 0)
    }
  }

  /// The second and third word of an entry: slot and holder, marks and request.
  @inline(__always) private static func words(_ place: Int, _ message: Outgoing, _ decision: Decision) -> (UInt64, UInt64) {
    let slot = Window.word(UInt32(truncatingIfNeeded: message.slot.index &+ 1), UInt32(truncatingIfNeeded: place))
    guard place == 0, message.isRequest else { return (slot, Window.word(UInt32(CSHM_ENTRY_MESSAGE), 0)) }
    return (slot, Window.word(UInt32(CSHM_ENTRY_MESSAGE) | UInt32(CSHM_ENTRY_YOURS), decision.requestIndex &+ 1))
  }

  @inline(__always) private func log(
    _ copy: PlannedCopy, _ place: Int, _ message: Outgoing, _ decision: Decision, _ transaction: inout ShortTransaction
  ) {
    let (slot, marks) = Self.words(place, message, decision)
    transaction.set(copy.entryAt, copy.binding, slot, marks, copy.tail &+ 1)
  }

  /// All at once, the stamp last: the reader may be looking at it.
  @inline(__always) private func apply(_ copy: PlannedCopy, _ place: Int, _ message: Outgoing, _ decision: Decision) {
    let (slot, marks) = Self.words(place, message, decision)
    copy.entry.store64(CSHM_ENTRY_BINDING, copy.binding)
    copy.entry.store64(CSHM_ENTRY_SLOT, slot)
    copy.entry.store64(CSHM_ENTRY_META, marks)
    copy.entry.store64(CSHM_ENTRY_STAMP, copy.tail &+ 1)
  }

  @inline(__always) private func logSerials(_ decision: Decision, _ sender: KsockRecord, _ transaction: inout ShortTransaction) {
    let serials = Window.word(decision.serial, UInt32(truncatingIfNeeded: sender.index &+ 1))
    transaction.set(geometry.lockLine &+ CSHM_LOCK_LINE_SEQUENCE, decision.sequence, serials)
  }

  /// The number of our journal stands beside the last serial.
  @inline(__always) private func applySerials(_ decision: Decision, _ sender: KsockRecord) {
    decision.line.store64(CSHM_LOCK_LINE_SEQUENCE, decision.sequence)
    decision.line.store64(CSHM_LOCK_LINE_LAST_SERIAL, low: decision.serial, high: UInt32(truncatingIfNeeded: sender.index &+ 1))
  }

  @inline(__always) private func logTail(_ copy: PlannedCopy, _ decision: Decision, _ transaction: inout ShortTransaction) {
    transaction.set(copy.ksockAt &+ CSHM_KSOCK_TAIL, copy.tail &+ 1, MessageID(serial: decision.serial).word, copy.places)
  }

  @inline(__always) private func applyTail(_ copy: PlannedCopy, _ decision: Decision) {
    copy.ksock.store64(CSHM_KSOCK_TAIL, copy.tail &+ 1)
    copy.ksock.store64(CSHM_KSOCK_LAST_PUSHED, MessageID(serial: decision.serial).word)
    copy.ksock.store64(CSHM_KSOCK_RESERVED, copy.places)
  }

  /// What only the sender writes, and what is to be done without the lock.
  @inline(__always) private func finish(
    _ message: Outgoing, _ copy: PlannedCopy, _ decision: Decision, _ sender: KsockRecord
  ) -> DirectOutcome {
    let own = decision.own
    var outcome = DirectOutcome(id: MessageID(serial: decision.serial), requester: decision.requester)
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
      countAnswered(request(Int(decision.requestIndex)), sender)
    }
    return outcome
  }

  /// Finds the recipients of a name, and remembers them if they are few and each is there once.
  @inline(never) private func remember(_ known: LocalPlace<KnownName>, _ routing: UInt64) throws(KBusError) {
    known.value.routing = .max
    known.value.isRemembered = false
    let route = try route(known.value.span, known.value.key, wantsReplier: true, "send")
    let most = KnownName.mostRecipients
    var count = 0
    if let replier = route.replier {
      known.value.recipients[0] = try recipient(replier)
      count = 1
    }
    known.value.hasReplier = count == 1
    if count + route.listeners <= most {
      for place in 0..<route.listeners {
        known.value.recipients[count] = try recipient(Int(scratch.recipients[place]))
        count += 1
      }
      known.value.recipientCount = count
      known.value.isRemembered = areDifferent(known, count)
    }
    known.value.routing = routing
  }

  private func areDifferent(_ known: LocalPlace<KnownName>, _ count: Int) -> Bool {
    for place in 0..<count {
      for other in 0..<place where known.value.recipients[place].at == known.value.recipients[other].at { return false }
    }
    return true
  }

  private func recipient(_ binding: Int) throws(KBusError) -> KnownName.Recipient {
    let record = self.binding(binding), ksock = try ksock(checking: record.ksock, "send")
    return KnownName.Recipient(at: ksock.at, index: record.ksock, bindingIndex: UInt32(binding), binding: record.sequence)
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
