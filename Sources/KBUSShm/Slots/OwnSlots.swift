// The slots that a Ksock has for its own messages. A steady sender fills the same few again and again, without the bus lock: a
// slot that it has sent stays its own, marked idle, and is of use again when the last reader has given it back. Whoever
// finds the pool empty takes idle slots away from their owners (S1), so nothing is hoarded.

internal import CShm

/// A slot: its index, where its header is, and where its payload.
struct OwnSlot: BitwiseCopyable {
  let index: Int
  let header: Int
  let payload: Int

  @inline(__always) init(_ slot: SlotRecord) {
    index = slot.index
    header = slot.at
    payload = slot.payload
  }
}

/// Slots of one size class that a Ksock owns, those sent longest ago first. Guarded by sendLock.
@safe struct OwnSlots: BitwiseCopyable {
  private var slots = unsafe UnsafeMutablePointer<OwnSlot>?.none
  private var capacity = 0
  private var first = 0
  private(set) var count = 0

  /// Beyond so many a sent slot is let go.
  static let most = 1024

  @inline(__always) subscript(place: Int) -> OwnSlot {
    precondition(place < count, "beyond the slots there are")
    return unsafe slots![(first &+ place) & (capacity &- 1)]
  }

  /// Behind all others; false if there are too many.
  @inline(__always) mutating func append(_ slot: OwnSlot) -> Bool {
    if count == capacity, !grow() { return false }
    unsafe slots![(first &+ count) & (capacity &- 1)] = slot
    count &+= 1
    return true
  }

  /// Before all others: nobody reads it.
  mutating func prepend(_ slot: OwnSlot) -> Bool {
    if count == capacity, !grow() { return false }
    first = (first &- 1) & (capacity &- 1)
    unsafe slots![first] = slot
    count &+= 1
    return true
  }

  @inline(__always) mutating func removeFirst() -> OwnSlot {
    let slot = self[0]
    first = (first &+ 1) & (capacity &- 1)
    count &-= 1
    return slot
  }

  @inline(never) private mutating func grow() -> Bool {
    guard capacity < Self.most else { return false }
    let larger = max(16, capacity * 2), new = UnsafeMutablePointer<OwnSlot>.allocate(capacity: larger)
    for place in 0..<count { unsafe new[place] = self[place] }
    unsafe slots?.deallocate()
    unsafe slots = new
    (capacity, first) = (larger, 0)
    return true
  }

  func deallocate() { unsafe slots?.deallocate() }
}

// All of these with sendLock.
extension Ksock {
  /// A slot of ours to be filled: one of our own, or one from the pool. Its payload memory is reserved.
  @inline(__always) func claimSlot(payloadBytes: Int) throws(KBusError) -> OwnSlot {
    // Most messages are small.
    if payloadBytes <= shared.geometry.smallestPayload, let slot = reuseSlot(ofClass: 0) { return slot }
    return try claimAnySlot(payloadBytes)
  }

  @inline(never) private func claimAnySlot(_ payloadBytes: Int) throws(KBusError) -> OwnSlot {
    if let number = shared.geometry.slotClass(for: payloadBytes), number > 0, let slot = reuseSlot(ofClass: number) { return slot }
    let slot = try claimFromPool(payloadBytes)
    do throws(KBusError) {
      try shared.reserve(slot)
    } catch {
      giveBack(slotAt: slot.at)
      throw error
    }
    return OwnSlot(slot)
  }

  private func claimFromPool(_ payloadBytes: Int) throws(KBusError) -> SlotRecord {
    while true {
      do throws(KBusError) {
        return try withBus("send") { _ throws(KBusError) in
          let slot = try shared.findSlot(bytes: payloadBytes, "send")
          var transaction = Transaction(shared, journalOf: record.index)
          transaction.set(slot.at + CSHM_SLOT_SENDER, incarnation)
          transaction.commit()
          return slot
        }
      } catch  where error.code == .poolExhausted && shared.awaitReturn(bytes: payloadBytes) {}
    }
  }

  /// The slot of ours that was sent longest ago, if its readers have given it back. One that somebody still reads goes behind
  /// the others: a slow reader costs a look now and then.
  @inline(__always) private func reuseSlot(ofClass number: Int) -> OwnSlot? {
    let own = ownSlots.at(number)
    guard own.value.count > 0 else { return nil }
    let slot = own.value[0], header = shared.memory.window(slot.header, CSHM_SLOT_SIZE)
    if header.acquire64(CSHM_SLOT_HOLDERS) == 0, header.u32(CSHM_SLOT_EXTENSIONS) == 0,
      header.replace64(CSHM_SLOT_SENDER, incarnation | CSHM_SLOT_IDLE, incarnation)
    {
      return own.value.removeFirst()
    }
    return reuseAnotherSlot(own)
  }

  @inline(never) private func reuseAnotherSlot(_ own: LocalPlace<OwnSlots>) -> OwnSlot? {
    for _ in 0..<min(own.value.count, 4) {
      let slot = own.value.removeFirst()
      if shared.isReleased(shared.slot(slot.index)) {
        // It may have been taken away.
        if shared.memory.replace64(slot.header + CSHM_SLOT_SENDER, incarnation | CSHM_SLOT_IDLE, incarnation) { return slot }
      } else {
        _ = own.value.append(slot)
      }
    }
    return nil
  }

  /// A slot that was sent stays ours, and so does one that was not and is of use at once.
  @inline(__always) func keepSlot(_ slot: OwnSlot, wasSent: Bool) {
    let own = ownSlots.at(shared.geometry.slotClass(of: slot.index))
    let isKept = wasSent ? own.value.append(slot) : own.value.prepend(slot)
    shared.memory.store64(slot.header &+ CSHM_SLOT_SENDER, isKept ? incarnation | CSHM_SLOT_IDLE : 0)
  }

  /// A loan ends unsent.
  func giveBack(_ message: Outgoing) {
    // One that a child has inherited is still its parent's.
    if isOurs { giveBack(slotAt: message.slot.header) }
  }

  private func giveBack(slotAt at: Int) {
    if shared.memory.u64(at + CSHM_SLOT_SENDER) == incarnation { shared.memory.store64(at + CSHM_SLOT_SENDER, 0) }
  }
}
