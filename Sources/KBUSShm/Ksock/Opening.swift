// How a Ksock comes to be on a bus, and how it goes (specification, sections 1 and 15).

internal import CShm

extension SharedBus {
  /// Puts a new Ksock on the bus, under the lock.
  func openKsock(mode: UInt32) throws(KBusError) -> KsockRecord {
    var id = memory.u32(geometry.state + CSHM_STATE_NEXT_KSOCK_ID)
    id = id == 0 ? 1 : id
    let pool = Pool(region: geometry.ksocks, memory: memory)
    // Put where the id points, so that a reply finds the requester by its id at once.
    var search = pool.freeOnes(from: Int(id))
    guard let index = search.take() else { throw exhausted(.ksocks, "open") }
    var chunks = freeOnes(geometry.chunks, .chunk)
    guard let first = chunks.take() else { throw exhausted(.chunks, "open") }
    scratch.hints[Scratch.Hint.chunk.rawValue] = chunks.next
    let ksock = ksock(index)
    var serials = Serials(self)
    let incarnation = serials.nextSequence()
    // The record is free: filled direct, and made to count by its incarnation.
    memory.zero(ksock.at + 8, count: CSHM_KSOCK_SIZE - 8)
    memory.zero(heldRecord(ksock, 0), count: Int(CSHM_HELD) * CSHM_HELD_SIZE)
    let pid = cshm_process_id()
    memory.store32(ksock.at + CSHM_KSOCK_ID, id)
    memory.store32(ksock.at + CSHM_KSOCK_MODE, mode)
    memory.store64(ksock.at + CSHM_KSOCK_START_TIME, cshm_start_time(pid))
    memory.store32(ksock.at + CSHM_KSOCK_PID, pid)
    memory.store32(ksock.at + CSHM_KSOCK_PID_NAMESPACE, cshm_pid_namespace())
    memory.store32(ksock.at + CSHM_KSOCK_FIRST_CHUNK, UInt32(first) + 1)
    memory.store32(ksock.at + CSHM_KSOCK_LAST_CHUNK, UInt32(first) + 1)
    memory.store32(ksock.at + CSHM_KSOCK_TAIL_CHUNK, UInt32(first) + 1)
    memory.store64(ksock.at + CSHM_KSOCK_END, UInt64(CSHM_CHUNK_ENTRIES))
    memory.store32(ksock.at + CSHM_KSOCK_MAX_MESSAGES, Self.defaultMaxMessages)
    chunk(first).clear(base: 0)
    var transaction = Transaction(self, journalOf: nil)
    transaction.set(chunk(first).at + CSHM_CHUNK_OWNER, incarnation)
    transaction.set(ksock.at + CSHM_KSOCK_INCARNATION, incarnation)
    transaction.set(geometry.state + CSHM_STATE_NEXT_KSOCK_ID, id == .max ? 1 : id + 1)
    serials.log(&transaction)
    transaction.commit()
    return ksock
  }

  static let defaultMaxMessages: UInt32 = 100

  /// Closes a Ksock, under the lock: its own, or one whose process is gone.
  ///
  /// `keepingHeld`: the owner lives, and may still read messages that it holds or fill slots on loan; each gives its slot
  /// back when it ends.
  func closeKsock(_ ksock: KsockRecord, keepingHeld: Bool, _ rings: inout Rings) throws(KBusError) {
    var transaction = Transaction(self, journalOf: nil)
    transaction.set(ksock.at + CSHM_KSOCK_SPECIAL, ksock.special | UInt32(CSHM_SPECIAL_CLOSING))
    setPending(false, ksock, &transaction)
    begin(.close, ksock, detail: 0, &transaction)
    transaction.commit()
    try finishClose(ksock, keepingHeld: keepingHeld, &rings)
    ringPending(&rings)
  }

  /// The steps of a close, in the order of section 15. Each finds by itself what is left to do, so the same call goes on
  /// after a crash.
  func finishClose(_ ksock: KsockRecord, keepingHeld: Bool, _ rings: inout Rings) throws(KBusError) {
    try forgetRequests(of: ksock)
    try emptyQueue(of: ksock, &rings)
    try removeBindings(of: ksock, &rings)
    try forEachSetAside(of: ksock, "close") { node, _ throws(KBusError) in
      try dropSetAside(node, after: nil, of: ksock, "close")
      return true
    }
    try answerPopped(of: ksock, &rings)
    if !keepingHeld {
      giveBackLoans(of: ksock)
      try giveBackHeld(of: ksock)
    }
    try freeKsock(ksock)
  }

  /// The answers that it awaited are not for anybody now.
  private func forgetRequests(of ksock: KsockRecord) throws(KBusError) {
    guard ksock.reserved != 0 else { return }
    for index in 0..<geometry.limits.requests {
      let record = request(index)
      guard record.sequence != 0, record.requesterIncarnation == ksock.incarnation else { continue }
      var transaction = Transaction(self, journalOf: nil)
      transaction.set(record.at + CSHM_REQUEST_SEQUENCE, 0 as UInt64)
      transaction.set(ksock.at + CSHM_KSOCK_RESERVED, ksock.reserved &- 1)
      transaction.commit()
    }
  }

