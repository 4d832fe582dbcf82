// Request and reply in one call: sends a Request and waits for its one answer, wherever in the queue it comes.
//
// Messages queued before the answer stay where they are, in order and counted. Threads that await answers are known to every
// take of the Ksock, so an answer that another thread comes upon is handed over (`awaited`).

internal import CShm

/// An answer that a thread waits for; guarded by takeLock.
struct AwaitedReply {
  let id: MessageID
  /// It is not one thread's: whoever asks for the next answer gets it.
  let isAnybodys: Bool
  /// Handed over by another thread that came upon it.
  var taken: Taken?
  /// Positions before this have been looked at.
  var scanned: UInt64 = 0
  /// Where the entry for that position is.
  var place = 0
}

extension Ksock {
  /// Sends a Request and waits for its answer: the Reply, or a Status if the bus answers in place of the Replier.
  ///
  /// **Blocking:** until answered or the deadline. **Errors:** those of `send`, and `timedOut`: then the place reserved for
  /// the answer is given back, and a late reply is refused with ECONNREFUSED.
  public func request(_ request: some OutgoingMessage, within limit: Duration) throws(KBusError) -> Message {
    var message = request.message
    message.flags.insert(.wantAReply)
    return try self.request(message.name, within: limit) { () throws(KBusError) in try send(message) }.copy()
  }

  /// Sends a Request by `send`, which is called once, and waits for its answer in place. Nil as the limit waits for ever.
  func request(
    _ name: MessageName, within limit: Duration?, send: () throws(KBusError) -> MessageID
  ) throws(KBusError) -> ReceivedMessage {
    let deadline = Deadline.after(limit)
    let wasCounted = goInside()
    defer { comeOut(wasCounted) }
    let id = try sendAwaited(send)
    var taken: Taken?
    do throws(KBusError) {
      taken = try awaitReply(id, deadline)
      if taken == nil { taken = try giveUpWaiting(for: id) }
    } catch {
      // Nobody waits for it any more.
      if let late = try? giveUpWaiting(for: id) { release(late.hold) }
      throw error
    }
    guard let taken else { throw .timedOut("request", name) }
    return try ReceivedMessage(taken, of: self)
  }

  /// Nil when the time is up.
  private func awaitReply(_ id: MessageID, _ deadline: Deadline) throws(KBusError) -> Taken? {
    while true {
      if let taken = try takeReplySpinning(id, deadline) { return taken }
      if deadline.isPast { return nil }
      let taken = try sleep(until: deadline) { () throws(KBusError) -> Taken? in
        if let taken = try takeAnswer(id) { return taken }
        leaveToOthers()
        return nil
      }
      if let taken { return taken }
    }
  }

  /// Sends a Request with this payload and waits for its answer.
  public func request(_ name: MessageName, _ data: [UInt8], within limit: Duration) throws(KBusError) -> Message {
    try request(Request(name, data), within: limit)
  }

  /// Sends a Request with this text and waits for its answer.
  public func request(_ name: MessageName, _ text: String = "", within limit: Duration) throws(KBusError) -> Message {
    try request(Request(name, text), within: limit)
  }

  /// Answers a Request that was read in place.
  ///
  /// **Errors:** `notOursToAnswer` unless this copy asks its reader to reply, and those of `send`.
  @discardableResult
  public func reply(to request: borrowing ReceivedMessage, _ data: [UInt8] = []) throws(KBusError) -> MessageID {
    let loan = try loan(replyTo: request, bytes: data.count)
    loan.fill(data)
    return try send(loan)
  }

  /// Lends a slot for the Reply to a Request that was read in place, to be filled in place as well.
  ///
  /// **Errors:** as `reply(to:)`, without those of a recipient.
  public func loan(replyTo request: borrowing ReceivedMessage, bytes count: Int) throws(KBusError) -> LoanedMessage {
    guard let slot = request.slot else { throw .notOursToAnswer }
    return try loan(replyTo: slot, request.wantsUsToReply, bytes: count)
  }

