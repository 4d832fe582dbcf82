// The reading end of a queue: taking the ordinary message at the front, without the bus lock (DESIGN R4).
//
// Only threads of the owner take; a process-local lock keeps them in a row. What a take stores - the held record, then the
// head - it stores in an order that makes sense at every step, since the process may be killed between any two.

internal import CShm

/// Where the owner reads next; guarded by the Ksock's local lock.
struct ReadingEnd: BitwiseCopyable {
  var head: UInt64 = 0
  var chunk: Int
  var passed: UInt64 = 0
  var popped: UInt32 = 0
  /// Where to look for a free held record: its number, and where it is.
  fileprivate var nextHeld = 0
  fileprivate var heldAt: Int
  // The records that those numbers mean: found once, not with each message.
  fileprivate(set) var entry: Window
  fileprivate var held: Window
  private(set) var own: Window

  init(_ bus: SharedBus, _ ksock: KsockRecord) {
    chunk = Int(ksock.firstChunk) - 1
    entry = bus.chunk(chunk).entry(0).window
    heldAt = bus.heldRecord(ksock, 0)
    held = bus.memory.window(heldAt, CSHM_HELD_SIZE)
    own = ksock.window
  }
}

/// A message taken from a queue: its content, and which held record keeps it.
struct Taken: BitwiseCopyable {
  let copy: Copy
  /// Where its held record is; 0: a message without a slot, made of its entry alone.
  let heldAt: Int
  /// Of its slot: where the header is, where the payload is, and how much room that has.
  let header: Int
  let payload: Int
  let payloadBytes: Int

  /// A message without a slot.
  init(_ copy: Copy) {
    self.copy = copy
    (heldAt, header, payload, payloadBytes) = (0, 0, 0, 0)
  }

  @inline(__always) init(_ copy: Copy, _ slot: SlotRecord, heldAt: Int) {
    self.copy = copy
    self.heldAt = heldAt
    header = slot.at
    payload = slot.payload
    payloadBytes = slot.payloadBytes
  }

  @inline(__always) var hasSlot: Bool { heldAt != 0 }

  /// The slot that it has.
  @inline(__always) func slot(_ memory: BusMemory) -> SlotRecord {
    SlotRecord(memory: memory, at: header, index: Int(copy.slot) - 1, payload: payload, payloadBytes: payloadBytes)
  }
}

extension SharedBus {
  @inline(__always) func heldRecord(_ ksock: KsockRecord, _ number: Int) -> Int {
    geometry.held.at(ksock.index &* Int(CSHM_HELD) &+ number)
  }

  /// Where a free held record of this Ksock is.
  @inline(__always) func findHeld(_ ksock: KsockRecord, _ end: inout ReadingEnd) throws(KBusError) -> Int {
    // The same one again, if it is free: its line is in the cache.
    if end.held.u64(CSHM_HELD_POSITION) == 0 { return end.heldAt }
    return try findAnotherHeld(ksock, &end)
  }

  @inline(never) private func findAnotherHeld(_ ksock: KsockRecord, _ end: inout ReadingEnd) throws(KBusError) -> Int {
    for _ in 0..<Int(CSHM_HELD) {
      end.nextHeld = end.nextHeld + 1 == Int(CSHM_HELD) ? 0 : end.nextHeld + 1
      end.heldAt = heldRecord(ksock, end.nextHeld)
      end.held = memory.window(end.heldAt, CSHM_HELD_SIZE)
      if end.held.u64(CSHM_HELD_POSITION) == 0 { return end.heldAt }
    }
    throw .tooManyHeld(Int(CSHM_HELD))
  }

  /// Notes what is about to be held, in the record that was found: all but the position, which makes it count.
  @inline(__always) func prepareHeld(_ end: ReadingEnd, _ copy: Copy, sequence: UInt64) {
    end.held.store64(CSHM_HELD_SEQUENCE, sequence)
    end.held.store64(CSHM_HELD_SLOT, copy.slotWord)
  }

