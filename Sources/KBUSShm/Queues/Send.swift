// SEND, in the order that the specification fixes (section 11): the order decides which error wins.
//
// Everything here happens under the bus lock and is one transaction. Checks come first and change nothing; then copies are
// written where nobody looks yet, and one commit makes them all visible.

internal import CShm

/// A message on its way out. Its slot is filled, but for what the bus itself says in the header.
struct Outgoing: BitwiseCopyable {
  let slot: OwnSlot
  let name: NameReference
  let flags: MessageFlags
  let to: UInt32
  private let inReplyToWord: UInt64
  private var idWord: UInt64

  @inline(__always) init(_ slot: OwnSlot, _ name: NameReference, _ header: OutgoingHeader) {
    self.slot = slot
    self.name = name
    flags = header.flags
    to = header.to
    inReplyToWord = header.inReplyTo.word
    idWord = header.id.network == 0 ? 0 : header.id.word
  }

  /// The id, once it has been given out, or from another network; a retry keeps it.
  var id: MessageID {
    get { MessageID(word: idWord) }
    set { idWord = newValue.word }
  }
  var inReplyTo: MessageID { MessageID(word: inReplyToWord) }

  @inline(__always) var isRequest: Bool { flags.contains(.wantAReply) }
  @inline(__always) var isReply: Bool { inReplyToWord != 0 }
  /// An announcement to go to the back of queues, with an id that the bus gives it.
  @inline(__always) var isPlain: Bool {
    idWord | inReplyToWord | UInt64(flags.rawValue & (MessageFlags.urgent.rawValue | MessageFlags.wantAReply.rawValue)) == 0
  }
}

/// What a send came to.
enum SendOutcome {
  /// Delivered; the slot is now the recipients', unless there were none.
  case sent(recipients: Int)
  /// Somebody has no room: to be tried again.
  case wait(KBusError)
  /// Refused; the message is lost.
  case refused(KBusError)
}

/// Whom a message goes to, once every check has passed: indices only, since this is handed around.
private struct Recipients: BitwiseCopyable {
  /// How many there are in `Scratch.recipients`.
  var listeners = 0
  var requester: Int32 = -1
  var answered: Int32 = -1
  var replier: Int32 = -1
  var replierBinding: Int32 = -1

  var most: Int { listeners + 2 }
}

/// Why a message can't be delivered, now or ever.
private struct Refusal {
  let error: KBusError
  let waits: Bool
}

extension SharedBus {
  /// Sends, under the lock.
  func send(
    _ outgoing: inout Outgoing, _ known: LocalPlace<KnownName>, from sender: KsockRecord, _ rings: inout Rings
  ) throws(KBusError) -> SendOutcome {
    // On a throw nothing has happened, and no id has been given out.
    var message = outgoing
    let outcome = try sendOnce(&message, known, from: sender, &rings)
    outgoing.id = message.id
    return outcome
  }

  private func sendOnce(
    _ message: inout Outgoing, _ known: LocalPlace<KnownName>, from sender: KsockRecord, _ rings: inout Rings
  ) throws(KBusError) -> SendOutcome {
    var serials = Serials(self)
    let slot = slot(message.slot.index)
    if message.id.isNone { message.id = serials.next() }
    var recipients = Recipients()
    if let refusal = try decide(message, known, slot, &recipients) {
      guard refusal.waits else {
        record(message, serials, sender, pending: false)
        return .refused(refusal.error)
      }
      try wantRoom(recipients, message, serials, sender)
      // Room may have appeared between our look and our flag (SYNC room: pairs with the take's exchange of head).
      cshm_fence()
      guard try decide(message, known, slot, &recipients) == nil else { return .wait(refusal.error) }
      serials = Serials(self)
    }
    return .sent(recipients: try deliver(message, slot, to: recipients, from: sender, &serials, &rings))
  }

  // Steps 7 to 13: checks

