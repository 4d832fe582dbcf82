// Finding a slot for a message that has none yet. Senders fill their own slots again and again (`OwnSlots`), so this is for
// the first few messages, and for those that the bus makes itself.

internal import CShm

extension SharedBus {
  /// A slot without an owner for so many bytes of payload: of the class that fits, or the next larger one. Only under the lock.
  ///
  /// `backed`: only one whose payload memory is reserved already, for the messages that the bus makes itself.
  func findSlot(bytes: Int, backed: Bool = false, _ operation: StaticString) throws(KBusError) -> SlotRecord {
    guard let first = geometry.slotClass(for: bytes) else {
      throw .messageTooLong(bytes, limit: geometry.classes[geometry.classes.count - 1].payloadBytes)
    }
    for number in first..<min(first + 2, geometry.classes.count) {
      if let slot = findSlot(inClass: number, backed: backed) { return slot }
    }
    throw exhausted(.slots(geometry.classes[first].payloadBytes), operation)
  }

  /// So many are looked at for one that nobody has, before an idle one is taken away from who is going to fill it again.
  private static let near = 16

  /// From where the last search ended: slots that were free long ago are likely to be so again. `mayTakeAway`: also one that somebody
  /// has idle, if need be.
  func findSlot(inClass number: Int, backed: Bool = false, mayTakeAway: Bool = true) -> SlotRecord? {
    let region = geometry.classes[number]
    let hint = Scratch.Hint.slotClass.rawValue + number
    var next = scratch.hints[hint]
    for looked in 0..<Self.near + (mayTakeAway ? region.headers.count : 0) {
      let slot = slot(region.firstSlot + next)
      next = next + 1 == region.headers.count ? 0 : next + 1
      if looked >= Self.near || slot.sender == 0, isFree(slot), !backed || slot.isBacked, disown(slot, to: 0) {
        scratch.hints[hint] = next
        return slot
      }
    }
    return nil
  }

  /// Whether a slot is there for a new message (S1). It is for certain only under the lock.
  func isFree(_ slot: SlotRecord) -> Bool {
    let sender = slot.sender
    return (sender == 0 || sender & CSHM_SLOT_IDLE != 0) && isReleased(slot)
  }

  /// Makes a free slot somebody else's: takes it away from the owner that has it idle, unless that has just begun to fill it.
  func disown(_ slot: SlotRecord, to heir: UInt64) -> Bool {
    let sender = slot.sender
    guard sender == 0 || sender & CSHM_SLOT_IDLE != 0 else { return false }
    return sender == heir || memory.replace64(slot.at + CSHM_SLOT_SENDER, sender, heir)
  }
}
