// Taking messages out of a queue that nobody will take from its front any more: after an unbind, those that the binding put
// there; in a close, all of them. A request among them is answered by a status.

internal import CShm

extension SharedBus {
  /// The steps of an unbind that follow the binding's removal: from front to back, every copy that the binding queued
  /// goes. The cursor counts, in its low bit, whether any has gone.
  func finishUnbind(_ ksock: KsockRecord, _ rings: inout Rings) throws(KBusError) {
    let binding = memory.u64(geometry.state + CSHM_STATE_OPERATION_DETAIL)
    while let (node, previous) = try firstUrgent(of: ksock, where: { $0.binding == binding }) {
      try drop(node, after: previous, of: ksock, with: .unbound, &rings)
    }
    try forEachEntry(of: ksock, "unbind") { _, entry throws(KBusError) in
      let copy = entry.copy
      if copy.isMessage, copy.binding == binding, !copy.isTombstone { try bury(entry, of: ksock, with: .unbound, &rings) }
      return true
    }
    while let (node, previous) = try firstSetAside(of: ksock, from: binding) {
      try dropSetAside(node, after: previous, of: ksock, "unbind")
    }
    if operationCursor != 0, ksock.setAsideCount != 0 { try moveSetAsideIfRoom(ksock, &rings) }
    var transaction = Transaction(self, journalOf: nil)
    end(&transaction)
    transaction.commit()
  }

  private func firstUrgent(
    of ksock: KsockRecord, where isMeant: (Copy) -> Bool
  ) throws(KBusError) -> (NodeRecord, NodeRecord?)? {
    var previous: NodeRecord?
    var word = ksock.urgentHead
    var hops = 0
    while word != 0, ksock.urgentCount != 0 {
      hops += 1
      guard hops <= geometry.urgentNodes.count else { throw .corrupt(.n1, "unbind") }
      let node = try urgentNode(checking: word, "unbind")
      if isMeant(node.entry.copy) { return (node, previous) }
      previous = node
      word = node.next
    }
    return nil
  }

  private func firstSetAside(of ksock: KsockRecord, from binding: UInt64) throws(KBusError) -> (NodeRecord, NodeRecord?)? {
    var found: (NodeRecord, NodeRecord?)?
    try forEachSetAside(of: ksock, "unbind") { node, previous in
      if node.entry.copy.isMessage, node.entry.binding == binding {
        found = (node, previous)
        return false
      }
      return true
    }
    return found
  }

  /// Makes one entry of the ring a tombstone.
  private func bury(_ entry: EntryRecord, of ksock: KsockRecord, with status: Status, _ rings: inout Rings) throws(KBusError) {
    let copy = entry.copy
    var transaction = Transaction(self, journalOf: nil)
    var deliveries = Deliveries(self)
    transaction.set(entry.at + CSHM_ENTRY_META, copy.kind | UInt32(CSHM_ENTRY_TOMBSTONE))
    transaction.set(ksock.at + CSHM_KSOCK_TOMBSTONES, ksock.tombstones &+ 1)
    setOperationCursor(1, &transaction)
    try giveUp(copy, of: ksock, with: status, &deliveries, &transaction)
    deliveries.log(&transaction)
    transaction.commit()
    deliveries.ring(&rings)
  }

  /// Takes one node out of the urgent list.
  func drop(
    _ node: NodeRecord, after previous: NodeRecord?, of ksock: KsockRecord, with status: Status, _ rings: inout Rings
  ) throws(KBusError) {
    guard node.owner == ksock.incarnation else { throw .corrupt(.n1, "close") }
    var transaction = Transaction(self, journalOf: nil)
    var deliveries = Deliveries(self)
    let place = deliveries.end(of: ksock)
    if let previous {
      transaction.set(previous.at + CSHM_NODE_NEXT, node.next)
    } else {
      scratch.ends[place].urgentHead = node.next
    }
    scratch.ends[place].urgentCount &-= 1
    transaction.set(node.at + CSHM_NODE_OWNER, 0 as UInt64)
    // In a close the cursor is a position of the ring, and the urgent list itself says how far we are.
    if status == .unbound { setOperationCursor(1, &transaction) }
    try giveUp(node.entry.copy, of: ksock, with: status, &deliveries, &transaction)
    deliveries.log(&transaction)
    transaction.commit()
    deliveries.ring(&rings)
  }

  /// A copy leaves its queue unread: its slot is given back, and if it asks for a reply its sender gets a status.
  func giveUp(
    _ copy: Copy, of ksock: KsockRecord, with status: Status, _ deliveries: inout Deliveries, _ transaction: inout Transaction
  ) throws(KBusError) {
    try clearHolder(copy, &transaction, "close")
    try answer(copy, of: ksock, with: status, &deliveries, &transaction)
  }

  /// If a copy that will not be read asks for a reply, its sender gets a status.
  func answer(
    _ copy: Copy, of ksock: KsockRecord, with status: Status, _ deliveries: inout Deliveries, _ transaction: inout Transaction
  ) throws(KBusError) {
    guard copy.isYours else { return }
    let record = try request(checking: copy.request, "close")
    // Only if it is still waited for: somebody else may have answered, and the record serve another request (D-5).
    guard copy.isMessage, try record.sequence == slot(checking: copy.slot, "close").sequence, record.sequence != 0 else { return }
    var serials = Serials(self)
    try answer(record, with: status, from: ksock.id, &serials, &deliveries, &transaction, "close")
    serials.log(&transaction)
  }
}
