// How a Ksock goes (specification, section 15), in two parts. It *departs*: what was asked of it is answered by the bus, its
// bindings go, and nothing can reach it any more. It is *buried*: the memory that it had is free again.
//
// A Ksock that its owner closes does both at once. When the owner has died, burial waits for its certain end: until then
// one of its threads may still read a message, or clear the bit of one, which must not be somebody else's by then.

internal import CShm

extension SharedBus {
  /// Closes a Ksock of a living owner, under the lock. Messages that it holds, and slots on loan, stay as they are: each gives its
  /// slot back when it ends.
  func closeKsock(_ ksock: KsockRecord, _ rings: inout Rings) throws(KBusError) {
    try depart(ksock, &rings)
    try bury(ksock, keepingHeld: true)
    ringPending(&rings)
  }

  /// Under the lock. A Ksock that has departed stays as it is.
  func depart(_ ksock: KsockRecord, _ rings: inout Rings) throws(KBusError) {
    guard !ksock.isDeparted else { return }
    var transaction = Transaction(self, journalOf: nil)
    transaction.set(ksock.at + CSHM_KSOCK_SPECIAL, ksock.special | UInt32(CSHM_SPECIAL_CLOSING))
    setPending(false, ksock, &transaction)
    begin(.depart, ksock, detail: 0, &transaction)
    transaction.commit()
    try finishDeparture(ksock, &rings)
  }

  /// The steps of a departure, in the order of section 15. Each finds by itself what is left to do, so the same call goes on
  /// after a crash.
  func finishDeparture(_ ksock: KsockRecord, _ rings: inout Rings) throws(KBusError) {
    try settleHead(ksock)
    try forgetRequests(of: ksock)
    while ksock.urgentCount != 0 {
      try drop(try urgentNode(checking: ksock.urgentHead, "close"), after: nil, of: ksock, with: .goneAway, &rings)
    }
    try answerQueued(of: ksock, &rings)
    try removeBindings(of: ksock, &rings)
    try forEachSetAside(of: ksock, "close") { node, _ throws(KBusError) in
      try dropSetAside(node, after: nil, of: ksock, "close")
      return true
    }
    try answerPopped(of: ksock, &rings)
    var transaction = Transaction(self, journalOf: nil)
    end(&transaction)
    transaction.commit()
  }

  /// Decides, once for all, which requests count as taken: those before the head as it stands now. An owner that takes one later
  /// sees that the Ksock is closing, and delivers nothing.
  private func settleHead(_ ksock: KsockRecord) throws(KBusError) {
    guard operationDetail == 0 else { return }
    cshm_fence()
    var transaction = Transaction(self, journalOf: nil)
    transaction.set(geometry.state + CSHM_STATE_OPERATION_DETAIL, 1 as UInt64)
    setOperationCursor(ksock.head, &transaction)
    transaction.commit()
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

  /// Every request still queued gets GoneAway, front to back. The messages stay where they are.
  private func answerQueued(of ksock: KsockRecord, _ rings: inout Rings) throws(KBusError) {
    try forEachEntry(of: ksock, from: operationCursor, "close") { position, entry throws(KBusError) in
      let copy = entry.copy
      guard !copy.isTombstone, copy.isYours else { return true }
      var transaction = Transaction(self, journalOf: nil)
      var deliveries = Deliveries(self)
      try answer(copy, of: ksock, with: .goneAway, &deliveries, &transaction)
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
    guard ksock.popped != 0 else { return }
    var left = collectRequests(to: ksock)
    while left > 0 {
      var place = 0
      for other in 0..<left where popOrder(other) > popOrder(place) { place = other }
      let record = request(Int(scratch.requests[place]))
      left -= 1
      scratch.requests[place] = scratch.requests[left]
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

  /// Puts the requests that this Ksock owes an answer to into the scratch space; returns how many.
  private func collectRequests(to ksock: KsockRecord) -> Int {
    var count = 0
    for index in 0..<geometry.limits.requests where request(index).isOwed(by: ksock.incarnation) {
      scratch.requests[count] = UInt32(index)
      count += 1
    }
    return count
  }

  private func popOrder(_ place: Int) -> (UInt64, UInt64) { request(Int(scratch.requests[place])).popOrder }
}
