// The helper: the one thread that the library has in a process, for each bus that the process has Ksocks on. Its life word tells
// others of the process's end; it watches over the bus while nobody else does (Death/Watch.swift); and it does what has to be done
// for Ksocks with descriptors while their program sits in poll and calls nothing of ours.
//
// It sleeps on words of the bus, and has a time limit only while there is something to look after that no word tells of.

internal import CShm

final class Helper: @unchecked Sendable {
  // Sendable: `stopWord` and `state` are atomic; the rest is set before the thread begins.
  private let bus: SharedBus
  private let owner: OwnerRecord
  private let stopWord = LocalArray(repeating: UInt32(0), count: 1)
  private let state = LocalArray(repeating: State.starting.rawValue, count: 1)

  private enum State: UInt32 {
    case starting
    case watching
    /// The kernel tells nobody of this thread's end.
    case serving
    /// There can be no more threads.
    case missing
  }

  fileprivate init(_ bus: SharedBus, _ owner: OwnerRecord) {
    self.bus = bus
    self.owner = owner
  }

  #if !$Embedded
    /// Grows with each Ksock whose bell is to be heard.
    private let orders = LocalArray(repeating: UInt32(0), count: 1)
    private let heard = HeardBells()
  #endif

  deinit {
    stopWord.deallocate()
    state.deallocate()
    #if !$Embedded
      orders.deallocate()
    #endif
  }

  /// Returns when the thread has its life word: a process that ends at once, or becomes another program, is to be noticed as well.
  fileprivate func start() {
    guard OwnThread.start({ self.run() }) else { return set(.missing) }
    while unsafe cshm_load32_acquire(state.address(0)) == State.starting.rawValue {
      _ = unsafe cshm_futex_wait(state.address(0), State.starting.rawValue, UInt64.max)
    }
  }

  private func set(_ now: State) {
    unsafe cshm_store32(state.address(0), now.rawValue)
    _ = unsafe cshm_futex_wake(state.address(0), CInt.max)
  }

  /// Whether the thread tells of this process's end, and is told of others'.
  var isWatching: Bool { unsafe cshm_load32_acquire(state.address(0)) == State.watching.rawValue }

  /// Whether there is a thread.
  var isRunning: Bool { unsafe cshm_load32_acquire(state.address(0)) != State.missing.rawValue }

  /// The thread ends by itself, soon.
  func stop() {
    unsafe cshm_store32(stopWord.address(0), 1)
    _ = unsafe cshm_futex_wake(stopWord.address(0), CInt.max)
  }

  private var isStopped: Bool { unsafe cshm_load32_acquire(stopWord.address(0)) != 0 }

  private func run() {
    var watch = Watch(bus, as: .helper)
    // The record is ours to write: whoever started us waits.
    watch.claimLife(of: owner)
    set(watch.tellsOfEnds ? .watching : .serving)
    bus.ringOwnersBell()
    #if !$Embedded
      var lastOrder: UInt32 = 0
    #endif
    while true {
      watch.begin()
      unsafe watch.add(cshm_watch(stopWord.address(0), 0))
      if isStopped { break }
      watch.add(bus.helpersBell)
      // First of all, and nothing else while the role is free: who was woken for it, and is killed with the bus lock, leaves it to nobody.
      watch.look()
      if watch.isPatient {
        watch.wait()
        continue
      }
      if bus.helpKsocks() { watch.wake(after: SharedBus.watchInterval) }
      #if !$Embedded
        let order = unsafe cshm_load32_acquire(orders.address(0))
        unsafe watch.add(cshm_watch(orders.address(0), order))
        if order != lastOrder || watch.hearsBells { heard.listen(&watch) }
        lastOrder = order
      #endif
      watch.wait()
    }
    watch.end(of: owner)
  }
}

#if !$Embedded
  extension Helper {
    func hear(_ bell: HeardBell) {
      heard.add(bell)
      _ = unsafe cshm_add32(orders.address(0), 1)
      _ = unsafe cshm_futex_wake(orders.address(0), CInt.max)
    }
  }
#endif

/// The Ksocks of this process for which the helper of one bus works: those with descriptors.
final class HelpedKsocks: @unchecked Sendable {
  // Sendable: `ksocks` is guarded by the process lock; `turn` and `thread` are atomic.
  private var ksocks: [Ksock] = []
  /// Odd while the helper tries a message that its program has pending.
  private let turn = LocalPlace<UInt32>(0)
  /// Its thread, since its first turn.
  private let thread = LocalPlace<UInt32>(0)

  deinit {
    turn.deallocate()
    thread.deallocate()
  }

  private var ownThread: UInt32 { unsafe cshm_robust_own().pointee.thread }
  private var isHelper: Bool { unsafe cshm_load32_acquire(thread.address) == ownThread }

  /// Tries a Ksock's message, on the helper's thread. No turn lasts while another thread is busy with the Ksock: that may wait for it
  /// to end. False if the bus lock was not to be had.
  fileprivate func takeTurn(_ ksock: Ksock) -> Bool {
    unsafe cshm_store32(thread.address, ownThread)
    while true {
      _ = unsafe cshm_add32(turn.address, 1)
      let retry = ksock.retryForProgram()
      _ = unsafe cshm_add32(turn.address, 1)
      _ = unsafe cshm_futex_wake(turn.address, CInt.max)
      if retry != .busy { return retry == .done }
      ksock.awaitSends()
    }
  }

