// The slots that a Ksock has for its own messages. A steady sender fills the same few again and again, without the bus lock: a
// slot that it has sent stays its own, marked idle, and is of use again when the last reader has given it back. Whoever
// finds the pool empty takes idle slots away from their owners (S1), so nothing is hoarded.

internal import CShm

/// Slots of one size class that a Ksock owns, those sent longest ago first. Guarded by sendLock.
@safe struct OwnSlots: BitwiseCopyable {
  private var slots = unsafe UnsafeMutablePointer<UInt32>?.none
  private var capacity = 0
  private var first = 0
  private(set) var count = 0

  /// Beyond so many a sent slot is let go.
  static let most = 1024

  subscript(place: Int) -> Int {
    precondition(place < count, "beyond the slots there are")
    return unsafe Int(slots![(first &+ place) & (capacity &- 1)])
  }

  /// Behind all others; false if there are too many.
  mutating func append(_ slot: Int) -> Bool {
    if count == capacity, !grow() { return false }
    unsafe slots![(first &+ count) & (capacity &- 1)] = UInt32(truncatingIfNeeded: slot)
    count &+= 1
    return true
  }

  /// Before all others: nobody reads it.
  mutating func prepend(_ slot: Int) -> Bool {
    if count == capacity, !grow() { return false }
    first = (first &- 1) & (capacity &- 1)
    unsafe slots![first] = UInt32(truncatingIfNeeded: slot)
    count &+= 1
    return true
  }

  mutating func removeFirst() -> Int {
    let slot = self[0]
    first = (first &+ 1) & (capacity &- 1)
    count &-= 1
    return slot
  }

  private mutating func grow() -> Bool {
    guard capacity < Self.most else { return false }
    let larger = max(16, capacity * 2), new = UnsafeMutablePointer<UInt32>.allocate(capacity: larger)
    for place in 0..<count { unsafe new[place] = UInt32(self[place]) }
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
  func claimSlot(payloadBytes: Int) throws(KBusError) -> SlotRecord {
    if let number = shared.geometry.slotClass(for: payloadBytes), let slot = reuseSlot(ofClass: number) { return slot }
    let slot = try withBus("send") { _ throws(KBusError) in
      let slot = try shared.findSlot(bytes: payloadBytes, "send")
      var transaction = Transaction(shared, journalOf: record.index)
      transaction.set(slot.at + CSHM_SLOT_SENDER, incarnation)
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

  /// The slot of ours that was sent longest ago, if its readers have given it back. One that somebody still reads goes behind
  /// the others: a slow reader costs a look now and then.
  @inline(__always) private func reuseSlot(ofClass number: Int) -> SlotRecord? {
    let own = ownSlots.at(number)
    for _ in 0..<min(own.value.count, 4) {
      let index = own.value.removeFirst(), slot = shared.slot(index)
      if shared.isReleased(slot) {
        // It may have been taken away.
        if shared.memory.replace64(slot.at + CSHM_SLOT_SENDER, incarnation | CSHM_SLOT_IDLE, incarnation) { return slot }
      } else {
        _ = own.value.append(index)
      }
    }
    return nil
  }

  /// A slot that was sent stays ours, and so does one that was not and is of use at once.
  @inline(__always) func keepSlot(_ index: Int, wasSent: Bool) {
    let slot = shared.slot(index), own = ownSlots.at(shared.geometry.slotClass(of: index))
    let isKept = wasSent ? own.value.append(index) : own.value.prepend(index)
    shared.memory.store64(slot.at + CSHM_SLOT_SENDER, isKept ? incarnation | CSHM_SLOT_IDLE : 0)
  }

  /// A loan ends unsent.
  func giveBack(_ slot: SlotRecord) {
    // One that a child has inherited is still its parent's.
    guard isOurs, slot.sender == incarnation else { return }
    slot.memory.store64(slot.at + CSHM_SLOT_SENDER, 0)
  }
}
