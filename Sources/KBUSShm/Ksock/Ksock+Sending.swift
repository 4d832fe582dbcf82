// Sending, pending messages, and the slots that a Ksock fills.

internal import CShm

extension Ksock {
  /// Sends a message. When this returns, every recipient's queue holds it.
  ///
  /// **Shape:** the payload is copied once, into shared memory; `loan` avoids even that.
  /// **Blocking:** never. **Ownership:** the message stays the caller's.
  /// **Errors:** `badName`, `nameTooLong`, `badValue` (no name), `bothAllOrFlags`, `messageTooLong`, `alreadyPending`, `readOnly`,
  /// `noRoomForReply`, `noReplier`, `noRequester`, `notWaitedFor`, `anotherReplier`, `recipientFull`, `pending`, `poolExhausted`,
  /// `noSpace`. After every error but `pending` and `alreadyPending` the message is gone; nobody got it.
  /// **Source:** KBUS specification, sections 10 and 11.
  @inlinable @discardableResult
  public func send(_ message: some OutgoingMessage) throws(KBusError) -> MessageID { try send(copying: message.message) }

  @usableFromInline func send(copying message: Message) throws(KBusError) -> MessageID {
    unsafe try send(OutgoingHeader(message), message.flags, message.name.bytes.span.bytes, message.data.span.bytes)
  }

  /// Sends what lies somewhere in the process. `measured`: its size has been checked before.
  @inline(__always) func send(
    _ header: @autoclosure () -> OutgoingHeader, _ flags: MessageFlags, _ name: RawSpan, _ data: RawSpan, measured: Bool = false
  ) throws(KBusError) -> MessageID {
    try check("send")
    try requireWriting("send")
    lockSends()
    defer { unlockSends() }
    try requireNothingPending()
    let (outgoing, payload) = try fill(header(), flags, name, count: data.byteCount, measured: measured)
    payload.copyIn(data)
    return try publish(outgoing)
  }

  /// With sendLock.
  @inline(__always) func requireNothingPending() throws(KBusError) {
    if state.value.hasPending { try refusePending() }
    if state.value.hasSentByHelper { sentByHelper = nil }
  }

  @inline(never) private func refusePending() throws(KBusError) { throw .alreadyPending }

  /// Claims a slot and fills it, but for the payload. With sendLock. `header` is asked for when the slot is there: held from
  /// the beginning it would fill the registers.
  #if hasFeature(Embedded)
    // Five copies of this are a good part of libkbus.so.
    @inline(never)
  #else
    @inline(__always)
  #endif
  func fill(
    _ header: @autoclosure () -> OutgoingHeader, _ flags: MessageFlags, _ name: RawSpan, count: Int, measured: Bool = false
  ) throws(KBusError) -> (Outgoing, payload: Window) {
    // Whoever sent last had the lock: its line comes while we fill the slot.
    shared.line.prefetchToWrite()
    if flags.contains(.wantAReply) { sender.own.prefetchToWrite(CSHM_KSOCK_TAIL) }
    let known = try check(name, flags, count: count, isMeasured: measured)
    let kept = try claimSlot(payloadBytes: SlotRecord.payloadBytes(nameLength: name.byteCount, dataLength: count))
    let header = header(), slot = kept.slot
    slot.header.write(header, nameCount: name.byteCount, dataCount: count)
    if kept.name == known.value.number, header.isLocal {
      slot.header.leave(3)
    } else {
      write(name, known.value.number, header.origFrom.word, header.finalTo.word, count, in: slot)
    }
    return (Outgoing(slot, known.value.reference, header), kept.payload)
  }

  @inline(never) private func write(
    _ name: RawSpan, _ number: UInt64, _ origFrom: UInt64, _ finalTo: UInt64, _ count: Int, in slot: OwnSlot
  ) {
    shared.memory.write(
      origFrom: origFrom, finalTo: finalTo, name: name, dataCount: count, in: slot.header, payload: shared.slot(slot.index).payload)
    let isKnown = origFrom | finalTo == 0 && name.byteCount <= Int(CSHM_SHORT_NAME)
    ownSlots.at(shared.geometry.slotClass(of: slot.index)).value.setName(isKnown ? number : 0, in: slot)
  }

