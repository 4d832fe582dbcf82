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
  fileprivate(set) var heldAt: Int
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

/// A copy that was taken from a queue, and what is to be given back for it.
struct Hold: BitwiseCopyable {
  let copy: Copy
  /// Its held record; nil: a message without a slot, made of its entry alone.
  let record: Window?
  /// The header of its slot.
  let header: Window
}

/// A message taken from a queue, with its payload.
struct Taken: BitwiseCopyable {
  let hold: Hold
  let payload: Window
  /// The size of the payload; less than 0: of more than the slot has room for.
  let count: Int

  /// A message without a slot. `nothing`: anything for a payload of no bytes.
  init(_ copy: Copy, _ nothing: Window) {
    hold = Hold(copy: copy, record: nil, header: nothing)
    (payload, count) = (nothing, 0)
  }

  @inline(__always) init(_ copy: Copy, _ slot: SlotPlace, record: Window) {
    hold = Hold(copy: copy, record: record, header: slot.header)
    payload = slot.payload
    // A length in the file is not believed (S3).
    let count = Int(slot.header.u32(CSHM_SLOT_DATA_BYTES))
    self.count = count <= slot.room ? count : -1
  }

  @inline(__always) var copy: Copy { hold.copy }
}

extension SharedBus {
  @inline(__always) func heldRecord(_ ksock: KsockRecord, _ number: Int) -> Int {
    geometry.held.at(ksock.index &* Int(CSHM_HELD) &+ number)
  }

  /// Finds a free held record of this Ksock; false if it has none left.
  @inline(__always) private func findHeld(_ ksock: KsockRecord, _ reading: LocalPlace<ReadingEnd>) -> Bool {
    // The same one again, if it is free: its line is in the cache.
    reading.value.held.u64(CSHM_HELD_POSITION) == 0 || findAnotherHeld(ksock, reading)
  }

  @inline(never) private func findAnotherHeld(_ ksock: KsockRecord, _ reading: LocalPlace<ReadingEnd>) -> Bool {
    for _ in 0..<Int(CSHM_HELD) {
      let next = reading.value.nextHeld + 1 == Int(CSHM_HELD) ? 0 : reading.value.nextHeld + 1, at = heldRecord(ksock, next)
      let held = memory.window(at, CSHM_HELD_SIZE)
      (reading.value.nextHeld, reading.value.heldAt, reading.value.held) = (next, at, held)
      if held.u64(CSHM_HELD_POSITION) == 0 { return true }
    }
    return false
  }

  /// Notes what is about to be held, in a free record of this Ksock: all but the position, which makes it count.
  func prepareHeld(_ ksock: KsockRecord, _ reading: LocalPlace<ReadingEnd>, _ copy: Copy) throws(KBusError) -> Taken {
    let slot = try slot(checking: copy.slot, "receive")
    guard findHeld(ksock, reading) else { throw .tooManyHeld(Int(CSHM_HELD)) }
    note(copy, slot.window, in: reading.value.held)
    return Taken(copy, slot.place, record: reading.value.held)
  }

  @inline(__always) private func note(_ copy: Copy, _ header: Window, in held: Window) {
    held.store64(CSHM_HELD_SEQUENCE, header.u64(CSHM_SLOT_SEQUENCE))
    held.store64(CSHM_HELD_SLOT, copy.slotWord)
  }

  /// Gives a held message back. The bit first: a held record that points at a bit already cleared does no harm.
  @inline(__always) func releaseHeld(_ hold: Hold) {
    release(hold)
    hold.record?.store64(CSHM_HELD_POSITION, 0)
  }

  /// Gives the copy back alone.
  @inline(__always) func release(_ hold: Hold) {
    let holder = hold.copy.holder
    guard holder < UInt32(SlotRecord.inlineHolders) else { return releaseFurther(hold.copy) }
    let bit = 1 &<< UInt64(holder)
    // Bits are set only while there are none, so the last holder is alone with the word.
    if hold.header.acquire64(CSHM_SLOT_HOLDERS) == bit {
      hold.header.store64(CSHM_SLOT_HOLDERS, 0)
    } else {
      hold.header.clearBits(CSHM_SLOT_HOLDERS, bit)
    }
  }

  @inline(never) private func releaseFurther(_ copy: Copy) { release(slot(Int(copy.slot) - 1), holder: copy.holder) }