  /// `isOurs`: whether the copy that was read asks its reader to reply.
  func loan(replyTo slot: SlotRecord, _ isOurs: Bool, bytes count: Int) throws(KBusError) -> LoanedMessage {
    guard isOurs, slot.header.flags.contains(.wantAReply) else { throw .notOursToAnswer }
    var header = OutgoingHeader()
    header.inReplyTo = slot.header.id
    header.to = slot.header.from
    shared.prefetchQueue(of: header.to)
    // From slot to slot: the name is never taken out of shared memory.
    let (offset, length) = try slot.name("reply"), memory = slot.memory
    return try loan(header, [], memory.span(offset, count: length), count: count)
  }

  // Inside

  /// Sends, and notes that the answer is awaited before any other thread can come upon it.
  func sendAwaited(isAnybodys: Bool = false, _ send: () throws(KBusError) -> MessageID) throws(KBusError) -> MessageID {
    lockTakes()
    defer { unlockTakes() }
    var id: MessageID
    do throws(KBusError) {
      id = try send()
    } catch {
      guard let waiting = error.messageID else { throw error }
      id = waiting
    }
    awaited.append(AwaitedReply(id: id, isAnybodys: isAnybodys))
    return id
  }

  private func takeReplySpinning(_ id: MessageID, _ deadline: Deadline) throws(KBusError) -> Taken? {
    var spin = Spin(budget: backoff.near, deadline)
    while true {
      let bell = record.bell
      if let taken = try takeReply(id) { return taken }
      let sight = sight(of: id, bell)
      repeat { if !spin.goesOn() { return nil } } while !shared.hasChanged(sight, record)
    }
  }

  /// Where the next message will be that may be the answer. `bell`: as it was before the caller's last look.
  private func sight(of id: MessageID, _ bell: UInt32) -> Sight {
    lockTakes()
    defer { unlockTakes() }
    let wanted = awaited.first { $0.id == id }
    return Sight(entry: wanted?.place ?? shared.chunk(reading.value.chunk).at, position: wanted?.scanned ?? 0, bell: bell)
  }

  /// Takes the answer if it has come. With ALL_OR_WAIT the request itself may still be waiting for room, or may have been refused when the
  /// helper tried it: then that is settled.
  func takeAnswer(_ id: MessageID) throws(KBusError) -> Taken? {
    if let taken = try takeReply(id) { return taken }
    if state.value.hasPending, try retryPending(only: id) { return try takeReply(id) }
    return nil
  }

  /// Takes the answer if it is there: handed over, at the front, in the middle, or among the urgent messages.
  func takeReply(_ id: MessageID) throws(KBusError) -> Taken? {
    let taken = try takeReplyLocked(id)
    try afterTake(taken)
    return taken
  }

  private func takeReplyLocked(_ id: MessageID) throws(KBusError) -> Taken? {
    lockTakes()
    defer { unlockTakes() }
    guard let place = awaited.firstIndex(where: { $0.id == id }) else { return nil }
    return try takeReply(at: place)
  }

  /// With takeLock.
  func takeReply(at place: Int) throws(KBusError) -> Taken? {
    // What fails now, since too much is held or the lock is not to be had, may be asked for again.
    try check("request")
    if awaited[place].taken == nil, record.special & UInt32(CSHM_SPECIAL_URGENT) != 0 {
      awaited[place].taken = try takeUrgentReply(awaited[place].id)
    }
    if awaited[place].taken == nil { awaited[place].taken = try takeQueuedReply(&awaited[place]) }
    guard let taken = awaited[place].taken else { return nil }
    stopAwaiting(place)
    return taken
  }

  @inline(never) private func stopAwaiting(_ place: Int) { awaited.remove(at: place) }

  /// The same without the answer: one that was handed over is given back.
  func abandon(_ place: Int) {
    if let taken = awaited[place].taken { release(taken.hold) }
    stopAwaiting(place)
  }

  private func takeUrgentReply(_ id: MessageID) throws(KBusError) -> Taken? {
    try withBus("request") { _ throws(KBusError) in
      var previous: NodeRecord?
      for _ in 0..<record.urgentCount {
        let node = try shared.urgentNode(checking: previous?.next ?? record.urgentHead, "request")
        if try isAnswer(node.entry.copy, to: id) { return try shared.takeUrgent(record, reading, after: previous) }
        previous = node
      }
      return nil
    }
  }

