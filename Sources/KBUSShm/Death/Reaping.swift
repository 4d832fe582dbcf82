// Reaping: what becomes of the Ksocks of a process that ended without closing them. In two phases, since the first notice of an end
// comes while other threads of the process may still run: first its Ksocks depart - it is out of everybody's way, and everybody
// who waits for it is told - and at its certain end they are buried (Departure.swift).
//
// Anybody may do this at any time: everything is decided under the lock, by what the records say. Who does it is a matter of being
// told early (Watch.swift).

internal import CShm

extension SharedBus {
  /// A Ksock as it was seen without the lock.
  struct Sighting {
    let index: Int
    let incarnation: UInt64
  }

  /// Which owners to look at.
  enum Suspects {
    /// Those whose life word says that they have ended, or that have none.
    case ended
    case all
    /// One, of which something was heard.
    case one(Int)
  }

  /// Owners that are to be looked at again, since no word tells of what becomes of them.
  struct Remaining: OptionSet {
    let rawValue: UInt8
    /// Somebody has departed, and is not buried yet.
    static let departed = Remaining(rawValue: 1)
    /// Somebody has no life word.
    static let mute = Remaining(rawValue: 2)
  }

  /// Reaps whoever has ended. Returns what remains to be looked at.
  @discardableResult
  func reap(_ suspects: Suspects) throws(KBusError) -> Remaining {
    var found: [(index: Int, incarnation: UInt64, verdict: Verdict)] = []
    var remaining: Remaining = []
    func look(at index: Int, thorough: Bool) {
      let owner = owner(index), incarnation = owner.incarnation
      guard incarnation != 0, index != ownership.index, !isOurOwn(owner) else { return }
      // Who waits for an answer is told first. Whether all of it is gone is asked afterwards: that takes the kernel longer.
      let hasJustEnded = !owner.isDeparted && cshm_life_has_ended(owner.life) != 0
      let verdict = hasJustEnded ? .ending : verdict(on: owner, thorough: thorough)
      if verdict == .over || verdict == .ending && !owner.isDeparted { found.append((index, incarnation, verdict)) }
      if verdict == .ending { remaining.insert(.departed) }
      if verdict == .alive, owner.life == 0 { remaining.insert(.mute) }
    }
    switch suspects {
    case .ended: for index in 0..<geometry.owners.count { look(at: index, thorough: false) }
    case .all: for index in 0..<geometry.owners.count { look(at: index, thorough: true) }
    case .one(let index): look(at: index, thorough: true)
    }
    guard !found.isEmpty else { return remaining }
    for (index, incarnation, _) in found { while try step(.ksocks, of: index, incarnation) {} }
    // Whoever was told, and shares our processor, does not wait for the rest.
    cshm_yield()
    // A sender that was killed after it gave the lock back may have owed anybody a wake. Before it counts as departed: if we are killed
    // here, all of this is done again.
    ringAll()
    removeStrayFifos()
    for (index, incarnation, _) in found { while try step(.departure, of: index, incarnation) {} }
    for (index, incarnation, verdict) in found where verdict == .over || isGone(owner(index)) {
      while try step(.burial, of: index, incarnation) {}
    }
    return remaining
  }

  /// Whether it is this very process, which `ownership` may not know yet: the mark that it has just taken tells everybody but ourselves.
  private func isOurOwn(_ owner: OwnerRecord) -> Bool {
    owner.pid == cshm_process_id() && owner.pidNamespace == pidNamespace && owner.startTime == cshm_start_time(owner.pid)
  }

  private func isGone(_ owner: OwnerRecord) -> Bool {
    isNear(owner) && Machine.isGone(pid: owner.pid, startTime: owner.startTime)
  }

  private enum Phase { case ksocks, departure, burial }

  /// One step, in a hold of the lock of its own, so that nobody waits for longer than one Ksock takes, however many have died. False
  /// when nothing is left to do in this phase.
  private func step(_ phase: Phase, of index: Int, _ incarnation: UInt64) throws(KBusError) -> Bool {
    try lock("reap")
    var rings = Rings(self)
    defer {
      let isWanted = isLockWanted
      unlock()
      rings.wake()
      // Whoever waits for the lock gets it now, and not after the last of many steps.
      if isWanted { cshm_wait(Self.turn) }
    }
    // Somebody else may have done it meanwhile.
    let owner = owner(index)
    guard owner.incarnation == incarnation else { return false }
    do throws(KBusError) {
      if owner.isDeparted { return phase == .burial ? try buryStep(owner) : false }
      return try departStep(owner, phase, &rings)
    } catch {
      // What was begun can't be finished: nobody can trust this bus any more.
      markCorrupt()
      throw error
    }
  }

  private static let turn: UInt64 = 20_000

  /// One of its Ksocks departs, or at last itself, which is the last step.
  private func departStep(_ owner: OwnerRecord, _ phase: Phase, _ rings: inout Rings) throws(KBusError) -> Bool {
    if let ksock = firstKsock(of: owner, where: { !$0.isDeparted }) {
      try depart(ksock, &rings)
      return true
    }
    guard phase != .ksocks else { return false }
    var transaction = Transaction(self, journalOf: nil)
    transaction.set(owner.at + CSHM_OWNER_DEPARTED, 1 as UInt32)
    transaction.set(geometry.watchLine + CSHM_WATCH_LINE_REAPS, reapCount &+ 1)
    transaction.commit()
    ringPending(&rings)
    return false
  }

  /// One of its Ksocks is buried, or at last itself, which is the last step.
  private func buryStep(_ owner: OwnerRecord) throws(KBusError) -> Bool {
    if let ksock = firstKsock(of: owner) {
      try bury(ksock, keepingHeld: false)
      return true
    }
    var transaction = Transaction(self, journalOf: nil)
    transaction.set(owner.at + CSHM_OWNER_INCARNATION, 0 as UInt64)
    transaction.commit()
    return false
  }
}
