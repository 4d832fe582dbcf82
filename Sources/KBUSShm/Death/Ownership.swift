// This process as an owner on a bus: from its first Ksock there to its last.

internal import CShm

/// Which record says that this process is on the bus.
final class Ownership: @unchecked Sendable {
  // Sendable: everything is guarded by `word`.
  private let word = LocalArray(repeating: UInt32(0), count: 1)
  /// Ksocks of this process that are open.
  fileprivate var ksocks = 0
  fileprivate(set) var index: Int?
  fileprivate var incarnation: UInt64 = 0
  fileprivate(set) var helper: Helper?

  deinit { word.deallocate() }

  func withLock<Result>(_ body: (Ownership) throws(KBusError) -> Result) throws(KBusError) -> Result {
    unsafe cshm_local_lock(word.address(0))
    defer { unsafe cshm_local_unlock(word.address(0)) }
    return try body(self)
  }
}

extension SharedBus {
  /// One Ksock more of this process. With the first, the process becomes an owner, and its helper begins.
  func comeAsOwner() throws(KBusError) -> OwnerRecord {
    try ownership.withLock { ownership throws(KBusError) in
      if let index = ownership.index, isOurs(owner(index), ownership) {
        ownership.ksocks += 1
        return owner(index)
      }
      let owner = try claimOwner()
      ownership.helper?.stop()
      ownership.ksocks += 1
      ownership.index = owner.index
      ownership.incarnation = owner.incarnation
      ownership.helper = startHelper(for: owner)
      ringOwnersBell()
      return owner
    }
  }

  /// One Ksock less. With the last the process is no owner any more.
  func goAsOwner() {
    try? ownership.withLock { ownership throws(KBusError) in
      ownership.ksocks -= 1
      guard ownership.ksocks == 0, let index = ownership.index else { return }
      ownership.index = nil
      ownership.helper?.stop()
      ownership.helper = nil
      defer { ringOwnersBell() }
      try lock("close")
      let owner = owner(index), isOurs = owner.incarnation == ownership.incarnation
      // A Ksock that could not be closed is its process's until that ends, and so is the mark, without which the process would be taken for
      // dead: it may still read what it holds.
      guard !isOurs || firstKsock(of: owner) == nil else { return unlock() }
      if isOurs {
        var transaction = Transaction(self, journalOf: nil)
        transaction.set(owner.at + CSHM_OWNER_INCARNATION, 0 as UInt64)
        transaction.commit()
      }
      unlock()
      cshm_file_unmark(descriptor, UInt64(owner.at))
    }
  }

  /// Not if the process has said that it ends (`cshm_life_end_all`), and does not.
  private func isOurs(_ owner: OwnerRecord, _ ownership: Ownership) -> Bool {
    owner.incarnation == ownership.incarnation && !owner.isDeparted
  }

  /// Whether a thread of this process tells others of its end, and us of theirs.
  var hasHelper: Bool { ownership.helper?.isWatching ?? false }

  /// A free record, which is ours from now on.
  private func claimOwner() throws(KBusError) -> OwnerRecord {
    for index in 0..<geometry.owners.count where !owner(index).isInUse {
      let candidate = owner(index)
      // The mark comes before the record counts, so that nobody finds an owner without. If another has it, somebody else is just
      // coming, or a child of a former owner lives on.
      let result = cshm_file_mark(descriptor, UInt64(candidate.at))
      guard result != -CInt(CSHM_EAGAIN) else { continue }
      // Who has no mark would be taken for dead.
      guard result == 0 else { throw .system(-result, "open", path) }
      try lock("open")
      let isFree = !candidate.isInUse
      if isFree { fill(candidate) }
      unlock()
      if isFree { return candidate }
      cshm_file_unmark(descriptor, UInt64(candidate.at))
    }
    try lock("open")
    defer { unlock() }
    throw exhausted(.ksocks, "open")
  }

  /// Under the lock.
  private func fill(_ owner: OwnerRecord) {
    let pid = cshm_process_id()
    memory.zero(owner.at + 8, count: CSHM_OWNER_SIZE - 8)
    memory.store64(owner.at + CSHM_OWNER_START_TIME, cshm_start_time(pid))
    memory.store32(owner.at + CSHM_OWNER_PID, pid)
    memory.store32(owner.at + CSHM_OWNER_PID_NAMESPACE, pidNamespace)
    var transaction = Transaction(self, journalOf: nil)
    var serials = Serials(self)
    transaction.set(owner.at + CSHM_OWNER_INCARNATION, serials.nextSequence())
    serials.log(&transaction)
    transaction.commit()
  }

  /// Tells whoever watches that an owner came or went, or that there will be pages to give back.
  func ringOwnersBell() {
    let bell = geometry.watchLine + CSHM_WATCH_LINE_OWNERS_BELL
    memory.add32(bell, 1)
    memory.wake(bell)
  }
}