  /// Looks through the ring, without the bus lock: what is published stays as it is while we hold takeLock.
  private func takeQueuedReply(_ wanted: inout AwaitedReply) throws(KBusError) -> Taken? {
    let end = reading.value
    var chunk = shared.chunk(end.chunk)
    var position = end.head
    while chunk.entry(position).stamp == position &+ 1 {
      let entry = chunk.entry(position)
      if position >= wanted.scanned, try isAnswer(entry.copy, to: wanted.id) {
        // At the front it is taken as any message, but before an urgent one that comes at this very moment: that is no answer.
        return position == end.head && record.special & ~UInt32(CSHM_SPECIAL_ROOM_WANTED) == 0
          ? try takeFront() : try takeFromMiddle(entry)
      }
      position &+= 1
      if position % UInt64(CSHM_CHUNK_ENTRIES) == 0 { chunk = try shared.chunk(checking: chunk.next, "request") }
    }
    wanted.scanned = position
    wanted.place = chunk.entry(position).at
    return nil
  }

  private func takeFront() throws(KBusError) -> Taken? {
    guard reading.value.own.u64(CSHM_KSOCK_INCARNATION) == incarnation else { throw .closed("request") }
    return try shared.takeFront(record, reading)
  }

  private func takeFromMiddle(_ entry: EntryRecord) throws(KBusError) -> Taken {
    try withBus("request") { rings throws(KBusError) in
      let taken = try shared.takeFromMiddle(record, reading, entry)
      shared.grantRoom(record, &rings)
      return taken
    }
  }

  /// Whether a queued copy is the answer to a request: the requester's copy of a reply, or a status.
  func isAnswer(_ copy: Copy, to id: MessageID) throws(KBusError) -> Bool {
    if copy.isTombstone { return false }
    guard copy.isMessage else { return copy.kind != Status.eventsLost.rawValue && copy.binding == id.word }
    guard copy.binding == 0 else { return false }
    return try shared.slot(checking: copy.slot, "request").header.inReplyTo == id
  }

  /// Gives an answer that another thread awaits to that thread. With takeLock.
  func handOver(_ taken: Taken) throws(KBusError) -> Bool {
    for place in awaited.indices where awaited[place].taken == nil {
      guard try isAnswer(taken.copy, to: awaited[place].id) else { continue }
      awaited[place].taken = taken
      record.ring()
      return true
    }
    return false
  }

  /// Time is up: gives the reserved place back, so that a late reply is refused. Returns the answer if it has come just now.
  func giveUpWaiting(for id: MessageID) throws(KBusError) -> Taken? {
    defer { abandon(id) }
    _ = try discard(only: id)
    try withBus("request") { rings throws(KBusError) in
      guard let request = shared.findRequest(id, requester: record) else { return }
      var transaction = Transaction(shared, journalOf: nil)
      var deliveries = Deliveries(shared)
      transaction.set(request.at + CSHM_REQUEST_SEQUENCE, 0 as UInt64)
      try deliveries.reserve(-1, at: record, &transaction, "request")
      deliveries.log(&transaction)
      transaction.commit()
      deliveries.ring(&rings)
      shared.ringPending(&rings)
    }
    return try takeReply(id)
  }

  private func abandon(_ id: MessageID) {
    lockTakes()
    defer { unlockTakes() }
    if let place = awaited.firstIndex(where: { $0.id == id }) { abandon(place) }
  }
}

// What a message is going to change, and others had last, is asked for while its slot is filled.
extension SharedBus {
  /// The end of the requester's queue.
  @inline(__always) fileprivate func prefetchQueue(of requester: UInt32) {
    ksock(Int(requester) % geometry.ksocks.count).window.prefetchToWrite(CSHM_KSOCK_TAIL)
  }

  /// By who has just come upon a Request: the lock, and the record that the Reply ends.
  @inline(__always) func prefetchForReply(_ request: Copy) {
    line.prefetchToWrite()
    prefetchRecord(Int(request.request) &- 1)
  }

  /// The record of the Request with this serial.
  @inline(__always) func prefetchRecord(of serial: UInt32) { prefetchRecord(Int(serial) % geometry.requests.count) }

  @inline(never) private func prefetchRecord(_ index: Int) {
    guard index >= 0, index < geometry.requests.count else { return }
    memory.window(geometry.requests.at(index), CSHM_REQUEST_SIZE).prefetchToWrite()
  }
}
