// Bells that the helper hears for those who wait without a thread: the tasks of KBUSShmAsync. libkbus has none.

#if !$Embedded
  internal import CShm

  /// What is to be done when a Ksock's bell rings. Returns when to do it again if the bell stays silent, in nanoseconds; nil to hear it
  /// no more.
  package typealias WhenRung = @Sendable () -> UInt64?

  /// What waits for a Ksock's bell without a thread of its own. Guarded by takeLock.
  struct Hearing {
    var whenRung: WhenRung?
    var waiters: AnyObject?
  }

  extension Ksock {
    /// Does this on the helper's thread, at once and whenever the bell rings, until it returns nil; and when the Ksock is closed, once,
    /// wherever that happens.
    ///
    /// **Errors:** `system` if the process could not have its helper.
    package func hearBell(_ whenRung: @escaping WhenRung) throws(KBusError) {
      lockTakes()
      defer { unlockTakes() }
      try check("await")
      let helper = try shared.ownership.withLock { ownership throws(KBusError) in ownership.helper }
      guard let helper, helper.isRunning else { throw .system(CInt(CSHM_EAGAIN), "await", "a thread") }
      hearing.whenRung = whenRung
      helper.hear(HeardBell(self, whenRung))
    }

    /// What KBUSShmAsync keeps for this Ksock, made when it is first asked for.
    package func waiters<Waiters: AnyObject>(_ make: () -> Waiters) -> Waiters {
      lockTakes()
      defer { unlockTakes() }
      if let known = hearing.waiters as? Waiters { return known }
      let made = make()
      hearing.waiters = made
      return made
    }

    func stopHearing() {
      lockTakes()
      let whenRung = hearing.whenRung
      hearing.whenRung = nil
      unlockTakes()
      _ = whenRung?()
    }
  }

  /// One bell. Only the helper's thread uses it.
  final class HeardBell: @unchecked Sendable {
    // Sendable: handed over to the helper, and its own from then on.
    private let ksock: Ksock
    private let whenRung: WhenRung
    private var heard: UInt32?
    private var next: UInt64 = 0

    init(_ ksock: Ksock, _ whenRung: @escaping WhenRung) {
      self.ksock = ksock
      self.whenRung = whenRung
    }

    /// Looks, and waits for the bell. False if it is to be heard no more.
    fileprivate func listen(_ watch: inout Watch) -> Bool {
      if heard == nil { ksock.countSleeper() }
      let bell = ksock.record.bell
      if bell != heard || cshm_now() >= next {
        heard = bell
        guard let next = whenRung() else {
          ksock.discountSleeper()
          return false
        }
        self.next = next
      }
      unsafe watch.add(cshm_watch(ksock.shared.memory.lockWord(ksock.record.at + CSHM_KSOCK_BELL), bell))
      watch.wake(at: next)
      return true
    }
  }

  /// All bells that one helper hears.
  final class HeardBells: @unchecked Sendable {
    // Sendable: `added` is guarded by `word`, `bells` is the helper's own.
    private let word = LocalArray(repeating: UInt32(0), count: 1)
    private var added: [HeardBell] = []
    private var bells: [HeardBell] = []

    deinit { word.deallocate() }

    func add(_ bell: HeardBell) {
      unsafe cshm_local_lock(word.address(0))
      added.append(bell)
      unsafe cshm_local_unlock(word.address(0))
    }

    func listen(_ watch: inout Watch) {
      unsafe cshm_local_lock(word.address(0))
      bells += added
      added.removeAll()
      unsafe cshm_local_unlock(word.address(0))
      bells.removeAll { !$0.listen(&watch) }
      watch.hearsBells = !bells.isEmpty
    }
  }
#endif
