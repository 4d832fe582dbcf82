// SEND where nothing is out of the ordinary: recipients that are remembered from the last message of that name, few, each there
// once, all with room, and copies that go to the back of their queues. Everything else is for `Send`, which checks in the
// order that the specification fixes; here all checks must hold, so their order is of no account.
//
// The transaction is the same, but written out: what it stores it knows beforehand, and stores itself once it has committed.

internal import CShm

/// Where one copy goes.
struct PlannedCopy: BitwiseCopyable {
  fileprivate let ksock: Window
  fileprivate let ksockAt: Int
  fileprivate let tail: UInt64
  /// After the push.
  fileprivate let reserved: UInt32
  fileprivate let tailChunk: UInt32
  fileprivate let entry: Window
  fileprivate let entryAt: Int
  fileprivate let binding: UInt64
}

/// What a direct send came to.
struct DirectOutcome: BitwiseCopyable {
  var id: MessageID
  /// The index of the requester, if the message was a Reply.
  var requester: Int?
  /// The Replier's helper is to look after its descriptor.
  var callsHelpers = false
}

/// What a Request or a Reply changes beside the queues.
private struct RequestChange {
  var record: Window
  var recordAt: Int
  var index: UInt32
  var requester: Window
  var requesterAt: Int
}

extension SharedBus {
  /// Sends, under the lock; nil if it has to be done the long way, and then nothing has happened.
  @inline(__always) func sendDirectly(
    _ message: Outgoing, _ known: LocalPlace<KnownName>, _ slot: SlotRecord, from sender: KsockRecord, _ incarnation: UInt64
  ) throws(KBusError) -> DirectOutcome? {
    let line = memory.window(geometry.lockLine, CSHM_LOCK_LINE_SIZE)
    guard message.id.isNone, !message.flags.contains(.urgent) else { return nil }
    if known.value.routing != line.u64(CSHM_LOCK_LINE_ROUTING) {
      try remember(known, line.u64(CSHM_LOCK_LINE_ROUTING))
    }
    guard known.value.isRemembered else { return nil }
    let own = memory.window(sender.at, CSHM_KSOCK_SIZE)
    guard own.u32(CSHM_KSOCK_PENDING) == 0 else { return nil }

    // Plan.
    let serial = nextSerial(line), sequence = line.u64(CSHM_LOCK_LINE_SEQUENCE) &+ 1
    var count = 0
    var change: RequestChange?
    var first = known.value.hasReplier ? 1 : 0
    if message.isRequest {
      guard first == 1, let found = planRequest(message, serial, sender, own) else { return nil }
      change = found
      first = 0
    } else if message.isReply {
      guard let found = planReply(message) else { return nil }
      change = found
      count = 1
    }
    let barred = change?.requesterAt ?? -1
    for place in first..<known.value.recipientCount {
      let recipient = known.value.recipients[place]
      guard recipient.at != barred, plan(recipient.at, recipient.binding, at: count) else { return nil }
      count &+= 1
    }
    guard count > 0 else { return nil }
    let plan = scratch.plan
    if message.isRequest, message.to != 0, message.to != plan.at(0).value.ksock.u32(CSHM_KSOCK_ID) { return nil }

    // The slot: direct.
    var transaction = ShortTransaction(self, line, journalOf: sender.index)
    let header = memory.window(slot.at, CSHM_SLOT_SIZE)
    let id = MessageID(serial: serial)
    header.store64(CSHM_SLOT_SEQUENCE, sequence)
    header.store64(CSHM_SLOT_ID, id.word)
    header.store32(CSHM_SLOT_FROM, sender.id)
    transaction.willPublish(slot: slot.index)
    header.store64(CSHM_SLOT_HOLDERS, (1 << UInt64(count)) &- 1)

    // Log.
    let slotWord = UInt32(truncatingIfNeeded: slot.index &+ 1)
    let serials = Window.word(serial, UInt32(truncatingIfNeeded: sender.index &+ 1))
    if let change, message.isRequest {
      let position = plan.at(0).value.tail, replier = known.value.recipients[0].index
      change.record.writeRequest(id, requester: sender, own, replier: plan.at(0).value.ksock, index: replier, position)
      transaction.set(change.recordAt + CSHM_REQUEST_SEQUENCE, sequence)
      transaction.set32(sender.at + CSHM_KSOCK_RESERVED, own.u32(CSHM_KSOCK_RESERVED) &+ 1)
    } else if let change {
      transaction.set(change.recordAt + CSHM_REQUEST_SEQUENCE, 0)
    }
    for place in 0..<count {
      let copy = plan.at(place)
      let (meta, request) = Self.marks(place, message, change)
      transaction.set(
        copy.value.entryAt, copy.value.binding, Window.word(slotWord, UInt32(truncatingIfNeeded: place)),
        Window.word(meta, request), copy.value.tail &+ 1)
    }
    transaction.set(geometry.lockLine + CSHM_LOCK_LINE_SEQUENCE, sequence, serials)
    for place in 0..<count {
      let copy = plan.at(place)
      transaction.set(
        copy.value.ksockAt + CSHM_KSOCK_TAIL, copy.value.tail &+ 1, id.word,
        Window.word(copy.value.reserved, copy.value.tailChunk))
    }
    transaction.commit()

    // Apply, in the same order.
    if let change, message.isRequest {
      change.record.store64(CSHM_REQUEST_SEQUENCE, sequence)
      own.store32(CSHM_KSOCK_RESERVED, own.u32(CSHM_KSOCK_RESERVED) &+ 1)
    } else if let change {
      change.record.store64(CSHM_REQUEST_SEQUENCE, 0)
    }
    for place in 0..<count {
      let copy = plan.at(place), entry = copy.value.entry
      let (meta, request) = Self.marks(place, message, change)
      entry.store64(CSHM_ENTRY_BINDING, copy.value.binding)
      entry.store64(CSHM_ENTRY_SLOT, low: slotWord, high: UInt32(truncatingIfNeeded: place))
      entry.store64(CSHM_ENTRY_META, low: meta, high: request)
      entry.store64(CSHM_ENTRY_STAMP, copy.value.tail &+ 1)
    }
    line.store64(CSHM_LOCK_LINE_SEQUENCE, sequence)
    line.store64(CSHM_LOCK_LINE_LAST_SERIAL, serials)
    for place in 0..<count {
      let copy = plan.at(place), ksock = copy.value.ksock
      ksock.store64(CSHM_KSOCK_TAIL, copy.value.tail &+ 1)
      ksock.store64(CSHM_KSOCK_LAST_PUSHED, id.word)
      ksock.store64(CSHM_KSOCK_RESERVED, low: copy.value.reserved, high: copy.value.tailChunk)
    }
    transaction.end()

    // What only we write.
    own.store64(CSHM_KSOCK_LAST_SENT, id.word)
    var outcome = DirectOutcome(id: id)
    if let change {
      if message.isRequest {
        let reserved = own.u32(CSHM_KSOCK_RESERVED)
        if reserved > own.u32(CSHM_KSOCK_RESERVED_MAX) { own.store32(CSHM_KSOCK_RESERVED_MAX, reserved) }
        outcome.callsHelpers = Self.watch(plan.at(0).value.ksock)
      } else {
        countAnswered(request(Int(change.index)), sender)
        outcome.requester = Int(message.to) % geometry.ksocks.count
      }
    }
    for place in 0..<count { plan.at(place).value.ksock.ring() }
    return outcome
  }