  private func decide(
    _ message: Outgoing, _ known: LocalPlace<KnownName>, _ slot: SlotRecord, _ recipients: inout Recipients
  ) throws(KBusError) -> Refusal? {
    recipients = Recipients()
    let flags = message.flags, to = message.to
    let route = try route(known.value.span, known.value.key, wantsReplier: message.isRequest, "send")
    recipients.listeners = route.listeners
    if message.isRequest {
      guard let replier = route.replier else { return Refusal(error: .noReplier(try slot.messageName("send")), waits: false) }
      recipients.replierBinding = Int32(replier)
      recipients.replier = Int32(try ksock(checking: binding(replier).ksock, "send").index)
    }
    if message.isReply {
      guard let requester = ksock(id: to) else { return Refusal(error: .noRequester(to), waits: false) }
      guard let answered = findRequest(message.inReplyTo, requester: requester) else {
        return Refusal(error: .notWaitedFor(message.inReplyTo, to), waits: false)
      }
      recipients.requester = Int32(requester.index)
      recipients.answered = Int32(answered.index)
      if requester.isFullForReply { return full(requester, "requester", flags) }
    }
    if recipients.replier >= 0 {
      let replier = ksock(Int(recipients.replier))
      guard to == 0 || to == replier.id else {
        return Refusal(error: .anotherReplier(try slot.messageName("send"), wanted: to, found: replier.id), waits: false)
      }
      if replier.isFull { return full(replier, "Replier", flags) }
    }
    if !flags.isDisjoint(with: [.allOrFail, .allOrWait]) {
      for place in 0..<recipients.listeners {
        let listener = try ksock(checking: binding(Int(scratch.recipients[place])).ksock, "send")
        if listener.isFull { return full(listener, "listener", flags) }
      }
    }
    return nil
  }

  private func full(_ ksock: KsockRecord, _ what: StaticString, _ flags: MessageFlags) -> Refusal {
    let error = KBusError.recipientFull(ksock, what), waits = flags.contains(.allOrWait)
    return Refusal(error: waits ? .pending(error) : error, waits: waits)
  }

  // Failing: the id has been used up all the same (section 3)

  private func record(_ message: Outgoing, _ serials: Serials, _ sender: KsockRecord, pending: Bool) {
    var transaction = Transaction(self, journalOf: sender.index)
    serials.log(&transaction)
    setPending(pending, sender, &transaction)
    transaction.commit()
    memory.store64(sender.at + CSHM_KSOCK_LAST_SENT, message.id.word)
  }

  /// Notes whether a message of this Ksock waits for room.
  func setPending(_ pending: Bool, _ sender: KsockRecord, _ transaction: inout Transaction) {
    guard (sender.pending != 0) != pending else { return }
    let count = memory.u32(geometry.state + CSHM_STATE_PENDING_SENDERS)
    transaction.set(sender.at + CSHM_KSOCK_PENDING, pending ? 1 : 0 as UInt32)
    transaction.set(geometry.state + CSHM_STATE_PENDING_SENDERS, pending ? count &+ 1 : count &- 1)
  }

  /// Asks whoever has no room to ring us when there is some.
  private func wantRoom(
    _ recipients: Recipients, _ message: Outgoing, _ serials: Serials, _ sender: KsockRecord
  ) throws(KBusError) {
    record(message, serials, sender, pending: true)
    var transaction = Transaction(self, journalOf: nil)
    if recipients.requester >= 0, ksock(Int(recipients.requester)).isFullForReply {
      ksock(Int(recipients.requester)).askForRoom(&transaction)
    }
    if recipients.replier >= 0, ksock(Int(recipients.replier)).isFull { ksock(Int(recipients.replier)).askForRoom(&transaction) }
    for place in 0..<recipients.listeners {
      let listener = try ksock(checking: binding(Int(scratch.recipients[place])).ksock, "send")
      if listener.isFull { listener.askForRoom(&transaction) }
    }
    transaction.commit()
  }

  // Step 14: delivery

