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
struct Taken {
  let copy: Copy
  /// Nil: a message without a slot, made of its entry alone.
  let held: Int?

  /// Position in the pool of held records that says "none".
  static let unheld = -1
}

extension SharedBus {
  @inline(__always) func heldRecord(_ ksock: KsockRecord, _ number: Int) -> Int {
    geometry.held.at(ksock.index &* Int(CSHM_HELD) &+ number)
  }

  /// A free held record of this Ksock.
  @inline(__always) func findHeld(_ ksock: KsockRecord, _ end: inout ReadingEnd) throws(KBusError) -> Int {
    for _ in 0..<Int(CSHM_HELD) {
      let number = end.nextHeld
      end.nextHeld = number + 1 == Int(CSHM_HELD) ? 0 : number + 1
      if memory.u64(heldRecord(ksock, number) + CSHM_HELD_POSITION) == 0 {
        // The same one again next time: its line is in the cache.
        end.nextHeld = number
        return number
      }
    }
    throw .tooManyHeld(Int(CSHM_HELD))
  }

  /// Notes what is about to be held: all but the position, which makes it count.
  @inline(__always) func prepareHeld(_ ksock: KsockRecord, _ number: Int, _ copy: Copy, sequence: UInt64) -> Int {
    let record = heldRecord(ksock, number)
    memory.store64(record + CSHM_HELD_SEQUENCE, sequence)
    memory.store32(record + CSHM_HELD_SLOT, copy.slot)
    memory.store32(record + CSHM_HELD_HOLDER, copy.holder)
    return record
  }

  /// Gives a held message back. The bit first: a held record that points at a bit already cleared does no harm.
  @inline(__always) func releaseHeld(_ ksock: KsockRecord, _ number: Int, _ slot: SlotRecord, holder: UInt32) {
    release(slot, holder: holder)
    memory.store64(heldRecord(ksock, number) + CSHM_HELD_POSITION, 0)
  }

  /// Takes the message at the front of the ring; nil if there is none.
  @inline(__always) func takeFront(_ ksock: KsockRecord, _ end: inout ReadingEnd) throws(KBusError) -> Taken? {
    while true {
      let entry = chunk(end.chunk).entry(end.head)
      guard entry.stamp == end.head &+ 1 else { return nil }
      let copy = entry.copy
      if copy.isTombstone {
        try advance(ksock, &end)
        continue
      }
      var held: Int?
      if copy.isMessage {
        let slot = try slot(checking: copy.slot, "receive")
        // The sender's core had these lines last; they come together rather than one after the other.
        memory.prefetch(slot.at)
        memory.prefetch(slot.payload)
        let number = try findHeld(ksock, &end)
        let record = prepareHeld(ksock, number, copy, sequence: slot.sequence)
        memory.store64(record + CSHM_HELD_POSITION, end.head &+ 1)
        held = number
      }
      if copy.isYours {
        end.popped &+= 1
        memory.store32(ksock.at + CSHM_KSOCK_POPPED, end.popped)
      }
      end.passed &+= 1
      memory.store64(ksock.at + CSHM_KSOCK_PASSED, end.passed)
      try advance(ksock, &end)
      return Taken(copy: copy, held: held)
    }
  }

  /// Moves head on. The exchange is a full fence: a sender that asks for room either sees the new head, or we see
  /// that it asks (SYNC room).
  @inline(__always) private func advance(_ ksock: KsockRecord, _ end: inout ReadingEnd) throws(KBusError) {
    end.head &+= 1
    if end.head % UInt64(CSHM_CHUNK_ENTRIES) == 0 { end.chunk = try chunk(checking: chunk(end.chunk).next, "receive").index }
    memory.exchange64(ksock.at + CSHM_KSOCK_HEAD, end.head)
  }
}