  /// Asks for the lines of the message at the front, if there is one already, before they are needed: of those that are taken one
  /// after the other.
  @inline(__always) func prefetchFront(_ reading: LocalPlace<ReadingEnd>) {
    let entry = reading.value.entry
    guard entry.u64(CSHM_ENTRY_STAMP) == reading.value.head &+ 1, let slot = smallSlots[entry.u32(CSHM_ENTRY_SLOT)]
    else { return }
    slot.header.prefetch()
    slot.payload.prefetch()
  }

  /// Takes the message at the front of the ring if nothing about it is out of the ordinary; nil if there is none, or `takeFront` has
  /// to take it. The same fence behind it.
  @inline(__always) func takePlain(_ ksock: KsockRecord, _ reading: LocalPlace<ReadingEnd>) -> Taken? {
    let entry = reading.value.entry, head = reading.value.head &+ 1
    guard entry.acquire64(CSHM_ENTRY_STAMP) == head, head % UInt64(CSHM_CHUNK_ENTRIES) != 0 else { return nil }
    let copy = Copy(entry)
    guard copy.isMessage, !copy.isTombstone, let slot = slotPlace(copy.slot) else { return nil }
    // The sender's core had these lines last; they come together rather than one after the other. Who is alone with a message, as most are,
    // is going to write that it gives it back.
    if copy.holder == 0 { slot.header.prefetchToWrite() } else { slot.header.prefetch() }
    slot.payload.prefetch()
    if copy.isYours { prefetchForReply(copy) }
    guard findHeld(ksock, reading) else { return nil }
    let held = reading.value.held
    note(copy, slot.header, in: held)
    held.store64(CSHM_HELD_POSITION, head)
    if copy.isYours { countRequest(reading) }
    reading.value.entry = entry.nextEntry
    pass(reading, head)
    return Taken(copy, slot, record: held)
  }

  /// Takes the message at the front of the ring; nil if there is none. Whoever calls this has a full fence to make before looking
  /// at `special`: a sender that asks for room either sees the new head, or we see that it asks (SYNC room).
  func takeFront(_ ksock: KsockRecord, _ reading: LocalPlace<ReadingEnd>) throws(KBusError) -> Taken? {
    while true {
      let head = reading.value.head, entry = reading.value.entry
      guard entry.acquire64(CSHM_ENTRY_STAMP) == head &+ 1 else { return nil }
      let copy = Copy(entry)
      guard copy.isMessage, !copy.isTombstone else {
        if let taken = try takeUnheld(reading, copy) { return taken }
        continue
      }
      let taken = try prepareHeld(ksock, reading, copy)
      reading.value.held.store64(CSHM_HELD_POSITION, head &+ 1)
      if copy.isYours { countRequest(reading) }
      try advance(reading, passes: true)
      return taken
    }
  }

  /// Passes over a tombstone, or takes a message that is its entry alone.
  @inline(never) private func takeUnheld(_ reading: LocalPlace<ReadingEnd>, _ copy: Copy) throws(KBusError) -> Taken? {
    try advance(reading, passes: !copy.isTombstone)
    return copy.isTombstone ? nil : Taken(copy, header)
  }

  @inline(__always) private func countRequest(_ reading: LocalPlace<ReadingEnd>) {
    reading.value.popped &+= 1
    reading.value.own.store32(CSHM_KSOCK_POPPED, reading.value.popped)
  }

  /// Moves head on, and before it `passed` if that was a message.
  @inline(__always) private func advance(_ reading: LocalPlace<ReadingEnd>, passes: Bool) throws(KBusError) {
    let head = reading.value.head &+ 1
    if head % UInt64(CSHM_CHUNK_ENTRIES) == 0 { try turn(reading, head) } else { reading.value.entry = reading.value.entry.nextEntry }
    if passes { return pass(reading, head) }
    reading.value.head = head
    reading.value.own.store64(CSHM_KSOCK_HEAD, head)
  }

  @inline(__always) private func pass(_ reading: LocalPlace<ReadingEnd>, _ head: UInt64) {
    let own = reading.value.own, passed = reading.value.passed &+ 1
    reading.value.passed = passed
    own.store64(CSHM_KSOCK_PASSED, passed)
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