  private func deliver(
    _ message: Outgoing, _ slot: SlotRecord, to recipients: Recipients, from sender: KsockRecord, _ serials: inout Serials,
    _ rings: inout Rings
  ) throws(KBusError) -> Int {
    // Few recipients fit the sender's own journal, which stays in its cache.
    var transaction = Transaction(self, journalOf: recipients.most <= 8 ? sender.index : nil)
    var deliveries = Deliveries(self)
    var copies = Copies(message, sequence: serials.nextSequence())
    if message.flags.contains(.urgent) {
      try copies.addUrgent(recipients, self, &deliveries, &transaction, sender)
    } else {
      try copies.add(recipients, self, &deliveries, &transaction, sender)
    }
    serials.log(&transaction)
    setPending(false, sender, &transaction)
    deliveries.log(&transaction)
    if copies.count > 0 {
      let extensions = try findExtensions(copies: copies.count, "send")
      slot.stamp(id: message.id, from: sender.id, sequence: serials.sequence)
      transaction.willPublish(slot: slot.index)
      setHolders(slot, copies.count, extensions: extensions)
    }
    transaction.commit()
    memory.store64(sender.at + CSHM_KSOCK_LAST_SENT, message.id.word)
    if recipients.answered >= 0 { countAnswered(request(Int(recipients.answered)), sender) }
    deliveries.ring(&rings)
    if recipients.replier >= 0 {
      let replier = ksock(Int(recipients.replier))
      if mustBeWatched(replier.window) { rings.addHelper(of: replier) }
    }
    if recipients.answered >= 0 { ringPending(&rings) }
    return copies.count
  }
}

extension SharedBus {
  /// One less of those that the sender has taken and not answered.
  func countAnswered(_ answered: RequestRecord, _ sender: KsockRecord) {
    guard sender.index == Int(answered.replier), sender.incarnation == answered.replierIncarnation, answered.isPopped(head: sender.head)
    else { return }
    memory.store32(sender.at + CSHM_KSOCK_STRUCK, sender.struck &+ 1)
  }
}

extension KsockRecord {
  /// The next take is to ring whoever has a message pending.
  fileprivate func askForRoom(_ transaction: inout Transaction) {
    guard special & UInt32(CSHM_SPECIAL_ROOM_WANTED) == 0 else { return }
    transaction.set(at + CSHM_KSOCK_SPECIAL, special | UInt32(CSHM_SPECIAL_ROOM_WANTED))
  }
}

/// The copies of one message, as they are written.
private struct Copies {
  private let message: Outgoing
  private let sequence: UInt64
  private(set) var count = 0

  @inline(__always) init(_ message: Outgoing, sequence: UInt64) {
    self.message = message
    self.sequence = sequence
  }

  private var id: UInt64 { message.id.word }

  /// Requester, Replier, then listeners, newest binding first.
  mutating func add(
    _ recipients: Recipients, _ bus: SharedBus, _ deliveries: inout Deliveries, _ transaction: inout Transaction,
    _ sender: KsockRecord
  ) throws(KBusError) {
    if recipients.requester >= 0 {
      let requester = bus.ksock(Int(recipients.requester))
      try settle(bus.request(Int(recipients.answered)), requester, &deliveries, &transaction)
      _ = try deliveries.push(next(), id: id, to: requester, &transaction, "send")
    }
    if recipients.replier >= 0 {
      let replier = bus.ksock(Int(recipients.replier)), binding = bus.binding(Int(recipients.replierBinding))
      let record = try bus.findFreeRequest(message.id, "send")
      let position = try deliveries.push(
        next(binding: binding.sequence, request: record), id: id, to: replier, &transaction, "send")
      try open(record, replier, position, sender, &deliveries, &transaction)
    }
    for place in 0..<recipients.listeners {
      let binding = bus.binding(Int(bus.scratch.recipients[place]))
      let listener = try bus.ksock(checking: binding.ksock, "send")
      guard accepts(listener, bus, &deliveries) else { continue }
      _ = try deliveries.push(next(binding: binding.sequence), id: id, to: listener, &transaction, "send")
    }
  }

