// The pages of payloads. Small slots have theirs from the beginning. A larger one gets them before its first use, outside the lock, and
// is marked (S5). When nobody has used a large one for a while (UnusedSlots.swift) they go back to the system, and its next use gets new
// ones, or the error that there are none.
//
// That takes milliseconds, too long to hold the lock. So the slot is taken out of the pool first (S4), and stays out of it
// until the last page has gone. Who does this may die at any store: the slot says where it is, and whoever watches next goes on.

internal import CShm

extension SharedBus {
  /// Makes sure that filling a slot can't raise SIGBUS. Outside the lock, by whoever has claimed it.
  func reserve(_ slot: SlotRecord) throws(KBusError) {
    guard !slot.isBacked else { return }
    let result = cshm_file_reserve(descriptor, UInt64(slot.payload), UInt64(slot.payloadBytes))
    guard result != -CInt(CSHM_ENOSPC) else {
      let left = unsafe directory.withCharacters { unsafe cshm_space_left($0) }
      throw .noSpace("loan", path, needed: UInt64(slot.payloadBytes), left: left)
    }
    guard result == 0 else { throw .system(-result, "loan", path) }
    memory.store32(slot.at + CSHM_SLOT_BACKED, 1)
    // Whoever watches sleeps without a limit while there is nothing to give back.
    if slot.index >= geometry.firstLargeSlot { ringOwnersBell() }
  }

  /// The pool is used up, but a slot that may do for so many bytes is just on its way back into it: waits for that. False if there is none,
  /// or if it takes too long, since whoever gives it back may be stopped.
  func awaitReturn(bytes: Int) -> Bool {
    // Who wants a small slot is not helped by a large one.
    guard bytes > Geometry.smallPayload, isAnyReturning else { return false }
    let deadline = cshm_now() &+ Self.longestReturn
    while isAnyReturning {
      guard cshm_now() < deadline else { return false }
      cshm_wait(Self.partOfReturn)
    }
    return true
  }

  private var isAnyReturning: Bool { (geometry.firstLargeSlot..<geometry.slotCount).contains { slot($0).isReturning } }

  // Giving back: only whoever has the role of watching

  /// So many bytes are given back at a time, and about how long that takes.
  private static let part = 1 << 20
  private static let partOfReturn: UInt64 = 200_000
  private static let longestReturn: UInt64 = 200_000_000

  /// Takes a free slot out of the pool, to give its pages back. False if somebody was quicker.
  func beginReturn(_ slot: SlotRecord) throws(KBusError) -> Bool {
    try lock("reap")
    defer { unlock() }
    return isFree(slot) && disown(slot, to: CSHM_SLOT_RETURNING)
  }

  /// Gives back one part of a slot's pages, from this place in its payload on. Returns where the next begins; 0 if that was
  /// the last, and the slot is free.
  func giveBackPart(of slot: SlotRecord, from start: Int) -> Int {
    let all = geometry.classes[geometry.slotClass(of: slot.index)].payloads.stride, end = min(start + Self.part, all)
    if slot.isBacked { memory.store32(slot.at + CSHM_SLOT_BACKED, 0) }
    memory.giveBackPages(slot.payload + start, count: end - start)
    guard end == all else { return end }
    // Whoever took the role from us may have been quicker.
    _ = memory.replace64(slot.at + CSHM_SLOT_SENDER, CSHM_SLOT_RETURNING, 0)
    return 0
  }
}
