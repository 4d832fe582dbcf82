// The helper: what has to be done for Ksocks with descriptors while their program sits in poll and calls nothing of ours.
//
// One thread for each bus that the process has such Ksocks on. It sends pending messages when room appears, rings descriptors for
// senders that can't reach them, and looks whether the descriptor of a Ksock that owes somebody an answer is still open. It
// sleeps on one word of the bus, and has a time limit only while there is such an answer to watch over.

internal import CShm

/// The Ksocks of this process for which the helper of one bus works.
final class HelpedKsocks: @unchecked Sendable {
  // Sendable: everything is guarded by the process lock.
  fileprivate var isRunning = false
  /// Of the process that started the thread: a child has none.
  fileprivate var generation: UInt64 = 0
  fileprivate var ksocks: [Ksock] = []
  /// Those of the processes that this one was forked from, kept so that nothing of theirs ends here.
  fileprivate var inherited: [[Ksock]] = []

  fileprivate func withLock<Result>(_ body: (HelpedKsocks) -> Result) -> Result {
    cshm_process_lock()
    defer { cshm_process_unlock() }
    return body(self)
  }
}

extension SharedBus {
  /// How often the helper looks whether a descriptor is still open, while somebody waits for its owner's answer.
  private static let watchInterval: UInt64 = 250_000_000

  private var helpersBell: Int { geometry.state + CSHM_STATE_HELPERS_BELL }

  /// The helper works for this Ksock from now on. It is started if there is none; if it can't be, what it is for happens when the
  /// program calls.
  func help(_ ksock: Ksock) {
    let generation = cshm_fork_generation()
    helped.withLock { helped in
      if helped.generation != generation {
        helped.generation = generation
        helped.isRunning = false
        helped.inherited.append(helped.ksocks)
        helped.ksocks = []
      }
      helped.ksocks.append(ksock)
      guard !helped.isRunning else { return }
      let reference = unsafe Unmanaged.passRetained(self)
      helped.isRunning =
        unsafe cshm_thread_start(
          { argument in
            unsafe Unmanaged<SharedBus>.fromOpaque(argument!).takeRetainedValue().runHelper()
            return nil
          }, reference.toOpaque()) == 0
      if !helped.isRunning { unsafe reference.release() }
    }
  }

  func stopHelping(_ ksock: Ksock) {
    let isLast = helped.withLock { helped -> Bool in
      helped.ksocks.removeAll { $0 === ksock }
      return helped.ksocks.isEmpty
    }
    if isLast { ringHelpers() }
  }

  /// Tells all helpers on the bus to look at their Ksocks. Not under the lock.
  func ringHelpers() {
    memory.add32(helpersBell, 1)
    memory.wake(helpersBell)
  }

  /// There is something for helpers to do. What is ours to do is done at once, so that a program with one thread finds its
  /// Ksocks as they should be when the call returns. A Ksock that is busy is left to the helper.
  func callHelpers() {
    ringHelpers()
    for ksock in helped.withLock({ $0.ksocks }) where ksock.record.pending != 0 { ksock.retryForProgram(unlessBusy: true) }
  }

  private func runHelper() {
    while true {
      let heard = memory.acquire32(helpersBell)
      guard let isWatching = help() else { return }
      let deadline = isWatching ? Deadline.after(.nanoseconds(Int64(Self.watchInterval))) : .never
      _ = memory.sleep(on: helpersBell, while: heard, until: deadline.nanoseconds)
    }
  }

  /// One look at every Ksock; nil when there are none left, and the thread may end.
  private func help() -> Bool? {
    let ksocks = helped.withLock { helped -> [Ksock] in
      if helped.ksocks.isEmpty { helped.isRunning = false }
      return helped.ksocks
    }
    guard !ksocks.isEmpty else { return nil }
    var isWatching = false
    for ksock in ksocks where help(ksock) { isWatching = true }
    return isWatching
  }

  /// Returns whether the Ksock owes an answer and is to be looked at again.
  private func help(_ ksock: Ksock) -> Bool {
    let record = ksock.record
    guard record.incarnation == ksock.incarnation else {
      // Closed on the bus by somebody who found its descriptor gone.
      ksock.close()
      return false
    }
    if record.pending != 0 { ksock.retryForProgram() }
    if record.rung & UInt32(CSHM_RUNG_MASK) == UInt32(CSHM_RUNG_BY_HELPER) { ringDescriptor(of: record) }
    guard record.isWatched else { return false }
    guard ksock.findDescriptor() != nil else {
      ksock.close()
      return false
    }
    if owesAnswer(ksock) { return true }
    // Closed meanwhile, it may have left its record to another.
    guard record.incarnation == ksock.incarnation else { return false }
    memory.store32(record.at + CSHM_KSOCK_WATCHED, 0)
    // A sender sees that nobody watches, or we see its request.
    cshm_fence()
    guard owesAnswer(ksock) else { return false }
    memory.store32(record.at + CSHM_KSOCK_WATCHED, 1)
    return true
  }

  private func owesAnswer(_ ksock: Ksock) -> Bool {
    for index in 0..<geometry.limits.requests {
      let request = request(index)
      if request.sequence != 0, request.replierIncarnation == ksock.incarnation { return true }
    }
    return false
  }
}
