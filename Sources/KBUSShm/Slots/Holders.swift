// Who holds a slot: one bit for each copy delivered (DESIGN R5). Bits are set before the commit that makes the copies
// reachable, and cleared by each holder on its own, with one atomic operation and without the lock.

internal import CShm

extension SlotRecord {
  /// Copies whose bits are in the slot itself; the bits of further copies are in extensions.
  static let inlineHolders = 64

  private func extensionBits(_ number: Int) -> Int? {
    let first = Int(memory.u32(at + CSHM_SLOT_EXTENSION))
    guard first >= 1, first - 1 + number < extensions.count else { return nil }
    return extensions.at(first - 1 + number)
  }

  private var extensionOwner: UInt64 { UInt64(index + 1) << 32 | (generation & 0xFFFF_FFFF) }

  /// Free for a new message (S1). Only under the lock.
  @inline(__always) var isFree: Bool {
    sender == 0 && holders == 0 && (memory.u32(at + CSHM_SLOT_EXTENSIONS) == 0 || extensionsAreClear)
  }

  private var extensionsAreClear: Bool {
    let count = min(Int(memory.u32(at + CSHM_SLOT_EXTENSIONS)), extensions.count)
    for number in 0..<count {
      guard let place = extensionBits(number) else { return false }
      if memory.u64(place + CSHM_EXTENSION_OWNER) == extensionOwner, memory.u64(place + CSHM_EXTENSION_BITS) != 0 { return false }
    }
    return true
  }

  /// Sets the bits of so many copies, direct. `first` is the first of enough extensions in a row, if any are needed.
  @inline(__always) func setHolders(_ copies: Int, extensions first: Int?) {
    if let first { setExtensions(copies - Self.inlineHolders, first) }
    memory.store64(at + CSHM_SLOT_HOLDERS, copies >= Self.inlineHolders ? .max : (1 << UInt64(copies)) &- 1)
  }

  private func setExtensions(_ copies: Int, _ first: Int) {
    let count = (copies + 63) / 64
    memory.store32(at + CSHM_SLOT_EXTENSION, UInt32(first) + 1)
    memory.store32(at + CSHM_SLOT_EXTENSIONS, UInt32(count))
    for number in 0..<count {
      let place = extensions.at(first + number), left = copies - number * 64
      memory.store64(place + CSHM_EXTENSION_OWNER, extensionOwner)
      memory.store64(place + CSHM_EXTENSION_BITS, left >= 64 ? .max : (1 << UInt64(left)) &- 1)
    }
  }

  /// Where the bit of one holder is.
  @inline(__always) func holderBit(_ holder: UInt32) -> (offset: Int, bit: UInt64)? {
    if holder < UInt32(Self.inlineHolders) { return (at + CSHM_SLOT_HOLDERS, 1 << UInt64(holder)) }
    let number = (Int(holder) - Self.inlineHolders) / 64
    guard number < Int(memory.u32(at + CSHM_SLOT_EXTENSIONS)), let place = extensionBits(number) else { return nil }
    return (place + CSHM_EXTENSION_BITS, 1 << UInt64(Int(holder) % 64))
  }

  /// Gives one copy back. Doing it twice does no harm as long as the slot has not been claimed again.
  @inline(__always) func release(holder: UInt32) {
    guard let (offset, bit) = holderBit(holder) else { return }
    memory.clearBits(offset, bit)
  }

  /// Takes all bits back: the message that they were set for was never committed (J2).
  func dropHolders() {
    memory.store64(at + CSHM_SLOT_HOLDERS, 0)
    for number in 0..<min(Int(memory.u32(at + CSHM_SLOT_EXTENSIONS)), extensions.count) {
      guard let place = extensionBits(number), memory.u64(place + CSHM_EXTENSION_OWNER) == extensionOwner else { continue }
      memory.store64(place + CSHM_EXTENSION_BITS, 0)
    }
    memory.store32(at + CSHM_SLOT_EXTENSIONS, 0)
  }
}

extension SharedBus {
  /// Enough extension words in a row for this many copies; nil if none are needed.
  func findExtensions(copies: Int, _ operation: StaticString) throws(KBusError) -> Int? {
    guard copies > SlotRecord.inlineHolders else { return nil }
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
    throw exhausted(.extensions, operation)
  }
}
