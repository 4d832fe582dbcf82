// The second part of a Ksock's end: its memory is free again. Everything here may be done twice, since recovery does it again from
// its beginning, before anybody else can use what was freed.

internal import CShm

extension SharedBus {
  /// Buries a Ksock that has departed, under the lock.
  ///
  /// `keepingHeld`: its owner lives, and may still read messages that it holds or fill slots on loan.
  func bury(_ ksock: KsockRecord, keepingHeld: Bool) throws(KBusError) {
    var transaction = Transaction(self, journalOf: nil)
    begin(.bury, ksock, detail: keepingHeld ? 1 : 0, &transaction)
    transaction.commit()
    try finishBurial(ksock)
  }

  func finishBurial(_ ksock: KsockRecord) throws(KBusError) {
    try giveBackQueued(of: ksock)
    if operationDetail == 0 {
      giveBackLoans(of: ksock)
      try giveBackHeld(of: ksock)
    }
    try freeKsock(ksock)
  }

  /// Goes on with a burial whose process died. If that was the owner itself, its other threads may run on for a moment, with what
  /// they hold: then the Ksock stays, departed, until the owner's certain end. None of them takes any more, since the one that died
  /// had shut them out; and what was given back of the queue must be all, and be known to be, before anybody uses it again.
  func resumeBurial(_ ksock: KsockRecord) throws(KBusError) {
    guard operationDetail != 0 else { return try finishBurial(ksock) }
    try giveBackQueued(of: ksock)
    var transaction = Transaction(self, journalOf: nil)
    end(&transaction)
    transaction.commit()
  }

  /// Messages that it never took. Afterwards the queue is empty, so that none is given back twice: its slot may be another's by then.
  private func giveBackQueued(of ksock: KsockRecord) throws(KBusError) {
    try forEachEntry(of: ksock, "close") { _, entry throws(KBusError) in
      let copy = entry.copy
      if copy.isMessage, !copy.isTombstone { release(try slot(checking: copy.slot, "close"), holder: copy.holder) }
      return true
    }
    var transaction = Transaction(self, journalOf: nil)
    transaction.set(ksock.at + CSHM_KSOCK_HEAD, ksock.tail)
    transaction.set(ksock.at + CSHM_KSOCK_PASSED, ksock.tail &- ksock.tombstones)
    transaction.commit()
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