  /// What can be said of a message without its recipients: by its lengths and flags, in the order of section 10.3, and by its name.
  @inline(__always) private func check(
    _ name: RawSpan, _ flags: MessageFlags, count: Int, isMeasured: Bool
  ) throws(KBusError) -> LocalPlace<KnownName> {
    // Of a name that is known: longer ones need more.
    let limit = shared.stateLine.u64(CSHM_STATE_MAX_MESSAGE)
    if let known = names.find(name), count >= 0, MessageSize.largest(nameLength: name.byteCount) &+ count <= Int(truncatingIfNeeded: limit),
      !flags.isSuperset(of: [.allOrWait, .allOrFail])
    {
      return known
    }
    if !isMeasured { try checkSize(nameLength: name.byteCount, dataLength: count, flags: flags) }
    guard let known = names.learn(name, seed: shared.hashSeed) else { throw .badName(MessageName(name), "send") }
    return known
  }

  @inline(never) func checkSize(nameLength length: Int, dataLength count: Int, flags: MessageFlags) throws(KBusError) {
    let limit = Int(truncatingIfNeeded: shared.stateLine.u64(CSHM_STATE_MAX_MESSAGE))
    guard length > 0 else { throw .badValue("send", "the message has no name") }
    guard length <= MessageName.maximumLength else { throw .nameTooLong(length, "send") }
    guard !flags.isSuperset(of: [.allOrWait, .allOrFail]) else { throw .bothAllOrFlags }
    guard count >= 0, count <= limit, MessageSize.entire(nameLength: length, dataLength: count) <= limit else {
      throw .messageTooLong(count < 0 ? 0 : MessageSize.entire(nameLength: length, dataLength: min(count, Int.max / 2)), limit: limit)
    }
  }

  /// What is known of the name of a message; if it is not known any more it is learnt again, from where we wrote it.
  @inline(__always) func known(_ message: Outgoing) throws(KBusError) -> LocalPlace<KnownName> {
    if let known = names[message.name] { return known }
    return try learnAgain(message)
  }

  @inline(never) private func learnAgain(_ message: Outgoing) throws(KBusError) -> LocalPlace<KnownName> {
    let name = try shared.slot(message.slot.index).messageName("send")
    guard let known = unsafe names.learn(name.bytes.span.bytes, seed: shared.hashSeed) else {
      throw .corrupt(.s3, "send")
    }
    return known
  }

  // Publishing. With sendLock.

  #if hasFeature(Embedded)
    @inline(never)
  #else
    @inline(__always)
  #endif
  func publish(_ message: Outgoing) throws(KBusError) -> MessageID {
    let known = try known(message)
    do throws(KBusError) {
      try shared.lockHere("send")
      if !staysOnBus { try leave("send") }
    } catch {
      try settle(message, .refused(error))
      throw error
    }
    guard let id = shared.announce(message, known, from: sender) else { return try publishOtherwise(message, known) }
    shared.unlockHere()
    shared.wakeLone(known)
    return id
  }

  /// With the bus lock, which it gives back.
  @inline(never) private func publishOtherwise(_ message: Outgoing, _ known: LocalPlace<KnownName>) throws(KBusError) -> MessageID {
    let sent: DirectOutcome?
    do throws(KBusError) {
      sent = try shared.sendDirectly(message, known, from: sender)
    } catch {
      shared.unlock()
      try settle(message, .refused(error))
      throw error
    }
    guard let outcome = sent else { return try publishTheLongWay(message, known) }
    shared.unlock()
    shared.wake(known, message, outcome)
    if message.isRequest { shared.prefetchRecord(of: outcome.id.serial &+ 2) }
    return outcome.id
  }

  /// With the bus lock, which it gives back.
  @inline(never) private func publishTheLongWay(
    _ outgoing: Outgoing, _ known: LocalPlace<KnownName>
  ) throws(KBusError) -> MessageID {
    var message = outgoing, rings = Rings(shared)
    let outcome = sendTheLongWay(&message, known, &rings)
    shared.unlock()
    rings.wake()
    try settle(message, outcome)
    return message.id
  }