  /// Gives a held message back. The bit first: a held record that points at a bit already cleared does no harm.
  @inline(__always) func releaseHeld(_ taken: Taken) {
    release(taken)
    memory.store64(taken.heldAt &+ CSHM_HELD_POSITION, 0)
  }

  /// Gives the copy back alone.
  @inline(__always) func release(_ taken: Taken) {
    let header = memory.window(taken.header, CSHM_SLOT_SIZE), holder = taken.copy.holder
    // Bits are set only while there are none, so the last holder is alone with the word.
    if holder < UInt32(SlotRecord.inlineHolders), header.acquire64(CSHM_SLOT_HOLDERS) == 1 &<< UInt64(holder) {
      header.store64(CSHM_SLOT_HOLDERS, 0)
    } else {
      releaseAmongOthers(taken)
    }
  }

  @inline(never) private func releaseAmongOthers(_ taken: Taken) { release(taken.slot(memory), holder: taken.copy.holder) }

  /// Takes the message at the front of the ring; nil if there is none. Whoever calls this has a full fence to make before looking
  /// at `special`: a sender that asks for room either sees the new head, or we see that it asks (SYNC room).
  #if hasFeature(Embedded)
    @inline(never)
  #else
    @inline(__always)
  #endif
  func takeFront(_ ksock: KsockRecord, _ reading: LocalPlace<ReadingEnd>) throws(KBusError) -> Taken? {
    while true {
      let head = reading.value.head, entry = reading.value.entry
      guard entry.acquire64(CSHM_ENTRY_STAMP) == head &+ 1 else { return nil }
      let copy = Copy(entry)
      guard copy.isMessage, !copy.isTombstone else {
        if let taken = try takeUnheld(reading, copy) { return taken }
        continue
      }
      let slot = try slot(checking: copy.slot, "receive")
      // The sender's core had these lines last; they come together rather than one after the other.
      memory.prefetch(slot.at)
      memory.prefetch(slot.payload)
      let heldAt = try findHeld(ksock, &reading.value)
      prepareHeld(reading.value, copy, sequence: slot.sequence)
      reading.value.held.store64(CSHM_HELD_POSITION, head &+ 1)
      if copy.isYours { countRequest(reading) }
      try advance(reading, passes: true)
      return Taken(copy, slot, heldAt: heldAt)
    }
  }

  /// Passes over a tombstone, or takes a message that is its entry alone.
  @inline(never) private func takeUnheld(_ reading: LocalPlace<ReadingEnd>, _ copy: Copy) throws(KBusError) -> Taken? {
    try advance(reading, passes: !copy.isTombstone)
    return copy.isTombstone ? nil : Taken(copy)
  }

  @inline(__always) private func countRequest(_ reading: LocalPlace<ReadingEnd>) {
    reading.value.popped &+= 1
    reading.value.own.store32(CSHM_KSOCK_POPPED, reading.value.popped)
  }

  /// Moves head on, and before it `passed` if that was a message.
  @inline(__always) private func advance(_ reading: LocalPlace<ReadingEnd>, passes: Bool) throws(KBusError) {
    let own = reading.value.own, head = reading.value.head &+ 1
    if head % UInt64(CSHM_CHUNK_ENTRIES) == 0 { try turn(reading, head) } else { reading.value.entry = reading.value.entry.nextEntry }
    if passes {
      reading.value.passed &+= 1
      own.store64(CSHM_KSOCK_PASSED, reading.value.passed)
    }
    reading.value.head = head
    own.store64(CSHM_KSOCK_HEAD, head)
  }

  /// Goes on to the next chunk.
  @inline(never) private func turn(_ reading: LocalPlace<ReadingEnd>, _ head: UInt64) throws(KBusError) {
    let next = try chunk(checking: chunk(reading.value.chunk).next, "receive")
    reading.value.chunk = next.index
    reading.value.entry = next.entry(head).window
  }
}
