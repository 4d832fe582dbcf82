// Waiting for several Ksocks at once, on one bus or on many.

internal import CShm

extension Ksock {
  /// Waits until one of these Ksocks is ready for any of `what`, and returns all that are, in the order given; none when the time is up.
  /// They may be on different buses.
  ///
  /// **Blocking:** until one is ready or the deadline. Beyond 128 Ksocks, and before Linux 5.16, it looks at them every millisecond.
  /// **Errors:** those of `wait(for:within:)`, of any of the Ksocks.
  public static func wait(
    any ksocks: [Ksock], for what: Readiness = .readable, within limit: Duration?
  ) throws(KBusError) -> [Ksock] {
    let deadline = Deadline.after(limit)
    var ready = try readyOnes(of: ksocks, what)
    if !ready.isEmpty || deadline.isPast { return ready }
    for ksock in ksocks { ksock.goInside() }
    defer { for ksock in ksocks { ksock.comeOut() } }
    var spin = Spin(budget: ksocks.reduce(0) { max($0, $1.spinBudget[0]) }, deadline)
    repeat {
      ready = try readyOnes(of: ksocks, what)
      if !ready.isEmpty { return ready }
    } while spin.goesOn()
    while true {
      var bells = Bells(ksocks)
      ready = try readyOnes(of: ksocks, what)
      if !ready.isEmpty || deadline.isPast { return ready }
      if !what.contains(.readable) { for ksock in ksocks { ksock.leaveToOthers() } }
      bells.sleep(until: deadline)
    }
  }

  private static func readyOnes(of ksocks: [Ksock], _ what: Readiness) throws(KBusError) -> [Ksock] {
    var ready: [Ksock] = []
    for ksock in ksocks where try !ksock.readiness().isDisjoint(with: what) { ready.append(ksock) }
    return ready
  }

  /// One more of our threads sleeps on the bell, or is about to; a full fence.
  func countSleeper() { shared.memory.add32(record.at + CSHM_KSOCK_SLEEPERS, 1) }

  /// One less. When the Ksock is closed its record may be another's.
  func discountSleeper() {
    lockTakes()
    defer { unlockTakes() }
    guard !isClosedHere, record.incarnation == incarnation else { return }
    shared.memory.add32(record.at + CSHM_KSOCK_SLEEPERS, UInt32.max)
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
    let alone = ksocks.filter { !$0.shared.hasHelper }
    let limit = alone.isEmpty ? deadline.nanoseconds : min(deadline.nanoseconds, Deadline.after(.milliseconds(250)).nanoseconds)
    let soon = min(deadline.nanoseconds, Deadline.after(.milliseconds(1)).nanoseconds)
    let result = unsafe words.withUnsafeBufferPointer {
      guard let first = $0.baseAddress else { return -CInt(CSHM_EINVAL) }
      return unsafe cshm_futex_wait_any(first, UInt32($0.count), words.count == ksocks.count ? limit : soon)
    }
    if result == -CInt(CSHM_ENOSYS) || result == -CInt(CSHM_EINVAL) { _ = nap(until: soon) }
    for ksock in alone where !ksock.shared.isReaped { _ = try? ksock.shared.reap(.all) }
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