  /// Tries until it is not the helper that is in the way, and returns when that is done with what it is at. It waits for no lock of
  /// this process meanwhile, so the caller may hold any.
  fileprivate func insist(_ tries: () -> Bool) {
    var isDone = false
    while !isDone {
      let before = unsafe cshm_load32_acquire(turn.address)
      isDone = tries()
      if isHelper { return }
      let now = unsafe cshm_load32_acquire(turn.address)
      if now & 1 != 0 {
        _ = unsafe cshm_futex_wait(turn.address, now, UInt64.max)
      } else if now == before {
        return
      }
    }
  }

  /// What the helper is sending is sent, and the program's descriptor says so.
  func waitForHelper() { if unsafe cshm_load32_acquire(turn.address) & 1 != 0 { insist { true } } }

  /// The one before this place; from the back, so that what is removed meanwhile makes no other be passed over. Not all of them at
  /// once: a child made meanwhile would keep that list for good.
  fileprivate func ksock(before place: inout Int) -> Ksock? {
    cshm_process_lock()
    defer { cshm_process_unlock() }
    place = min(place, ksocks.count)
    while place > 0 {
      place -= 1
      // A parent's stay here, so that nothing of theirs ends in a child, and are left alone.
      if ksocks[place].isOurs { return ksocks[place] }
    }
    return nil
  }

  fileprivate func add(_ ksock: Ksock) {
    cshm_process_lock()
    defer { cshm_process_unlock() }
    ksocks.append(ksock)
  }

  fileprivate func remove(_ ksock: Ksock) {
    cshm_process_lock()
    defer { cshm_process_unlock() }
    ksocks.removeAll { $0 === ksock }
  }
}

extension SharedBus {
  /// How often the helper looks at what no word tells of: whether a descriptor is still open, while somebody waits for its owner's
  /// answer.
  fileprivate static let watchInterval: UInt64 = 250_000_000

  fileprivate var helpersBell: Int { geometry.state + CSHM_STATE_HELPERS_BELL }

  /// The helper of a process that has just become an owner. If its thread can't be had, what it is for happens when the program
  /// calls.
  func startHelper(for owner: OwnerRecord) -> Helper {
    let helper = Helper(self, owner)
    helper.start()
    return helper
  }

  /// The helper works for this Ksock from now on.
  func help(_ ksock: Ksock) { helped.add(ksock) }

  func stopHelping(_ ksock: Ksock) { helped.remove(ksock) }

  /// Tells all helpers on the bus to look at their Ksocks. Not under the lock.
  func ringHelpers() {
    memory.add32(helpersBell, 1)
    memory.wake(helpersBell)
  }

  /// There is something for helpers to do. What is ours to do is done at once, so that a program with one thread finds its
  /// Ksocks as they should be when the call returns: it does not compete with its helper, which is rung afterwards; if that is at it
  /// already, it may have begun too early. A Ksock in which another thread is busy is left to the helper.
  func callHelpers() {
    // In a recovery we have the lock, which our helper may be waiting for.
    guard !isLockedHere else { return ringHelpers() }
    var place = Int.max
    while let ksock = helped.ksock(before: &place) {
      helped.insist { ksock.record.pending == 0 || ksock.retryForProgram() != .busy }
    }
    ringHelpers()
  }

  /// A Request has just been put into the queue of a Ksock. If that has a descriptor, its helper is to look whether it stays open, while an
  /// answer is owed. True if the helper is to be called for that.
  @inline(__always) func mustBeWatched(_ replier: Window) -> Bool {
    guard replier.u32(CSHM_KSOCK_HAS_DESCRIPTOR) != 0 else { return false }
    // It sees our request, or we that it does not watch.
    cshm_fence()
    guard replier.u32(CSHM_KSOCK_WATCHED) == 0 else { return false }
    replier.store32(CSHM_KSOCK_WATCHED, 1)
    return true
  }

  /// One look at every Ksock. Returns whether one is to be looked at again.
  fileprivate func helpKsocks() -> Bool {
    fifos.ringForOthers(self)
    var isWatching = false, place = Int.max
    while let ksock = helped.ksock(before: &place) {
      if help(ksock) { isWatching = true }
    }
    return isWatching
  }

  /// Returns whether it is to be looked at again, since no word tells of what is left to do.
  private func help(_ ksock: Ksock) -> Bool {
    let record = ksock.record
    guard record.incarnation == ksock.incarnation, !record.isDeparted else {
      // Somebody found its descriptor gone.
      ksock.close()
      return false
    }
    var isLeft = record.pending != 0 && !helped.takeTurn(ksock)
    if record.isLeftToHelper, !record.hasFastDescriptor {
      ringDescriptor(of: record)
      isLeft = isLeft || record.isLeftToHelper
    }
    return watch(ksock) || isLeft
  }

  /// Looks whether its descriptor is still open, while somebody waits for its answer. Returns whether it owes one, or owed one lately.
  private func watch(_ ksock: Ksock) -> Bool {
    let record = ksock.record
    guard record.isWatched else { return false }
    guard ksock.findDescriptor() != nil else {
      ksock.close()
      return false
    }
    let now = cshm_now()
    if ksock.watchEnds == 0 { ksock.watchEnds = now &+ SharedBus.watchInterval }
    // Whoever answers at once is asked again soon: as long as we look anyway, nobody need tell us of that.
    if now < ksock.watchEnds || owesAnswer(ksock.incarnation) { return true }
    ksock.watchEnds = 0
    // Closed meanwhile, it may have left its record to another.
    guard record.incarnation == ksock.incarnation else { return false }
    memory.store32(record.at + CSHM_KSOCK_WATCHED, 0)
    // A sender sees that nobody watches, or we see its request.
    cshm_fence()
    guard owesAnswer(ksock.incarnation) else { return false }
    memory.store32(record.at + CSHM_KSOCK_WATCHED, 1)
    return true
  }
}
