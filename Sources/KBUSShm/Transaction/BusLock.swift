// Taking and giving back the bus lock. One lock gives one order of everything on a bus; it is held for as long as it
// takes to change a few words, never during a system call, a copy of payload or a wait.

internal import CShm

extension SharedBus {
  /// How long one attempt waits. R7: an untimed wait can be stranded on a free lock when a waiter is killed.
  private static let attempt: UInt64 = 50_000_000
  /// After so many attempts the holder is reported: it is stopped, or starved.
  private static let attempts = 40

  /// Takes the lock. From a dead holder it comes with a bus to repair first, which happens here.
  ///
  /// **Errors:** `lockStalled` naming the holder, `lockHeldHere` in a signal handler that interrupted us, `corrupt`.
  func lock(_ operation: StaticString) throws(KBusError) { try lockHere(operation) }

  /// The same, written out where it is called: on the message path.
  @inline(__always) func lockHere(_ operation: StaticString) throws(KBusError) {
    let result = unsafe cshm_lock_take(lockWord, Self.attempt)
    if result != 0 { try lockSlowly(operation, result) }
    if line.u32(CSHM_LOCK_LINE_PID_NAMESPACE) != pidNamespace { line.store32(CSHM_LOCK_LINE_PID_NAMESPACE, pidNamespace) }
    if isCorrupt { try refuseCorrupt(operation) }
  }

  @inline(never) private func refuseCorrupt(_ operation: StaticString) throws(KBusError) {
    unlock()
    throw .corruptBefore(operation, path)
  }

  @inline(never) private func lockSlowly(_ operation: StaticString, _ first: CInt) throws(KBusError) {
    var result = first
    for _ in 0..<Self.attempts where result == -CInt(CSHM_ETIMEDOUT) {
      // A word that was damaged can look like a lock that somebody has.
      guard !isCorrupt else { throw .corruptBefore(operation, path) }
      line.add32(CSHM_LOCK_LINE_STALLS, 1)
      bereaveIfHolderIsGone()
      result = unsafe cshm_lock_take(lockWord, Self.attempt)
    }
    switch result {
    case 0: return
    case CInt(CSHM_EOWNERDEAD): try recoverOrMark(operation)
    case -CInt(CSHM_ETIMEDOUT): throw .lockStalled(operation, holder: unsafe cshm_lock_holder(lockWord))
    case -CInt(CSHM_EDEADLK): throw .lockHeldHere(operation)
    default: throw .corrupt(.l1, operation)
    }
  }

  /// A holder that is gone without the kernel having marked the lock: its program took away what the kernel goes by, or the
  /// word was overwritten. Thread ids mean something only within one pid namespace.
  private func bereaveIfHolderIsGone() {
    let holder = unsafe cshm_lock_holder(lockWord)
    guard holder != 0, line.u32(CSHM_LOCK_LINE_PID_NAMESPACE) == pidNamespace, cshm_thread_is_gone(holder) != 0 else { return }
    unsafe cshm_lock_bereave(lockWord, holder)
  }

  private func recoverOrMark(_ operation: StaticString) throws(KBusError) {
    do throws(KBusError) {
      try recover()
    } catch {
      // Nobody can trust this bus any more: say so in the file, so that everybody is told the same.
      markCorrupt()
      unlock()
      throw error
    }
  }

  func unlock() { unlockHere() }

  @inline(__always) func unlockHere() { if unsafe cshm_lock_release(lockWord) != 0 { markCorrupt() } }

  /// Whether this thread has the lock.
  var isLockedHere: Bool { unsafe cshm_robust_own().pointee.held == UnsafeRawPointer(lockWord) }

  /// Whether somebody sleeps until we give the lock back.
  var isLockWanted: Bool { unsafe cshm_lock_is_wanted(lockWord) != 0 }

  /// Somebody found that the bus can't be trusted any more.
  @inline(__always) var isCorrupt: Bool { header.u32(CSHM_HEADER_CORRUPT) != 0 }

  @inline(never) func markCorrupt() { memory.store32(CSHM_HEADER_CORRUPT, 1) }

  @inline(__always) private var lockWord: UnsafeMutableRawPointer { unsafe line.lockWord(CSHM_LOCK_LINE_LOCK) }
}
