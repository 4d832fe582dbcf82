// The slots that a Ksock has for its own messages. A steady sender fills the same few again and again, without the bus lock: a
// slot that it has sent stays its own, marked idle, and is of use again when the last reader has given it back. Whoever
// finds none near that nobody has takes idle slots away from their owners (S1), so nothing is hoarded.

internal import CShm

/// A slot that a Ksock fills: its number, and its header.
struct OwnSlot: BitwiseCopyable {
  let number: UInt32
  /// Whether it stays with its sender once it is sent.
  fileprivate(set) var stays = false
  let header: Window

  var index: Int { @inline(__always) get { Int(number) } }
}

/// The same, with what only filling it needs.
struct KeptSlot: BitwiseCopyable {
  fileprivate(set) var slot: OwnSlot
  /// All the room it has.
  let payload: Window
  /// The name that it bears since it was filled last, if that was a short one, for no other network; else 0.
  fileprivate(set) var name: UInt64 = 0

  fileprivate init(_ slot: SlotRecord) {
    self.slot = OwnSlot(number: UInt32(truncatingIfNeeded: slot.index), header: slot.window)
    payload = slot.memory.window(slot.payload, slot.payloadBytes)
  }
}

/// Slots of one size class that a Ksock owns, in the order in which they are filled, round and round. One that is filled, sent or
/// read keeps its place. Guarded by sendLock.
@safe struct OwnSlots: BitwiseCopyable {
  private var slots = unsafe UnsafeMutablePointer<KeptSlot>?.none
  private var capacity = 0
  private(set) var count = 0
  /// The one to be filled next, sent longest ago; less than count, if there is any.
  private var next = 0

  /// Beyond so many a sent slot is let go.
  static let most = 1024

  @inline(__always) subscript(place: Int) -> KeptSlot {
    precondition(UInt(bitPattern: place) < UInt(bitPattern: count), "beyond the slots there are")
    return unsafe slots.unsafelyUnwrapped[place]
  }

  /// The slot to be filled next, if there is any.
  @inline(__always) var front: KeptSlot? { next < count ? unsafe slots.unsafelyUnwrapped[next] : nil }

  /// On to the one behind it.
  @inline(__always) mutating func advance() {
    next &+= 1
    if next == count { next = 0 }
  }

  /// Asks for the lines of a slot to be filled soon, which its readers had last: while a few others are filled, if there are so many.
  @inline(__always) func prefetchAhead() {
    let kept = unsafe slots.unsafelyUnwrapped[next &+ 3 < count ? next &+ 3 : next]
    kept.slot.header.prefetchToWrite()
    kept.payload.prefetchToWrite()
  }

  /// Where a slot is, if it is the one before the next.
  private func placeBefore(_ slot: OwnSlot) -> Int? {
    guard count > 0 else { return nil }
    let place = next == 0 ? count - 1 : next - 1
    return self[place].slot.number == slot.number ? place : nil
  }

  /// Back to this slot, which was to be filled last.
  mutating func returnTo(_ slot: OwnSlot) { if let place = placeBefore(slot) { next = place } }

  /// Notes the name in the slot that is being filled.
  func setName(_ name: UInt64, in slot: OwnSlot) { if let place = placeBefore(slot) { unsafe slots![place].name = name } }

  /// One more, to be filled again when all others have been; false if there are too many.
  mutating func insert(_ kept: KeptSlot) -> Bool {
    guard count < Self.most else { return false }
    // It may have been ours before, and have been taken away: what is known of it holds no more.
    for place in stride(from: count - 1, through: 0, by: -1) where self[place].slot.number == kept.slot.number { remove(place) }
    if count == capacity { grow() }
    for place in stride(from: count, to: next, by: -1) { unsafe slots![place] = slots![place - 1] }
    unsafe slots![next] = kept
    count += 1
    advance()
    return true
  }

  /// Without the one to be filled next, which has been taken away.
  mutating func removeFront() { remove(next) }

  private mutating func remove(_ place: Int) {
    count -= 1
    for later in place..<count { unsafe slots![later] = slots![later + 1] }
    if next > place { next -= 1 }
    if next == count { next = 0 }
  }

  private mutating func grow() {
    let larger = max(16, capacity * 2), new = UnsafeMutablePointer<KeptSlot>.allocate(capacity: larger)
    for place in 0..<count { unsafe new[place] = self[place] }
    unsafe slots?.deallocate()
    unsafe slots = new
    capacity = larger
  }

  func deallocate() { unsafe slots?.deallocate() }
}

// All of these with sendLock.
extension Ksock {
  /// A slot of ours to be filled: one of our own, or one from the pool. Its payload memory is reserved.
  @inline(__always) func claimSlot(payloadBytes: Int) throws(KBusError) -> KeptSlot {
    // Most messages are small.
    if payloadBytes <= shared.geometry.smallestPayload, let slot = reuseSlot(ofClass: 0) { return slot }
    return try claimAnySlot(payloadBytes)
  }

