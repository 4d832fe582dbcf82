// Takes that need the bus lock: urgent messages, events that were set aside, and a reply out of the middle of a queue.

internal import CShm

extension SharedBus {
  /// Takes the next message of a Ksock that has something special, under the lock: urgent ones come first.
  func takeSpecial(_ ksock: KsockRecord, _ reading: LocalPlace<ReadingEnd>, _ rings: inout Rings) throws(KBusError) -> Taken? {
    var taken: Taken?
    if ksock.urgentCount != 0 {
      taken = try takeUrgent(ksock, reading, after: nil)
    } else {
      for _ in 0..<2 {
        taken = try takeFront(ksock, reading)
        // With an empty queue the first event set aside comes into it, and is taken.
        guard taken == nil, ksock.setAsideCount != 0 else { break }
        try moveSetAside(ksock, &rings)
      }
    }
    // Each message popped brings one set-aside event into the queue (section 16.4).
    if taken != nil, ksock.setAsideCount != 0 { try moveSetAsideIfRoom(ksock, &rings) }
    return taken
  }

  /// Takes an urgent message: the first, or the one behind node `previous`.
  func takeUrgent(
    _ ksock: KsockRecord, _ reading: LocalPlace<ReadingEnd>, after previous: NodeRecord?
  ) throws(KBusError) -> Taken {
    let node = try urgentNode(checking: previous?.next ?? ksock.urgentHead, "receive")
    let copy = node.entry.copy
    let taken = try prepareTaken(ksock, reading, copy)
    var transaction = Transaction(self, journalOf: ksock.index)
    if taken.hold.record != nil { transaction.set(reading.value.heldAt + CSHM_HELD_POSITION, CSHM_HELD_SPECIAL) }
    if let previous {
      transaction.set(previous.at + CSHM_NODE_NEXT, node.next)
    } else {
      transaction.set(ksock.at + CSHM_KSOCK_URGENT_HEAD, node.next)
    }
    transaction.set(node.at + CSHM_NODE_OWNER, 0 as UInt64)
    transaction.set(ksock.at + CSHM_KSOCK_URGENT_COUNT, ksock.urgentCount &- 1)
    if ksock.urgentCount == 1 {
      transaction.set(ksock.at + CSHM_KSOCK_SPECIAL, ksock.special & ~UInt32(CSHM_SPECIAL_URGENT))
    }
    if copy.isYours {
      reading.value.popped &+= 1
      transaction.set(ksock.at + CSHM_KSOCK_POPPED, reading.value.popped)
      let request = try request(checking: copy.request, "receive")
      if request.position == CSHM_URGENT_QUEUED, request.replierIncarnation == ksock.incarnation {
        let position = RequestRecord.takenPosition(head: reading.value.head, popped: reading.value.popped)
        transaction.set(request.at + CSHM_REQUEST_POSITION, position)
      }
    }
    transaction.commit()
    return taken
  }

  /// Takes a message out of the middle of the ring: a tombstone stays in its place.
  func takeFromMiddle(
    _ ksock: KsockRecord, _ reading: LocalPlace<ReadingEnd>, _ entry: EntryRecord
  ) throws(KBusError) -> Taken {
    let copy = entry.copy
    let taken = try prepareTaken(ksock, reading, copy)
    var transaction = Transaction(self, journalOf: ksock.index)
    if taken.hold.record != nil { transaction.set(reading.value.heldAt + CSHM_HELD_POSITION, CSHM_HELD_SPECIAL) }
    transaction.set(entry.at + CSHM_ENTRY_META, copy.kind | UInt32(CSHM_ENTRY_TOMBSTONE))
    transaction.set(ksock.at + CSHM_KSOCK_TOMBSTONES, ksock.tombstones &+ 1)
    transaction.commit()
    return taken
  }

  /// What is about to be taken, with a held record prepared for it.
  private func prepareTaken(_ ksock: KsockRecord, _ reading: LocalPlace<ReadingEnd>, _ copy: Copy) throws(KBusError) -> Taken {
    copy.isMessage ? try prepareHeld(ksock, reading, copy) : Taken(copy, header)
  }

  /// Answers "room wanted": clears the flag and rings whoever waits. Under the lock.
  func grantRoom(_ ksock: KsockRecord, _ rings: inout Rings) {
    guard ksock.special & UInt32(CSHM_SPECIAL_ROOM_WANTED) != 0 else { return }
    var transaction = Transaction(self, journalOf: ksock.index)
    transaction.set(ksock.at + CSHM_KSOCK_SPECIAL, ksock.special & ~UInt32(CSHM_SPECIAL_ROOM_WANTED))
    transaction.commit()
    ringPending(&rings)
  }
}