  /// With the bus lock. What goes wrong is an outcome: the message is refused.
  func sendTheLongWay(_ message: inout Outgoing, _ known: LocalPlace<KnownName>, _ rings: inout Rings) -> SendOutcome {
    do throws(KBusError) {
      if message.isRequest, record.isFull { throw .noRoomForReply(record) }
      do throws(KBusError) {
        return try shared.send(&message, known, from: record, &rings)
      } catch  where error.code == .poolExhausted {
        // Nothing has happened yet; if memory of queues can be taken back, it may still.
        guard try shared.reclaimChunks() else { throw error }
        return try shared.send(&message, known, from: record, &rings)
      }
    } catch {
      return .refused(error)
    }
  }

  /// What becomes of a message and its slot. Without the bus lock.
  func settle(_ message: Outgoing, _ outcome: SendOutcome) throws(KBusError) {
    switch outcome {
    case .sent(let recipients):
      if state.value.hasPending { pending = nil }
      keepSlot(message.slot, wasSent: recipients > 0)
    case .wait(let error):
      pending = message
      throw KBusError(error, about: message.id)
    case .refused(let error):
      if state.value.hasPending { pending = nil }
      forgetPending()
      keepSlot(message.slot, wasSent: false)
      throw error
    }
  }

  // Pending messages

  /// Whether a message waits in this Ksock for room at its recipients.
  public var hasPending: Bool {
    lockSends()
    defer { unlockSends() }
    return pending != nil
  }

  /// Tries to send the pending message again. It keeps its id.
  ///
  /// **Errors:** those of `send`, and `nothingToSend`. **Source:** KBUS specification, section 12.2, "by calling SEND".
  @discardableResult
  public func sendPending() throws(KBusError) -> MessageID {
    try check("send")
    lockSends()
    defer { unlockSends() }
    guard let message = pending else {
      // The helper was quicker.
      guard let id = sentByHelper else { throw .nothingToSend }
      sentByHelper = nil
      return id
    }
    wasRefused = false
    return try publishOnce(message)
  }

  @inline(never) private func publishOnce(_ message: Outgoing) throws(KBusError) -> MessageID { try publish(message) }

  /// Waits with a message until it is sent. When the time is up nobody gets it.
  ///
  /// **Errors:** `noRoomInTime`, and those of `send`.
  package func waitToSend(_ id: MessageID, within limit: Duration?) throws(KBusError) {
    let deadline = Deadline.after(limit)
    let wasCounted = goInside()
    defer { comeOut(wasCounted) }
    while true {
      let isSent = try sleep(until: deadline) { () throws(KBusError) -> Bool? in
        if try !waits(id) { return true }
        leaveToOthers()
        return deadline.isPast ? false : nil
      }
      if isSent == true { return }
      if isSent == false, try discard(only: id) { throw .noRoomInTime("send") }
    }
  }

  /// Tries it, and returns whether it still waits. If it does not it was sent, perhaps by the helper; or it is a Request that was
  /// refused, of which a status tells.
  package func waits(_ id: MessageID) throws(KBusError) -> Bool {
    // What was pending in a Ksock that is closed is not sent.
    try check("send")
    lockSends()
    defer { unlockSends() }
    guard let message = pending, message.id == id else {
      if sentByHelper == id { sentByHelper = nil }
      return false
    }
    if message.isRequest { return try !retryPendingLocked(refusing: true) }
    wasRefused = false
    do throws(KBusError) {
      _ = try publishOnce(message)
      return false
    } catch {
      if error.code == .pending { return true }
      throw error
    }
  }

  /// Drops a pending message without a trace. With nothing pending it does nothing. Returns whether there was one.
  @discardableResult
  public func discard() throws(KBusError) -> Bool { try discard(only: nil) }

  /// The same, if it is the one that is meant; nil means any.
  package func discard(only meant: MessageID?) throws(KBusError) -> Bool {
    try check("discard")
    lockSends()
    defer { unlockSends() }
    if let meant, pending?.id != meant { return false }
    sentByHelper = nil
    guard let message = pending else { return false }
    pending = nil
    wasRefused = false
    forgetPending()
    keepSlot(message.slot, wasSent: false)
    return true
  }

