// Waiting for several Ksocks at once, on one bus or on many.

internal import CShm

extension Ksock {
  /// Waits until one of these Ksocks is ready for any of `what`, and returns all that are, in the order given; none when the time is up.
  /// They may be on different buses.
  ///
  /// **Blocking:** until one is ready or the deadline. Beyond 128 Ksocks, and where Linux does not allow FUTEX_WAITV (before 5.16), it looks at them every millisecond.
  /// **Errors:** those of `wait(for:within:)`, of any of the Ksocks.
  public static func wait(
    any ksocks: [Ksock], for what: Readiness = .readable, within limit: Duration?
  ) throws(KBusError) -> [Ksock] {
    let found = try readiness(any: ksocks, for: what, within: limit)
    return ksocks.indices.compactMap { found[$0].isEmpty ? nil : ksocks[$0] }
  }

  /// The same; says of each what it is ready for.
  static func readiness(any ksocks: [Ksock], for what: Readiness, within limit: Duration?) throws(KBusError) -> [Readiness] {
    let deadline = Deadline.after(limit)
    var found = Array(repeating: Readiness(), count: ksocks.count)
    if try look(at: ksocks, for: what, &found) || deadline.isPast { return found }
    let counted = ksocks.map { $0.goInside() }
    defer { for place in ksocks.indices { ksocks[place].comeOut(counted[place]) } }
    var spin = Spin(budget: ksocks.reduce(0) { max($0, $1.backoff.near) }, deadline)
    repeat {
      if try look(at: ksocks, for: what, &found) { return found }
    } while spin.goesOn()
    while true {
      var bells = Bells(ksocks)
      if try look(at: ksocks, for: what, &found) || deadline.isPast { return found }
      if !what.contains(.readable) { for ksock in ksocks { ksock.leaveToOthers() } }
      bells.sleep(until: deadline)
    }
  }

  /// Whether one of them is ready.
  private static func look(at ksocks: [Ksock], for what: Readiness, _ found: inout [Readiness]) throws(KBusError) -> Bool {
    var isAny = false
    for place in ksocks.indices {
      found[place] = try ksocks[place].readiness().intersection(what)
      if !found[place].isEmpty { isAny = true }
    }
    return isAny
  }
}

/// The bells of several Ksocks, as they were when this was made: what they tell of is to be looked at between that and the sleep.
private struct Bells: ~Copyable {
  private let ksocks: [Ksock]
  private var words: [cshm_watched] = []

  init(_ ksocks: [Ksock]) {
    self.ksocks = ksocks
    for ksock in ksocks {
      ksock.countSleeper()
      if words.count < Int(CSHM_MOST_WATCHED) { words.append(ksock.bellNow) }
    }
  }

  deinit { for ksock in ksocks { ksock.discountSleeper() } }

  mutating func sleep(until deadline: Deadline) {
    // Who has no helper looks now and then whether somebody watches over the bus.
    var limit = deadline.nanoseconds
    for ksock in ksocks { limit = min(limit, ksock.nextLook(deadline).nanoseconds) }
    let soon = min(deadline.nanoseconds, Deadline.after(.milliseconds(1)).nanoseconds)
    let result = unsafe words.withUnsafeBufferPointer {
      guard let first = $0.baseAddress else { return -CInt(CSHM_EINVAL) }
      return unsafe cshm_futex_wait_any(first, UInt32($0.count), words.count == ksocks.count ? limit : soon)
    }
    // Refused: an older kernel, or a sandbox.
    if result < 0, ![-CInt(CSHM_EAGAIN), -CInt(CSHM_EINTR), -CInt(CSHM_ETIMEDOUT)].contains(result) { _ = nap(until: soon) }
    for ksock in ksocks { ksock.lookAfterBus() }
  }
}

/// Sleeps for want of anything to sleep on.
private func nap(until deadline: UInt64) -> CInt {
  let word = LocalArray(repeating: UInt32(0), count: 1)
  defer { word.deallocate() }
  return unsafe cshm_futex_wait(word.address(0), 0, deadline)
}

extension Ksock {
  /// The bell as it is now, to be slept on.
  var bellNow: cshm_watched {
    let bell = record.at + CSHM_KSOCK_BELL
    return unsafe cshm_watch(shared.memory.lockWord(bell), record.bell)
  }
}