  /// In front of everything, so in the other order: the copy that asks for a reply, or is one, comes out first.
  mutating func addUrgent(
    _ recipients: Recipients, _ bus: SharedBus, _ deliveries: inout Deliveries, _ transaction: inout Transaction,
    _ sender: KsockRecord
  ) throws(KBusError) {
    // Who gets a copy is decided in the usual order, since "only once" keeps the first.
    for index in [recipients.requester, recipients.replier] where index >= 0 {
      bus.scratch.ends[deliveries.end(of: bus.ksock(Int(index)))].lastPushed = id
    }
    var chosen = 0
    for place in 0..<recipients.listeners {
      let listener = try bus.ksock(checking: bus.binding(Int(bus.scratch.recipients[place])).ksock, "send")
      guard accepts(listener, bus, &deliveries) else { continue }
      bus.scratch.ends[deliveries.end(of: listener)].lastPushed = id
      bus.scratch.merged[chosen] = bus.scratch.recipients[place]
      chosen += 1
    }
    for place in stride(from: chosen - 1, through: 0, by: -1) {
      let binding = bus.binding(Int(bus.scratch.merged[place]))
      let listener = try bus.ksock(checking: binding.ksock, "send")
      try deliveries.pushUrgent(next(binding: binding.sequence), id: id, to: listener, &transaction, "send")
    }
    if recipients.replier >= 0 {
      let replier = bus.ksock(Int(recipients.replier)), binding = bus.binding(Int(recipients.replierBinding))
      let record = try bus.findFreeRequest(message.id, "send")
      try deliveries.pushUrgent(next(binding: binding.sequence, request: record), id: id, to: replier, &transaction, "send")
      try open(record, replier, CSHM_URGENT_QUEUED, sender, &deliveries, &transaction)
    }
    if recipients.requester >= 0 {
      let requester = bus.ksock(Int(recipients.requester))
      try settle(bus.request(Int(recipients.answered)), requester, &deliveries, &transaction)
      try deliveries.pushUrgent(next(), id: id, to: requester, &transaction, "send")
    }
  }

  /// The next copy; each has a holder bit of its own.
  private mutating func next(binding: UInt64 = 0, request: RequestRecord? = nil) -> Copy {
    let copy = Copy(
      kind: UInt32(CSHM_ENTRY_MESSAGE) | (request == nil ? 0 : UInt32(CSHM_ENTRY_YOURS)), slot: UInt32(message.slot.index) + 1,
      holder: UInt32(count), binding: binding, request: request.map { UInt32($0.index) + 1 } ?? 0)
    count += 1
    return copy
  }

  /// Whether a listener copy is put in its queue: not if it is full, nor a second time if it wants messages only once.
  private func accepts(_ listener: KsockRecord, _ bus: SharedBus, _ deliveries: inout Deliveries) -> Bool {
    if listener.isFull {
      bus.scratch.ends[deliveries.end(of: listener)].missed &+= 1
      bus.noteBacklog(of: listener)
      return false
    }
    return listener.onlyOnce == 0 || bus.scratch.ends[deliveries.end(of: listener)].lastPushed != id
  }

  /// The request is answered: its reserved place becomes the reply's.
  @inline(never) private func settle(
    _ answered: RequestRecord, _ requester: KsockRecord, _ deliveries: inout Deliveries, _ transaction: inout Transaction
  ) throws(KBusError) {
    transaction.set(answered.at + CSHM_REQUEST_SEQUENCE, 0 as UInt64)
    try deliveries.reserve(-1, at: requester, &transaction, "send")
  }

  /// The request awaits its answer, and a place for it is reserved.
  @inline(never) private func open(
    _ record: RequestRecord, _ replier: KsockRecord, _ position: UInt64, _ sender: KsockRecord,
    _ deliveries: inout Deliveries, _ transaction: inout Transaction
  ) throws(KBusError) {
    record.write(id: message.id, requester: sender, replier: replier, position: position)
    transaction.set(record.at + CSHM_REQUEST_SEQUENCE, sequence)
    try deliveries.reserve(1, at: sender, &transaction, "send")
  }
}
