// Who holds a slot: one bit for each copy delivered (DESIGN R5). Bits are set before the commit that makes the copies
// reachable, and cleared by each holder on its own, without the lock.

internal import CShm

extension SlotRecord {
  /// Copies whose bits are in the slot itself; the bits of further copies are in extensions.
  static let inlineHolders = 64
}

extension SharedBus {
  private func extensionBits(_ slot: SlotRecord, _ number: Int) -> Int? {
    let first = Int(memory.u32(slot.at + CSHM_SLOT_EXTENSION))
    guard first >= 1, first - 1 + number < geometry.extensions.count else { return nil }
    return geometry.extensions.at(first - 1 + number)
  }

  private func extensionOwner(_ slot: SlotRecord) -> UInt64 { UInt64(slot.index + 1) << 32 | (slot.sequence & 0xFFFF_FFFF) }

  /// Whether nobody has a copy of what is in a slot (S1).
  @inline(__always) func isReleased(_ slot: SlotRecord) -> Bool {
    slot.holders == 0 && (memory.u32(slot.at + CSHM_SLOT_EXTENSIONS) == 0 || extensionsAreClear(slot))
  }

  private func extensionsAreClear(_ slot: SlotRecord) -> Bool {
    let count = min(Int(memory.u32(slot.at + CSHM_SLOT_EXTENSIONS)), geometry.extensions.count)
    for number in 0..<count {
      guard let place = extensionBits(slot, number) else { return false }
      if memory.u64(place + CSHM_EXTENSION_OWNER) == extensionOwner(slot), memory.u64(place + CSHM_EXTENSION_BITS) != 0 { return false }
    }
    return true
  }

  /// Sets the bits of so many copies, direct. `first` is the first of enough extensions in a row, if any are needed.
  func setHolders(_ slot: SlotRecord, _ copies: Int, extensions first: Int?) {
    let further = max(0, copies - SlotRecord.inlineHolders), count = (further + 63) / 64
    // How many first: whoever drops them goes by that.
    memory.store32(slot.at + CSHM_SLOT_EXTENSIONS, UInt32(count))
    if let first {
      memory.store32(slot.at + CSHM_SLOT_EXTENSION, UInt32(first) + 1)
      for number in 0..<count {
        let place = geometry.extensions.at(first + number), left = further - number * 64
        memory.store64(place + CSHM_EXTENSION_OWNER, extensionOwner(slot))
        memory.store64(place + CSHM_EXTENSION_BITS, left >= 64 ? .max : (1 << UInt64(left)) &- 1)
      }
    }
    memory.store64(slot.at + CSHM_SLOT_HOLDERS, copies >= SlotRecord.inlineHolders ? .max : (1 << UInt64(copies)) &- 1)
  }

  /// Where the bit of one holder is. Nil if there is none: an extension in which all bits are clear may be another slot's.
  @inline(__always) func holderBit(_ slot: SlotRecord, _ holder: UInt32) -> (offset: Int, bit: UInt64)? {
    if holder < UInt32(SlotRecord.inlineHolders) { return (slot.at + CSHM_SLOT_HOLDERS, 1 << UInt64(holder)) }
    let number = (Int(holder) - SlotRecord.inlineHolders) / 64
    guard number < Int(memory.u32(slot.at + CSHM_SLOT_EXTENSIONS)), let place = extensionBits(slot, number),
      memory.u64(place + CSHM_EXTENSION_OWNER) == extensionOwner(slot)
    else { return nil }
    return (place + CSHM_EXTENSION_BITS, 1 << UInt64(Int(holder) % 64))
  }

  /// Gives one copy back. Doing it twice does no harm as long as the slot has not been filled again.
  @inline(__always) func release(_ slot: SlotRecord, holder: UInt32) {
    guard let (offset, bit) = holderBit(slot, holder) else { return }
    memory.clearBits(offset, bit)
  }

  /// Takes all bits back: the message that they were set for was never committed (J2).
  func dropHolders(_ slot: SlotRecord) {
    memory.store64(slot.at + CSHM_SLOT_HOLDERS, 0)
    for number in 0..<min(Int(memory.u32(slot.at + CSHM_SLOT_EXTENSIONS)), geometry.extensions.count) {
      guard let place = extensionBits(slot, number), memory.u64(place + CSHM_EXTENSION_OWNER) == extensionOwner(slot) else { continue }
      memory.store64(place + CSHM_EXTENSION_BITS, 0)
    }
    memory.store32(slot.at + CSHM_SLOT_EXTENSIONS, 0)
  }

  /// Enough extension words in a row for this many copies; nil if none are needed.
  func findExtensions(copies: Int, _ operation: StaticString) throws(KBusError) -> Int? {
    guard copies > SlotRecord.inlineHolders else { return nil }
    guard let first = freeExtensions(copies) else { throw exhausted(.extensions, operation) }
    return first
  }

  /// Whether there are enough.
  func hasExtensions(copies: Int) -> Bool { copies <= SlotRecord.inlineHolders || freeExtensions(copies) != nil }

  private func freeExtensions(_ copies: Int) -> Int? {
    let needed = (copies - SlotRecord.inlineHolders + 63) / 64, count = geometry.extensions.count
    var start = scratch.hints[Scratch.Hint.extensions.rawValue], run = 0
    for _ in 0..<(count + needed) {
      if start + run == count { (start, run) = (0, 0) }
      if memory.u64(geometry.extensions.at(start + run) + CSHM_EXTENSION_BITS) == 0 {
        run += 1
      } else {
        (start, run) = (start + run + 1, 0)
      }
      if start == count { start = 0 }
      if run == needed {
        scratch.hints[Scratch.Hint.extensions.rawValue] = (start + run) % count
        return start
      }
    }
    return nil
  }
}
