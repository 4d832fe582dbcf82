// One Ksock as the bus file holds it (cshm_ksock, invariants K1 to K8).

internal import CShm

struct KsockRecord {
  let memory: BusMemory
  let at: Int
  let index: Int

  /// All of its words, whose bounds are checked together.
  @inline(__always) var window: Window { memory.window(at, CSHM_KSOCK_SIZE) }

  // Identity
  @inline(__always) var incarnation: UInt64 { window.u64(CSHM_KSOCK_INCARNATION) }
  @inline(__always) var id: UInt32 { window.u32(CSHM_KSOCK_ID) }
  @inline(__always) var mode: UInt32 { window.u32(CSHM_KSOCK_MODE) }
  var lastSent: MessageID { MessageID(word: window.u64(CSHM_KSOCK_LAST_SENT)) }
  var bindings: UInt32 { window.u32(CSHM_KSOCK_BINDINGS) }
  @inline(__always) var struck: UInt32 { window.u32(CSHM_KSOCK_STRUCK) }
  @inline(__always) var firstChunk: UInt32 { window.u32(CSHM_KSOCK_FIRST_CHUNK) }
  @inline(__always) var lastChunk: UInt32 { window.u32(CSHM_KSOCK_LAST_CHUNK) }
  @inline(__always) var pending: UInt32 { window.u32(CSHM_KSOCK_PENDING) }
  @inline(__always) var reservedMax: UInt32 { window.u32(CSHM_KSOCK_RESERVED_MAX) }

  // The writing end
  @inline(__always) var tail: UInt64 { window.u64(CSHM_KSOCK_TAIL) }
  @inline(__always) var tombstones: UInt64 { window.u64(CSHM_KSOCK_TOMBSTONES) }
  @inline(__always) var lastPushed: UInt64 { window.u64(CSHM_KSOCK_LAST_PUSHED) }
  @inline(__always) var end: UInt64 { window.u64(CSHM_KSOCK_END) }
  @inline(__always) var reserved: UInt32 { window.u32(CSHM_KSOCK_RESERVED) }
  @inline(__always) var maxMessages: UInt32 { window.u32(CSHM_KSOCK_MAX_MESSAGES) }
  @inline(__always) var urgentCount: UInt32 { window.u32(CSHM_KSOCK_URGENT_COUNT) }
  @inline(__always) var tailChunk: UInt32 { window.u32(CSHM_KSOCK_TAIL_CHUNK) }
  @inline(__always) var onlyOnce: UInt32 { window.u32(CSHM_KSOCK_ONLY_ONCE) }
  @inline(__always) var urgentHead: UInt32 { window.u32(CSHM_KSOCK_URGENT_HEAD) }

  // What a waiting reader looks at
  @inline(__always) var bell: UInt32 { window.acquire32(CSHM_KSOCK_BELL) }
  @inline(__always) var special: UInt32 { window.acquire32(CSHM_KSOCK_SPECIAL) }
  @inline(__always) var sleepers: UInt32 { window.u32(CSHM_KSOCK_SLEEPERS) }

  // The reading end
  @inline(__always) var head: UInt64 { window.acquire64(CSHM_KSOCK_HEAD) }
  @inline(__always) var passed: UInt64 { window.acquire64(CSHM_KSOCK_PASSED) }
  @inline(__always) var popped: UInt32 { window.u32(CSHM_KSOCK_POPPED) }

  // Set-aside events and counters
  var setAsideHead: UInt32 { window.u32(CSHM_KSOCK_SET_ASIDE_HEAD) }
  var setAsideTail: UInt32 { window.u32(CSHM_KSOCK_SET_ASIDE_TAIL) }
  @inline(__always) var setAsideCount: UInt32 { window.u32(CSHM_KSOCK_SET_ASIDE_COUNT) }
  @inline(__always) var missed: UInt64 { window.u64(CSHM_KSOCK_MISSED) }
  var lostSince: UInt64 { window.u64(CSHM_KSOCK_LOST_SINCE) }

  /// Messages queued: those in the ring that were neither taken nor made tombstones, and the urgent ones.
  /// The owner may take one at any time, so this can be one too high a moment later, never too low.
  @inline(__always) var queued: Int {
    // `passed` is the owner's word: a wild value must not trap.
    let ring = Int(truncatingIfNeeded: (tail &- tombstones) &- passed)
    return min(max(0, min(ring, Int(UInt32.max))) + Int(urgentCount), Int(UInt32.max))
  }

  /// No room for a message: reserved places are taken as well. Under the lock.
  @inline(__always) var isFull: Bool { isFull(reserved: Int(reserved)) }

  /// No room for a reply, which is about to use one of the reserved places. Under the lock.
  @inline(__always) var isFullForReply: Bool { isFull(reserved: Int(reserved) - 1) }

  /// By what was seen of the reader's progress last, if that will do: its cache line stays with it (K9).
  @inline(__always) private func isFull(reserved: Int) -> Bool {
    let seen = window.u64(CSHM_KSOCK_PASSED_SEEN)
    let ring = Int(truncatingIfNeeded: (tail &- tombstones) &- seen)
    if ring >= 0, ring &+ Int(urgentCount) &+ reserved < Int(maxMessages) { return false }
    window.store64(CSHM_KSOCK_PASSED_SEEN, passed)
    return queued + reserved >= Int(maxMessages)
  }

  var isInUse: Bool { incarnation != 0 }
  /// It is not on the bus any more, and waits for the certain end of its owner (K11).
  var isDeparted: Bool { special & UInt32(CSHM_SPECIAL_CLOSING) != 0 }
  var isOpen: Bool { isInUse && !isDeparted }
}

extension SharedBus {
  /// The record with this index, which has been checked.
  @inline(__always) func ksock(_ index: Int) -> KsockRecord {
    KsockRecord(memory: memory, at: geometry.ksocks.at(index), index: index)
  }

  /// The record that a word of the file names.
  @inline(__always) func ksock(checking word: UInt32, _ operation: StaticString) throws(KBusError) -> KsockRecord {
    guard Int(word) < geometry.limits.ksocks else { throw .corrupt(.k1, operation) }
    return ksock(Int(word))
  }

  /// The open Ksock with this id. Records are looked for from the place that the id suggests, where they were put.
  func ksock(id: UInt32) -> KsockRecord? {
    guard id != 0 else { return nil }
    let count = geometry.limits.ksocks
    var index = Int(id) % count
    for _ in 0..<count {
      let record = ksock(index)
      if record.id == id, record.isOpen { return record }
      index = index + 1 == count ? 0 : index + 1
    }
    return nil
  }

  /// Every open Ksock.
  func forEachKsock(_ body: (KsockRecord) throws(KBusError) -> Void) throws(KBusError) {
    for index in 0..<geometry.limits.ksocks {
      let record = ksock(index)
      if record.isOpen { try body(record) }
    }
  }
}