  /// Every message still queued goes, front to back; a request among them gets GoneAway.
  private func emptyQueue(of ksock: KsockRecord, _ rings: inout Rings) throws(KBusError) {
    while ksock.urgentCount != 0 {
      try drop(try urgentNode(checking: ksock.urgentHead, "close"), after: nil, of: ksock, with: .goneAway, &rings)
    }
    // The owner's head is not ours to move; the cursor says how far we are.
    try forEachEntry(of: ksock, from: operationCursor, "close") { position, entry throws(KBusError) in
      let copy = entry.copy
      var transaction = Transaction(self, journalOf: nil)
      var deliveries = Deliveries(self)
      if !copy.isTombstone { try giveUp(copy, of: ksock, with: .goneAway, &deliveries, &transaction) }
      setOperationCursor(position + 1, &transaction)
      deliveries.log(&transaction)
      transaction.commit()
      deliveries.ring(&rings)
      return true
    }
  }

  /// Bindings go, newest first; with reporting on each Replier binding leaves an event.
  private func removeBindings(of ksock: KsockRecord, _ rings: inout Rings) throws(KBusError) {
    while ksock.bindings != 0 {
      let binding = try binding(checking: ksock.bindings, "close")
      // A close can't fail: what its events may need is looked for before.
      if binding.isReplier, reportsBinds, !hasFreeChunks(16) { _ = try reclaimChunks() }
      var transaction = Transaction(self, journalOf: nil)
      var deliveries = Deliveries(self)
      var serials = Serials(self)
      if binding.isReplier, reportsBinds {
        let event = ReplierBindEvent(isBind: false, binder: ksock.id, name: try binding.name("close"))
        try deliverClosing(event, of: ksock, &serials, &deliveries, &transaction)
      }
      try remove(binding, of: ksock, &transaction, "close")
      serials.log(&transaction)
      deliveries.log(&transaction)
      transaction.commit()
      deliveries.ring(&rings)
    }
  }

  /// Requests taken and never answered get Ignored, most recently taken first.
  private func answerPopped(of ksock: KsockRecord, _ rings: inout Rings) throws(KBusError) {
    while let record = lastPopped(of: ksock) {
      var transaction = Transaction(self, journalOf: nil)
      var deliveries = Deliveries(self)
      var serials = Serials(self)
      try answer(record, with: .ignored, from: ksock.id, &serials, &deliveries, &transaction, "close")
      serials.log(&transaction)
      deliveries.log(&transaction)
      transaction.commit()
      deliveries.ring(&rings)
    }
  }

  private func lastPopped(of ksock: KsockRecord) -> RequestRecord? {
    guard ksock.popped != 0 else { return nil }
    var last: RequestRecord?
    for index in 0..<geometry.limits.requests {
      let record = request(index)
      guard record.sequence != 0, record.replierIncarnation == ksock.incarnation else { continue }
      if let known = last, known.popOrder > record.popOrder { continue }
      last = record
    }
    return last
  }

  /// Slots that it was filling, or had for itself, when its process died.
  private func giveBackLoans(of ksock: KsockRecord) {
    for index in 0..<geometry.slotCount { giveBack(slot(index), of: ksock.incarnation) }
  }

  /// A slot that a Ksock has, if it does, is without an owner from now on. Direct: the Ksock's process is gone, or calls this.
  func giveBack(_ slot: SlotRecord, of incarnation: UInt64) {
    if slot.sender & ~CSHM_SLOT_IDLE == incarnation { memory.store64(slot.at + CSHM_SLOT_SENDER, 0) }
  }

  /// Messages that it was still reading when its process died.
  private func giveBackHeld(of ksock: KsockRecord) throws(KBusError) {
    for number in 0..<Int(CSHM_HELD) {
      let record = heldRecord(ksock, number), position = memory.u64(record + CSHM_HELD_POSITION)
      guard position != 0 else { continue }
      let slot = try slot(checking: memory.u32(record + CSHM_HELD_SLOT), "close")
      // Void if head never passed it: then the copy was still in the queue, and has been given back there.
      let counts = position == CSHM_HELD_SPECIAL || position <= ksock.head
      if counts, slot.sequence == memory.u64(record + CSHM_HELD_SEQUENCE) {
        release(slot, holder: memory.u32(record + CSHM_HELD_HOLDER))
      }
      memory.store64(record + CSHM_HELD_POSITION, 0)
    }
  }

  private func freeKsock(_ ksock: KsockRecord) throws(KBusError) {
    var transaction = Transaction(self, journalOf: nil)
    var word = ksock.firstChunk
    var hops = 0
    while word != 0 {
      hops += 1
      guard hops <= geometry.chunks.count else { throw .corrupt(.c2, "close") }
      let chunk = try chunk(checking: word, "close")
      // A queue can be longer than a journal: then it goes in several steps, from the front.
      if hops % 1024 == 0 {
        transaction.set(ksock.at + CSHM_KSOCK_FIRST_CHUNK, word)
        transaction.commit()
        transaction = Transaction(self, journalOf: nil)
      }
      transaction.set(chunk.at + CSHM_CHUNK_OWNER, 0 as UInt64)
      word = chunk.next
    }
    transaction.set(ksock.at + CSHM_KSOCK_INCARNATION, 0 as UInt64)
    end(&transaction)
    transaction.commit()
  }
}
