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
  func lock(_ operation: StaticString) throws(KBusError) {
    let result = unsafe cshm_lock_take(lockWord, Self.attempt)
    if result != 0 { try lockSlowly(operation, result) }
    if memory.u32(holderNamespace) != pidNamespace { memory.store32(holderNamespace, pidNamespace) }
    guard !isCorrupt else {
      unlock()
      throw .corruptBefore(operation, path)
    }
  }

  private func lockSlowly(_ operation: StaticString, _ first: CInt) throws(KBusError) {
    var result = first
    for _ in 0..<Self.attempts where result == -CInt(CSHM_ETIMEDOUT) {
      // A word that was damaged can look like a lock that somebody has.
      guard !isCorrupt else { throw .corruptBefore(operation, path) }
      memory.add32(geometry.lockLine + CSHM_LOCK_LINE_STALLS, 1)
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
    guard holder != 0, memory.u32(holderNamespace) == pidNamespace, cshm_thread_is_gone(holder) != 0 else { return }
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

  func unlock() { if unsafe cshm_lock_release(lockWord) != 0 { markCorrupt() } }

  /// Whether somebody sleeps until we give the lock back.
  var isLockWanted: Bool { unsafe cshm_lock_is_wanted(lockWord) != 0 }

  /// Somebody found that the bus can't be trusted any more.
  var isCorrupt: Bool { memory.u32(CSHM_HEADER_CORRUPT) != 0 }

  func markCorrupt() { memory.store32(CSHM_HEADER_CORRUPT, 1) }

  @inline(__always) private var lockWord: UnsafeMutableRawPointer { unsafe memory.lockWord(geometry.lockLine + CSHM_LOCK_LINE_LOCK) }
  private var holderNamespace: Int { geometry.lockLine + CSHM_LOCK_LINE_PID_NAMESPACE }
}