  /// The marks of a copy: the Replier's asks for the answer.
  @inline(__always) private static func marks(_ place: Int, _ message: Outgoing, _ change: RequestChange?) -> (UInt32, UInt32) {
    guard place == 0, message.isRequest, let change else { return (UInt32(CSHM_ENTRY_MESSAGE), 0) }
    return (UInt32(CSHM_ENTRY_MESSAGE) | UInt32(CSHM_ENTRY_YOURS), change.index &+ 1)
  }

  @inline(__always) private func nextSerial(_ line: Window) -> UInt32 {
    let last = line.u32(CSHM_LOCK_LINE_LAST_SERIAL)
    return last == .max ? 1 : last &+ 1
  }

  /// Plans a copy at the back of a queue; false if that is not plain.
  @inline(__always) private func plan(_ at: Int, _ binding: UInt64, at place: Int, usesReserved: Bool = false) -> Bool {
    let ksock = memory.window(at, CSHM_KSOCK_SIZE)
    let tail = ksock.u64(CSHM_KSOCK_TAIL), reserved = ksock.u32(CSHM_KSOCK_RESERVED) &- (usesReserved ? 1 : 0)
    let chunk = ksock.u32(CSHM_KSOCK_TAIL_CHUNK)
    guard ksock.hasRoom(tail, reserved), ksock.u64(CSHM_KSOCK_END) &- tail > UInt64(reserved) &+ 1,
      // The last entry of a chunk brings another chunk with it.
      (tail &+ 1) % UInt64(CSHM_CHUNK_ENTRIES) != 0, chunk &- 1 < UInt32(truncatingIfNeeded: geometry.chunks.count)
    else { return false }
    let entryAt = self.chunk(Int(chunk) &- 1).entry(tail).at
    let copy = PlannedCopy(
      ksock: ksock, ksockAt: at, tail: tail, reserved: reserved, tailChunk: chunk, entry: memory.window(entryAt, CSHM_ENTRY_SIZE),
      entryAt: entryAt, binding: binding)
    scratch.plan[place] = copy
    return true
  }

