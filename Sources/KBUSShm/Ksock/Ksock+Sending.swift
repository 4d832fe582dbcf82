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
  @discardableResult
  public func send(_ message: some OutgoingMessage) throws(KBusError) -> MessageID {
    let message = message.message
    return unsafe try send(OutgoingHeader(message), message.name.bytes.span.bytes, message.data.span.bytes)
  }

  /// Sends what lies somewhere in the process. `measured`: its size has been checked before.
  @inline(__always) func send(
    _ header: OutgoingHeader, _ name: RawSpan, _ data: RawSpan, measured: Bool = false
  ) throws(KBusError) -> MessageID {
    try check("send")
    try requireWriting("send")
    lockSends()
    defer { unlockSends() }
    try requireNothingPending()
    let outgoing = try fill(header, name, count: data.byteCount, measured: measured)
    shared.memory.copyIn(data, at: shared.slot(outgoing.slot).payload)
    return try publish(outgoing)
  }

  /// With sendLock.
  @inline(__always) func requireNothingPending() throws(KBusError) {
    guard pending == nil else { throw .alreadyPending }
    sentByHelper = nil
  }

  /// Claims a slot and fills it, but for the payload. With sendLock.
  func fill(_ header: OutgoingHeader, _ name: RawSpan, count: Int, measured: Bool = false) throws(KBusError) -> Outgoing {
    // Whoever sent last had the lock: its line comes while we fill the slot.
    shared.memory.prefetchToWrite(shared.geometry.lockLine)
    if !measured { try checkSize(nameLength: name.byteCount, dataLength: count, flags: header.flags) }
    let key = try key(of: name)
    let slot = try claimSlot(payloadBytes: SlotRecord.payloadBytes(nameLength: name.byteCount, dataLength: count))
    slot.write(header, name: name, dataCount: count)
    return Outgoing(slot: slot.index, key: key, header)
  }

  /// What can be said of a message by its lengths and flags, in the order of section 10.3. The grammar of its name comes later.
  func checkSize(nameLength length: Int, dataLength count: Int, flags: MessageFlags) throws(KBusError) {
    guard length > 0 else { throw .badValue("send", "the message has no name") }
    guard length <= MessageName.maximumLength else { throw .nameTooLong(length, "send") }
    guard !flags.isSuperset(of: [.allOrWait, .allOrFail]) else { throw .bothAllOrFlags }
    let limit = Int(truncatingIfNeeded: shared.memory.u64(shared.geometry.state + CSHM_STATE_MAX_MESSAGE))
    guard count >= 0, count <= limit, MessageSize.entire(nameLength: length, dataLength: count) <= limit else {
      throw .messageTooLong(count < 0 ? 0 : MessageSize.entire(nameLength: length, dataLength: min(count, Int.max / 2)), limit: limit)
    }
  }

  /// The hashes of a name; those of the name sent last are kept, since most senders have few names.
  @inline(__always) private func key(of name: RawSpan) throws(KBusError) -> NameKey {
    if lastName.count == name.byteCount, unsafe name.holdsSame(as: lastName.span.bytes) { return lastKey[0] }
    let key = NameKey(name, seed: shared.hashSeed)
    guard key.isValid else { throw .badName(MessageName(name), "send") }
    lastName = MessageName(name).bytes
    lastKey[0] = key
    return key
  }

  // Slots. With sendLock.

  /// A slot of ours with reserved payload memory: the spare one, or a new one.
  func claimSlot(payloadBytes: Int) throws(KBusError) -> SlotRecord {
    if let number = shared.geometry.slotClass(for: payloadBytes), spares[number] >= 0 {
      let slot = shared.slot(spares[number])
      spares[number] = -1
      return slot
    }
    let slot = try withBus("send") { _ throws(KBusError) in
      let slot = try shared.findSlot(bytes: payloadBytes, "send")
      var transaction = Transaction(shared, journalOf: record.index)
      transaction.claim(slot, for: incarnation)
      transaction.commit()
      return slot
    }
    guard !slot.isBacked else { return slot }
    do throws(KBusError) {
      try shared.reserve(slot.payload, count: slot.payloadBytes)
    } catch {
      giveBack(slot)
      throw error
    }
    slot.memory.store32(slot.at + CSHM_SLOT_BACKED, 1)
    return slot
  }

  /// Gives a slot back that will not be sent.
  func giveBack(_ slot: SlotRecord) {
    // A loan that a child has inherited is still its parent's.
    guard isOurs, (try? shared.lock("send")) != nil else { return }
    if slot.sender == incarnation { shared.giveBack(slot) }
    shared.unlock()
  }

  /// The class of slots of which a spare one is kept, or nil for large ones.
  @inline(__always) private func spareClass(_ slot: Int) -> Int? {
    let number = shared.geometry.slotClass(of: slot)
    return shared.geometry.classes[number].isReserved ? number : nil
  }

  /// A slot that stayed ours, since nobody received the message: the next spare, or free.
  private func keep(_ slot: Int) {
    if let number = spareClass(slot), spares[number] < 0 { spares[number] = slot } else { giveBack(shared.slot(slot)) }
  }

  // Publishing. With sendLock.

  @inline(never) func publish(_ outgoing: Outgoing) throws(KBusError) -> MessageID {
    var message = outgoing
    let number = spareClass(message.slot)
    let wantsSpare = number.map { spares[$0] < 0 } ?? false ? number : nil
    var spare: Int?
    let outcome: SendOutcome
    do throws(KBusError) {
      outcome = try withBus("send") { rings throws(KBusError) in
        if message.isRequest, record.isFull { return .refused(.noRoomForReply(record)) }
        return try shared.send(&message, from: record, spare: wantsSpare, &spare, &rings)
      }
    } catch {
      // Nothing has happened: a pool is used up, or the bus is damaged.
      pending = nil
      keep(message.slot)
      throw error
    }
    if let number, let spare { spares[number] = spare }
    let id = message.id
    switch outcome {
    case .sent(let recipients):
      pending = nil
      if recipients == 0 { keep(message.slot) }
      return id
    case .wait(let error):
      pending = message
      throw error
    case .refused(let error):
      pending = nil
      forgetPending()
      keep(message.slot)
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
    return try publish(message)
  }

  /// Drops a pending message without a trace. With nothing pending it does nothing. Returns whether there was one.
  @discardableResult
  public func discard() throws(KBusError) -> Bool {
    try check("discard")
    lockSends()
    defer { unlockSends() }
    sentByHelper = nil
    guard let message = pending else { return false }
    pending = nil
    wasRefused = false
    forgetPending()
    keep(message.slot)
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

  /// Tries the pending message again while the program sits in poll and can't be asked. If it is refused nothing is settled yet:
  /// whether the program wants a status or an error is known when it looks. Until then it finds its descriptor ready.
  func retryForProgram(unlessBusy: Bool = false) {
    if unlessBusy {
      guard tryLockSends() else { return }
    } else {
      lockSends()
    }
    if let id = pending?.id, !wasRefused, (try? retryPendingLocked(refusing: false)) == true, !wasRefused { sentByHelper = id }
    let mustRing = owesStatus
    unlockSends()
    if mustRing { shared.ringDescriptor(of: record) }
  }

  /// Settles what the helper could not: the refusal becomes a status message.
  func settleRefusal() throws(KBusError) {
    if wasRefused { _ = try retryPending() }
  }

  /// A status message is due as soon as the program looks.
  var owesStatus: Bool { wasRefused && pending?.isRequest == true }

  /// With sendLock. `refusing`: what is refused is settled at once.
  private func retryPendingLocked(refusing: Bool) throws(KBusError) -> Bool {
    guard var message = pending else { return true }
    var spare: Int?
    let outcome = try withBus("send") { rings throws(KBusError) -> SendOutcome in
      let outcome = try shared.send(&message, from: record, spare: nil, &spare, &rings)
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
    case .sent(let recipients): if recipients == 0 { keep(message.slot) }
    case .refused: keep(message.slot)
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
