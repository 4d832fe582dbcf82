// Events set aside (specification, section 16.4): unbind events of a closing Ksock that a full listener could not take.
//
// Each listener has a list of its own, in order; the bus counts them all together. A listener with room gets its event
// at once, unless earlier ones still wait for it: every Ksock sees its events in the order in which they happened (D-4).

internal import CShm

extension SharedBus {
  var setAsideCount: Int { Int(memory.u32(geometry.state + CSHM_STATE_SET_ASIDE)) }
  var isTragic: Bool { memory.u32(geometry.state + CSHM_STATE_TRAGIC) != 0 }

  /// Moves the first event set aside for a Ksock to the back of its queue, whatever the queue's limit.
  func moveSetAside(_ ksock: KsockRecord, _ rings: inout Rings) throws(KBusError) {
    let node = try setAsideNode(checking: ksock.setAsideHead, "receive")
    var transaction = Transaction(self, journalOf: nil)
    var deliveries = Deliveries(self)
    let copy = node.entry.copy
    let place = deliveries.end(of: ksock)
    let id = copy.isMessage ? try slot(checking: copy.slot, "receive").header.id : MessageID(serial: copy.slot)
    _ = try deliveries.push(copy, id: id.word, to: ksock, &transaction, "receive")
    scratch.ends[place].setAsideHead = node.next
    if node.next == 0 { scratch.ends[place].setAsideTail = 0 }
    scratch.ends[place].setAsideCount &-= 1
    transaction.set(node.at + CSHM_NODE_OWNER, 0 as UInt64)
    forgetSetAside(1, &transaction)
    deliveries.log(&transaction)
    transaction.commit()
    deliveries.ring(&rings)
  }

  /// The same if the pool of queue memory has room; else it stays where it is.
  func moveSetAsideIfRoom(_ ksock: KsockRecord, _ rings: inout Rings) throws(KBusError) {
    do throws(KBusError) { try moveSetAside(ksock, &rings) } catch  where error.code == .poolExhausted {}
  }

  /// So many events fewer are set aside on the bus; with the last one it stops being tragic.
  func forgetSetAside(_ count: Int, _ transaction: inout Transaction) {
    let left = max(0, setAsideCount - count)
    transaction.set(geometry.state + CSHM_STATE_SET_ASIDE, UInt32(left))
    if left == 0 { transaction.set(geometry.state + CSHM_STATE_TRAGIC, 0 as UInt32) }
  }

  /// Goes through the list of one Ksock: each node with the one before it.
  func forEachSetAside(
    of ksock: KsockRecord, _ operation: StaticString,
    _ body: (NodeRecord, NodeRecord?) throws(KBusError) -> Bool
  ) throws(KBusError) {
    var previous: NodeRecord?
    var word = ksock.setAsideHead
    var hops = 0
    while word != 0 {
      hops += 1
      guard hops <= geometry.setAsideNodes.count else { throw .corrupt(.n1, operation) }
      let node = try setAsideNode(checking: word, operation)
      word = node.next
      if try !body(node, previous) { return }
      previous = node
    }
  }

  /// Takes one event off the list of a Ksock, for good.
  func dropSetAside(
    _ node: NodeRecord, after previous: NodeRecord?, of ksock: KsockRecord, _ operation: StaticString
  ) throws(KBusError) {
    var transaction = Transaction(self, journalOf: nil)
    let copy = node.entry.copy
    if let previous {
      transaction.set(previous.at + CSHM_NODE_NEXT, node.next)
    } else {
      transaction.set(ksock.at + CSHM_KSOCK_SET_ASIDE_HEAD, node.next)
    }
    if node.next == 0 {
      transaction.set(ksock.at + CSHM_KSOCK_SET_ASIDE_TAIL, previous.map { UInt32($0.index) + 1 } ?? 0)
    }
    transaction.set(ksock.at + CSHM_KSOCK_SET_ASIDE_COUNT, ksock.setAsideCount &- 1)
    if ksock.setAsideCount == 1 {
      transaction.set(ksock.at + CSHM_KSOCK_SPECIAL, ksock.special & ~UInt32(CSHM_SPECIAL_SET_ASIDE))
    }
    transaction.set(node.at + CSHM_NODE_OWNER, 0 as UInt64)
    try clearHolder(copy, &transaction, operation)
    forgetSetAside(1, &transaction)
    transaction.commit()
  }

  /// A copy that nobody will read any more gives its slot back.
  func clearHolder(_ copy: Copy, _ transaction: inout Transaction, _ operation: StaticString) throws(KBusError) {
    guard copy.isMessage else { return }
    guard let (offset, bit) = holderBit(try slot(checking: copy.slot, operation), copy.holder) else { throw .corrupt(.s1, operation) }
    transaction.clear(offset, bits: bit)
  }
}
