// How far a queue has grown, and for how long its oldest message has waited. It is noted where that costs a send next to nothing: where
// its recipient sleeps or may be polled, and has to be woken anyway; where a queue gets another chunk, which is at every 32nd message; where
// a copy is missed; and by whoever asks. So the length of the queue of one who is awake is exact to 31 messages. The time is exact for one
// who slept when the oldest came, as most do who are stopped, and a lower bound for one who was awake.

internal import CShm

extension SharedBus {
  /// Notes the length of a queue and, if all has been read that was there when this was last done, where it ends now, and when. Under
  /// the lock; direct, since it changes nothing that anybody relies on.
  @inline(never) func noteBacklog(of ksock: KsockRecord) {
    let queued = UInt32(truncatingIfNeeded: ksock.queued), tail = ksock.tail, window = ksock.window
    if queued > ksock.mostQueued { window.store32(CSHM_KSOCK_MOST_QUEUED, queued) } else { window.leave(1) }
    guard ksock.head >= ksock.backlogTail, ksock.backlogTail != tail else { return window.leave(2) }
    // The time first: killed between the two, we leave a place that has been passed.
    window.store64(CSHM_KSOCK_BACKLOG_SINCE, cshm_now())
    window.store64(CSHM_KSOCK_BACKLOG_TAIL, tail)
  }
}

extension KsockRecord {
  var mostQueued: UInt32 { memory.u32(at + CSHM_KSOCK_MOST_QUEUED) }
  var backlogTail: UInt64 { memory.u64(at + CSHM_KSOCK_BACKLOG_TAIL) }

  /// For how long the oldest message has waited at least: nanoseconds.
  var backlogAge: UInt64 {
    guard head < backlogTail else { return 0 }
    let now = cshm_now(), since = memory.u64(at + CSHM_KSOCK_BACKLOG_SINCE)
    return now > since ? now - since : 0
  }
}

extension Ksock {
  /// How many messages this Ksock has missed, because its queue was full, since this was last asked: whoever takes them asks now and then, and
  /// knows that there is a gap.
  ///
  /// **Blocking:** never. **Complexity:** a look at one word of the bus.
  public func newlyMissed() throws(KBusError) -> UInt64 { try newlyMissed(isTold: true) }

  /// The same. A monitor, which does not take the messages, is not told in place of whoever does.
  func newlyMissed(isTold: Bool) throws(KBusError) -> UInt64 {
    lockTakes()
    defer { unlockTakes() }
    try check("newlyMissed")
    let missed = record.missed, before = missedBefore
    if isTold { missedBefore = missed }
    return missed &- before
  }
}
