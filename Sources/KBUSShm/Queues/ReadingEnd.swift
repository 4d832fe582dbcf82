// The reading end of a queue: taking the ordinary message at the front, without the bus lock (DESIGN R4).
//
// Only threads of the owner take; a process-local lock keeps them in a row. What a take stores - the held record, then the
// head - it stores in an order that makes sense at every step, since the process may be killed between any two.

internal import CShm

/// Where the owner reads next; guarded by the Ksock's local lock.
struct ReadingEnd: BitwiseCopyable {
  var head: UInt64 = 0
  var chunk = 0
  var passed: UInt64 = 0
  var popped: UInt32 = 0
  /// Where to look for a free held record.
  var nextHeld = 0
}

/// A message taken from a queue: its content, and which held record keeps it.
struct Taken: BitwiseCopyable {
  let copy: Copy
  /// The number of the held record; -1: a message without a slot, made of its entry alone.
  let held: Int32
  /// Of its slot: where the header is, where the payload is, and how much room that has.
  let header: Int
  let payload: Int
  let payloadBytes: Int

  /// A message without a slot.
  init(_ copy: Copy) {
    self.copy = copy
    (held, header, payload, payloadBytes) = (-1, 0, 0, 0)
  }

  @inline(__always) init(_ copy: Copy, _ slot: SlotRecord, held: Int) {
    self.copy = copy
    self.held = Int32(truncatingIfNeeded: held)
    header = slot.at
    payload = slot.payload
    payloadBytes = slot.payloadBytes
  }

  var hasSlot: Bool { held >= 0 }

  /// The slot that it has.
  @inline(__always) func slot(_ memory: BusMemory) -> SlotRecord {
    SlotRecord(memory: memory, at: header, index: Int(copy.slot) - 1, payload: payload, payloadBytes: payloadBytes)
  }
}

extension SharedBus {
  @inline(__always) func heldRecord(_ ksock: KsockRecord, _ number: Int) -> Int {
    geometry.held.at(ksock.index &* Int(CSHM_HELD) &+ number)
  }

  /// A free held record of this Ksock.
  @inline(__always) func findHeld(_ ksock: KsockRecord, _ end: inout ReadingEnd) throws(KBusError) -> Int {
    // The same one again, if it is free: its line is in the cache.
    if memory.u64(heldRecord(ksock, end.nextHeld) + CSHM_HELD_POSITION) == 0 { return end.nextHeld }
    return try findAnotherHeld(ksock, &end)
  }

  @inline(never) private func findAnotherHeld(_ ksock: KsockRecord, _ end: inout ReadingEnd) throws(KBusError) -> Int {
    for _ in 0..<Int(CSHM_HELD) {
      end.nextHeld = end.nextHeld + 1 == Int(CSHM_HELD) ? 0 : end.nextHeld + 1
      if memory.u64(heldRecord(ksock, end.nextHeld) + CSHM_HELD_POSITION) == 0 { return end.nextHeld }
    }
    throw .tooManyHeld(Int(CSHM_HELD))
  }

  /// Notes what is about to be held: all but the position, which makes it count.
  @inline(__always) func prepareHeld(_ ksock: KsockRecord, _ number: Int, _ copy: Copy, sequence: UInt64) -> Int {
    let at = heldRecord(ksock, number), record = memory.window(at, CSHM_HELD_SIZE)
    record.store64(CSHM_HELD_SEQUENCE, sequence)
    record.store64(CSHM_HELD_SLOT, copy.slotWord)
    return at
  }

  /// Gives a held message back. The bit first: a held record that points at a bit already cleared does no harm.
  @inline(__always) func releaseHeld(_ ksock: KsockRecord, _ number: Int, _ slot: SlotRecord, holder: UInt32) {
    release(slot, holder: holder)
    memory.store64(heldRecord(ksock, number) + CSHM_HELD_POSITION, 0)
  }

  /// Takes the message at the front of the ring; nil if there is none. Whoever calls this has a full fence to make before looking
  /// at `special`: a sender that asks for room either sees the new head, or we see that it asks (SYNC room).
  @inline(__always) func takeFront(_ ksock: KsockRecord, _ reading: LocalPlace<ReadingEnd>) throws(KBusError) -> Taken? {
    while true {
      let head = reading.value.head
      let entry = memory.window(chunk(reading.value.chunk).entry(head).at, CSHM_ENTRY_SIZE)
      guard entry.acquire64(CSHM_ENTRY_STAMP) == head &+ 1 else { return nil }
      let copy = Copy(entry)
      guard copy.isMessage, !copy.isTombstone else {
        if let taken = try takeUnheld(ksock, reading, copy) { return taken }
        continue
      }
      let slot = try slot(checking: copy.slot, "receive")
      // The sender's core had these lines last; they come together rather than one after the other.
      memory.prefetch(slot.at)
      memory.prefetch(slot.payload)
      let number = try findHeld(ksock, &reading.value)
      let record = prepareHeld(ksock, number, copy, sequence: slot.sequence)
      memory.store64(record + CSHM_HELD_POSITION, head &+ 1)
      if copy.isYours { countRequest(ksock, reading) }
      try advance(ksock, reading, passes: true)
      return Taken(copy, slot, held: number)
    }
  }

  /// Passes over a tombstone, or takes a message that is its entry alone.
  @inline(never) private func takeUnheld(_ ksock: KsockRecord, _ reading: LocalPlace<ReadingEnd>, _ copy: Copy) throws(KBusError) -> Taken?
  {
    try advance(ksock, reading, passes: !copy.isTombstone)
    return copy.isTombstone ? nil : Taken(copy)
  }

  @inline(__always) private func countRequest(_ ksock: KsockRecord, _ reading: LocalPlace<ReadingEnd>) {
    reading.value.popped &+= 1
    memory.store32(ksock.at + CSHM_KSOCK_POPPED, reading.value.popped)
  }

  /// Moves head on, and before it `passed` if that was a message.
  @inline(__always) private func advance(_ ksock: KsockRecord, _ reading: LocalPlace<ReadingEnd>, passes: Bool) throws(KBusError) {
    let end = memory.window(ksock.at, CSHM_KSOCK_SIZE), head = reading.value.head &+ 1
    if head % UInt64(CSHM_CHUNK_ENTRIES) == 0 {
      reading.value.chunk = try chunk(checking: chunk(reading.value.chunk).next, "receive").index
    }
    if passes {
      reading.value.passed &+= 1
      end.store64(CSHM_KSOCK_PASSED, reading.value.passed)
    }
    reading.value.head = head
    end.store64(CSHM_KSOCK_HEAD, head)
  }
}
