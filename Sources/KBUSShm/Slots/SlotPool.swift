// Finding a slot for a message. Slots sent lately come first: likely free again, with their memory in the cache; first
// touch of a page costs many times as much as a recycled one.

internal import CShm

extension SharedBus {
  /// A free slot for so many bytes of payload: of the class that fits, or the next larger one. Only under the lock.
  ///
  /// `backed`: only one whose payload memory is reserved already, for the messages that the bus makes itself.
  func findSlot(bytes: Int, backed: Bool = false, except taken: Int? = nil, _ operation: StaticString) throws(KBusError) -> SlotRecord {
    guard let first = geometry.slotClass(for: bytes) else {
      throw .messageTooLong(bytes, limit: geometry.classes[geometry.classes.count - 1].payloadBytes)
    }
    for number in first..<min(first + 2, geometry.classes.count) {
      if let slot = findSlot(inClass: number, backed: backed, except: taken) { return slot }
    }
    throw exhausted(.slots(geometry.classes[first].payloadBytes), operation)
  }

  @inline(__always) func findSlot(inClass number: Int, backed: Bool = false, except taken: Int? = nil) -> SlotRecord? {
    let region = geometry.classes[number]
    let range = region.firstSlot..<(region.firstSlot + region.headers.count)
    for place in 0..<scratch.recentSlots.count {
      let index = Int(scratch.recentSlots[place]) - 1
      guard range.contains(index), index != taken else { continue }
      let slot = slot(index)
      if slot.isFree, !backed || slot.isBacked { return slot }
    }
    let hint = Scratch.Hint.slotClass.rawValue + number
    var next = scratch.hints[hint]
    for _ in 0..<region.headers.count {
      let slot = slot(region.firstSlot + next)
      next = next + 1 == region.headers.count ? 0 : next + 1
      if slot.isFree, slot.index != taken, !backed || slot.isBacked {
        scratch.hints[hint] = next
        return slot
      }
    }
    return nil
  }

  /// A slot that is not to be sent is free again. Under the lock.
  func giveBack(_ slot: SlotRecord) {
    var transaction = Transaction(self, journalOf: nil)
    transaction.set(slot.at + CSHM_SLOT_SENDER, 0 as UInt64)
    transaction.commit()
  }

  /// Remembers a slot just sent, in place of the one sent longest ago.
  @inline(__always) func rememberSent(_ slot: Int) {
    let last = scratch.recentSlots.count - 1
    if scratch.recentSlots[0] == UInt32(slot) + 1 { return }
    for place in stride(from: last, to: 0, by: -1) { scratch.recentSlots[place] = scratch.recentSlots[place - 1] }
    scratch.recentSlots[0] = UInt32(slot) + 1
  }
}

extension Transaction {
  /// The slot is to belong to this Ksock, to be filled and sent.
  @inline(__always) mutating func claim(_ slot: SlotRecord, for incarnation: UInt64) {
    set(slot.at + CSHM_SLOT_SENDER, incarnation)
    set(slot.at + CSHM_SLOT_GENERATION, slot.generation &+ 1)
  }
}