  /// A free record where the serial points, and a place for the answer.
  @inline(__always) private func planRequest(_ message: Outgoing, _ serial: UInt32, _ sender: KsockRecord, _ own: Window) -> RequestChange?
  {
    let index = Int(serial) % geometry.requests.count, at = geometry.requests.at(index)
    let record = memory.window(at, CSHM_REQUEST_SIZE), reserved = own.u32(CSHM_KSOCK_RESERVED), tail = own.u64(CSHM_KSOCK_TAIL)
    guard record.u64(CSHM_REQUEST_SEQUENCE) == 0, own.hasRoom(tail, reserved), own.u64(CSHM_KSOCK_END) &- tail > UInt64(reserved) &+ 1
    else { return nil }
    return RequestChange(record: record, recordAt: at, index: UInt32(truncatingIfNeeded: index), requester: own, requesterAt: sender.at)
  }

  /// The record of the request where its serial points, and its requester where the id points; plans the requester's copy.
  @inline(__always) private func planReply(_ message: Outgoing) -> RequestChange? {
    guard memory.u32(geometry.state + CSHM_STATE_PENDING_SENDERS) == 0 else { return nil }
    let place = Int(message.to) % geometry.ksocks.count, requesterAt = geometry.ksocks.at(place)
    let index = Int(message.inReplyTo.serial) % geometry.requests.count, at = geometry.requests.at(index)
    let requester = memory.window(requesterAt, CSHM_KSOCK_SIZE), record = memory.window(at, CSHM_REQUEST_SIZE)
    let incarnation = requester.u64(CSHM_KSOCK_INCARNATION)
    guard requester.u32(CSHM_KSOCK_ID) == message.to, incarnation != 0, record.u64(CSHM_REQUEST_ID) == message.inReplyTo.word,
      record.u64(CSHM_REQUEST_SEQUENCE) != 0, record.u64(CSHM_REQUEST_REQUESTER_INCARNATION) == incarnation,
      record.u32(CSHM_REQUEST_REQUESTER) == UInt32(truncatingIfNeeded: place), requester.u32(CSHM_KSOCK_RESERVED) != 0,
      plan(requesterAt, 0, at: 0, usesReserved: true)
    else { return nil }
    return RequestChange(
      record: record, recordAt: at, index: UInt32(truncatingIfNeeded: index), requester: requester, requesterAt: requesterAt)
  }

  /// Somebody waits for an answer: if the Replier has a descriptor, its helper is to look whether that stays open.
  @inline(__always) private static func watch(_ replier: Window) -> Bool {
    guard replier.u32(CSHM_KSOCK_HAS_DESCRIPTOR) != 0, replier.u32(CSHM_KSOCK_WATCHED) == 0 else { return false }
    replier.store32(CSHM_KSOCK_WATCHED, 1)
    return true
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

  /// Adds one to the bell of a Ksock: atomic, since its own threads ring it without the lock.
  @inline(__always) fileprivate func ring() { add32(CSHM_KSOCK_BELL, 1) }

  /// All of a request record but the sequence, which makes it count.
  @inline(__always) fileprivate func writeRequest(
    _ id: MessageID, requester: KsockRecord, _ own: Window, replier: Window, index: UInt32, _ position: UInt64
  ) {
    store64(CSHM_REQUEST_ID, id.word)
    store64(CSHM_REQUEST_REQUESTER_INCARNATION, own.u64(CSHM_KSOCK_INCARNATION))
    store64(CSHM_REQUEST_REPLIER_INCARNATION, replier.u64(CSHM_KSOCK_INCARNATION))
    store64(CSHM_REQUEST_REQUESTER, low: UInt32(truncatingIfNeeded: requester.index), high: index)
    store64(CSHM_REQUEST_POSITION, position)
  }
}