  /// Tells the bus that we have nothing pending any more.
  private func forgetPending() {
    guard record.pending != 0 else { return }
    try? withBus("discard") { _ throws(KBusError) in
      var transaction = Transaction(shared, journalOf: record.index)
      shared.setPending(false, record, &transaction)
      transaction.commit()
    }
  }

  /// Tries the pending message again as poll does: what then fails for good becomes a status to ourselves.
  /// Returns whether nothing is pending any more.
  ///
  /// **Source:** KBUS specification, section 12.2, "by poll/select".
  func retryPending() throws(KBusError) -> Bool {
    lockSends()
    defer { unlockSends() }
    return try retryPendingLocked(refusing: true)
  }

  /// The same, if it is the one that is meant: others are for those who sent them. Returns whether that one is not pending.
  func retryPending(only meant: MessageID) throws(KBusError) -> Bool {
    lockSends()
    defer { unlockSends() }
    guard pending?.id == meant else { return true }
    return try retryPendingLocked(refusing: true)
  }

  /// Tries the pending message again while the program sits in poll and can't be asked. If it is refused nothing is settled yet:
  /// whether the program wants a status or an error is known when it looks. Until then it finds its descriptor ready.
  func retryForProgram() -> Retry {
    guard tryLockSends() else { return .busy }
    var retry = Retry.done
    if let id = pending?.id, !wasRefused {
      do throws(KBusError) {
        if try retryPendingLocked(refusing: false), !wasRefused { sentByHelper = id }
      } catch { retry = error.code == .lockStalled ? .locked : .done }
    }
    let mustRing = owesStatus
    unlockSends()
    if mustRing { shared.ringDescriptor(of: record) }
    return retry
  }

  enum Retry {
    /// Whether it could be sent or not: a ring will tell of the rest.
    case done
    /// Another thread is busy with it.
    case busy
    /// The bus lock was not to be had.
    case locked
  }

  /// Settles what the helper could not: the refusal becomes a status message.
  @inline(__always) func settleRefusal() throws(KBusError) {
    if state.value.hasPending { try settleRefusalOfPending() }
  }

  @inline(never) private func settleRefusalOfPending() throws(KBusError) {
    if wasRefused { _ = try retryPending() }
  }

  /// A status message is due as soon as the program looks.
  var owesStatus: Bool { wasRefused && pending?.isRequest == true }

  /// With sendLock. `refusing`: what is refused is settled at once.
  private func retryPendingLocked(refusing: Bool) throws(KBusError) -> Bool {
    guard var message = pending else { return true }
    let known = try known(message)
    let outcome = try withBus("send") { rings throws(KBusError) -> SendOutcome in
      let outcome = try shared.send(&message, known, from: record, &rings)
      if refusing, case .refused(let error) = outcome, message.isRequest {
        try shared.sendStatus(error.code == .noReplier ? .disappeared : .errorSending, of: message.id, to: record, &rings)
      }
      return outcome
    }
    switch outcome {
    case .wait: return false
    case .refused where !refusing:
      wasRefused = true
      return true
    case .sent(let recipients): keepSlot(message.slot, wasSent: recipients > 0)
    case .refused: keepSlot(message.slot, wasSent: false)
    }
    pending = nil
    wasRefused = false
    return true
  }
}

extension SharedBus {
  /// Tells a Ksock what became of its pending request. No place was reserved for this.
  fileprivate func sendStatus(
    _ status: Status, of id: MessageID, to ksock: KsockRecord, _ rings: inout Rings
  ) throws(KBusError) {
    var transaction = Transaction(self, journalOf: nil)
    var deliveries = Deliveries(self)
    var serials = Serials(self)
    try push(status, inReplyTo: id, from: 0, to: ksock, &serials, &deliveries, &transaction, "send")
    serials.log(&transaction)
    deliveries.log(&transaction)
    transaction.commit()
    deliveries.ring(&rings)
  }
}