  @inline(never) private func claimAnySlot(_ payloadBytes: Int) throws(KBusError) -> KeptSlot {
    if let number = shared.geometry.slotClass(for: payloadBytes), number > 0, let slot = reuseSlot(ofClass: number) { return slot }
    let slot = try claimFromPool(payloadBytes)
    do throws(KBusError) {
      try shared.reserve(slot)
    } catch {
      giveBack(slot.window)
      throw error
    }
    let number = shared.geometry.slotClass(of: slot.index), kept = keep(slot, ofClass: number)
    if ownSlots.at(number).value.count == 1, slot.payloadBytes <= Geometry.smallPayload { claimSpare(ofClass: number) }
    return kept
  }

  /// A second small slot, to be filled next: the lines of one come back from its readers while the other is filled.
  private func claimSpare(ofClass number: Int) {
    let found = try? withBus("send") { _ throws(KBusError) -> SlotRecord? in
      guard let slot = shared.findSlot(inClass: number, mayTakeAway: false) else { return nil }
      own(slot, incarnation | CSHM_SLOT_IDLE)
      return slot
    }
    guard let slot = found else { return }
    let spare = keep(slot, ofClass: number)
    ownSlots.at(number).value.returnTo(spare.slot)
  }

  /// Gives a slot that we have claimed its place among ours, if there is room.
  @inline(never) private func keep(_ slot: SlotRecord, ofClass number: Int) -> KeptSlot {
    var kept = KeptSlot(slot)
    kept.slot.stays = true
    if !ownSlots.at(number).value.insert(kept) { kept.slot.stays = false }
    return kept
  }

  /// With the bus lock.
  @inline(never) private func own(_ slot: SlotRecord, _ sender: UInt64) {
    var transaction = Transaction(shared, journalOf: record.index)
    transaction.set(slot.at + CSHM_SLOT_SENDER, sender)
    transaction.commit()
  }

  private func claimFromPool(_ payloadBytes: Int) throws(KBusError) -> SlotRecord {
    while true {
      do throws(KBusError) {
        return try withBus("send") { _ throws(KBusError) in
          let slot = try shared.findSlot(bytes: payloadBytes, "send")
          own(slot, incarnation)
          return slot
        }
      } catch  where error.code == .poolExhausted && shared.awaitReturn(bytes: payloadBytes) {}
    }
  }

  /// The slot of ours that was sent longest ago, if its readers have given it back. One that somebody still reads is passed over: a
  /// slow reader costs a look now and then.
  @inline(__always) private func reuseSlot(ofClass number: Int) -> KeptSlot? {
    let own = ownSlots.at(number)
    guard let kept = own.value.front else { return nil }
    let header = kept.slot.header
    if header.acquire64(CSHM_SLOT_HOLDERS) == 0, header.u32(CSHM_SLOT_EXTENSIONS) == 0, begin(kept.slot) {
      own.value.advance()
      own.value.prefetchAhead()
      return kept
    }
    return reuseAnotherSlot(own)
  }

  /// Begins to fill one that is idle, and ours.
  @inline(__always) private func begin(_ slot: OwnSlot) -> Bool {
    slot.header.replace64(CSHM_SLOT_SENDER, incarnation | CSHM_SLOT_IDLE, incarnation)
  }

  @inline(never) private func reuseAnotherSlot(_ own: LocalPlace<OwnSlots>) -> KeptSlot? {
    var passed = 0
    while passed < min(own.value.count, 4), let kept = own.value.front {
      if shared.isReleased(shared.slot(kept.slot.index)), begin(kept.slot) {
        own.value.advance()
        return kept
      }
      if kept.slot.header.u64(CSHM_SLOT_SENDER) & ~CSHM_SLOT_IDLE == incarnation {
        own.value.advance()
        passed += 1
      } else {
        own.value.removeFront()
      }
    }
    return nil
  }

  /// A slot that was sent stays ours, and so does one that was not and is of use at once.
  @inline(__always) func keepSlot(_ slot: OwnSlot, wasSent: Bool) {
    slot.header.store64(CSHM_SLOT_SENDER, slot.stays ? incarnation | CSHM_SLOT_IDLE : 0)
    if !wasSent { ownSlots.at(shared.geometry.slotClass(of: slot.index)).value.returnTo(slot) }
  }

  /// Those that nobody fills, for when the Ksock closes.
  var idleSlots: [Int] {
    var idle: [Int] = []
    for number in 0..<ownSlots.count {
      let own = ownSlots[number]
      for place in 0..<own.count {
        let slot = own[place].slot
        if slot.header.u64(CSHM_SLOT_SENDER) & CSHM_SLOT_IDLE != 0 { idle.append(slot.index) }
      }
    }
    return idle
  }

  /// A loan ends unsent.
  func giveBack(_ message: Outgoing) {
    // One that a child has inherited is still its parent's.
    if isOurs { giveBack(message.slot.header) }
  }

  private func giveBack(_ header: Window) {
    if header.u64(CSHM_SLOT_SENDER) == incarnation { header.store64(CSHM_SLOT_SENDER, 0) }
  }
}
