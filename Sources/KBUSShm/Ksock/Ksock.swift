// The public face of the bus, thin: each call checks its arguments, takes the locks, and hands over to the folder of its
// concept.

internal import CShm

/// A connection to a bus: what the original calls a Ksock.
///
/// **Threads:** safe from any thread. Takes of one Ksock by several threads come one after the other.
/// **Blocking:** only the calls with a time limit ever wait.
/// **Ownership:** closes when the last reference goes; messages taken from it may live longer.
/// **Errors:** every call can fail with `closed`, `forked`, `corrupt` and `lockStalled`, besides those it names.
public final class Ksock: @unchecked Sendable {
  // Sendable: `reading` and `awaited` are guarded by the local lock `takeLock`; `ownSlots`, `pending` and `names` by
  // `sendLock`; `state` says what each of its fields is guarded by.

  /// What a Ksock may do.
  public enum Mode: UInt32, Sendable {
    case readOnly = 1, writeOnly, readWrite
  }

  /// The id of this Ksock on its bus. Never 0, and not used again.
  public let id: UInt32
  /// The number of the bus.
  public let bus: Int
  public let mode: Mode

  let shared: SharedBus
  let record: KsockRecord
  let sender: Sender
  let incarnation: UInt64
  private let generation: UInt64
  private let forkMark = ForkMark()

  var descriptor = Descriptor() { didSet { state.value.tendsDescriptor = descriptor.isTended } }

  // Guarded by takeLock
  let reading: LocalPlace<ReadingEnd>
  var missedBefore: UInt64 = 0
  var awaited: [AwaitedReply] = [] { didSet { state.value.awaitsReplies = !awaited.isEmpty } }
  // Guarded by sendLock
  let ownSlots: LocalArray<OwnSlots>
  var pending: Outgoing? {
    didSet {
      state.value.hasPending = pending != nil
      settleWritability()
      // A thread of ours may sleep until nothing is pending, and the room that it waits for is taken now.
      if oldValue != nil, pending == nil { record.ring() }
    }
  }
  /// The pending message was refused when the helper tried it: what comes of it is settled when the program looks.
  var wasRefused = false {
    didSet {
      settleWritability()
      if wasRefused { record.ring() }
    }
  }
  /// The id of the message that the helper sent last, until the program asks.
  var sentByHelper: MessageID? { didSet { state.value.hasSentByHelper = sentByHelper != nil } }
  let names = KnownNames()

  /// The helper's alone: until when it looks after the descriptor though nothing is owed; 0 if it does not.
  var watchEnds: UInt64 = 0

  #if !$Embedded
    /// Waits that have no thread of their own; guarded by takeLock.
    var hearing = Hearing()
  #endif

  private let takeLock = LocalPlace<UInt32>(0)
  private let sendLock = LocalPlace<UInt32>(0)
  /// What every send and take asks, where it costs one look.
  let state: LocalPlace<State>
  let backoff: Backoff

  /// Opens a Ksock on a bus in the standard directory: `$KBUS_DIR`, or `/dev/shm`.
  ///
  /// Bus 0 is made if it is not there yet, with the options of `$KBUS_CREATE`.
  /// **Errors:** `noSuchBus`, `noDirectory`, `noPermission`, `notABus`, `wrongVersion`, `wrongFingerprint`, `truncated`,
  /// `noSpace`, `badOption`, `poolExhausted` (too many Ksocks).
  public convenience init(bus: Int = 0, mode: Mode = .readWrite) throws(KBusError) {
    try self.init(bus: bus, in: BusDirectory.standard, mode: mode)
  }

  /// Opens a Ksock on a bus in another directory.
  public convenience init(bus: Int, in directory: String, mode: Mode = .readWrite) throws(KBusError) {
    let (shared, record) = try Self.join(bus, in: directory, mode)
    self.init(shared, record, mode)
  }

  /// The same without an initialiser that throws: of such a one Embedded Swift leaks the object.
  static func open(bus: Int, mode: Mode) throws(KBusError) -> Ksock {
    let (shared, record) = try join(bus, in: BusDirectory.standard, mode)
    return Ksock(shared, record, mode)
  }

  private static func join(
    _ bus: Int, in directory: String, _ mode: Mode
  ) throws(KBusError) -> (SharedBus, KsockRecord) {
    let shared = try SharedBus.join(bus, in: directory, mayCreate: true)
    do throws(KBusError) {
      return (shared, try shared.open(mode: mode))
    } catch {
      shared.leave()
      throw error
    }
  }

  private init(_ shared: SharedBus, _ record: KsockRecord, _ mode: Mode) {
    self.shared = shared
    self.record = record
    sender = Sender(shared, record)
    self.mode = mode
    bus = shared.number
    id = record.id
    incarnation = record.incarnation
    generation = cshm_fork_generation()
    state = LocalPlace(State(user: generation))
    reading = LocalPlace(ReadingEnd(shared, record))
    ownSlots = LocalArray(repeating: OwnSlots(), count: shared.geometry.classes.count)
    backoff = Backoff()
  }

  struct State: BitwiseCopyable {
    /// The process that may use it, by its fork number; `nobody` once it is closed. Only set under both locks.
    var user: UInt64

    /// No process has this number.
    static let nobody = UInt64.max
    var tendsDescriptor = false
    /// With takeLock.
    fileprivate(set) var awaitsReplies = false
    /// With sendLock.
    fileprivate(set) var hasPending = false
    fileprivate(set) var hasSentByHelper = false
  }

  var isClosedHere: Bool { @inline(__always) get { state.value.user == State.nobody } }

  /// Whether it is ours and open, as far as one look can tell: if not, others say so for certain.
  @inline(__always) var isPlainlyOpen: Bool { forkMark.seen == state.value.user }

  deinit {
    close()
    shared.leave()
    reading.deallocate()
    for number in 0..<ownSlots.count { ownSlots[number].deallocate() }
    ownSlots.deallocate()
    names.deallocate()
    takeLock.deallocate()
    sendLock.deallocate()
    state.deallocate()
    backoff.deallocate()
  }

  /// Closes the Ksock: its bindings go, requests sent to it are answered by the bus, and its id is not used again. Closing
  /// twice is no error. Messages that were taken and still live keep their bytes.
  ///
  /// **Source:** KBUS specification, section 15.
  public func close() {
    guard isOurs else { return }
    if descriptor.isOpen { shared.stopHelping(self) }
    #if !$Embedded
      // After the locks have been given back: whoever waits without a thread is told.
      defer { stopHearing() }
    #endif
    lockTakes()
    lockSends()
    defer {
      unlockSends()
      unlockTakes()
    }
    guard !isClosedHere else { return }
    abandonAnybodys()
    state.value.user = State.nobody
    var slots = idleSlots
    if let message = pending { slots.append(message.slot.index) }
    pending = nil
    // First of all, so that whoever is killed here leaves no FIFO that nobody would miss.
    closeFastDescriptor()
    shared.close(record, incarnation, givingBack: slots)
    // Threads of ours that wait for a message are told.
    record.ring()
  }

  /// For a handler of fatal signals: says at once that this process ends, with all its Ksocks on all buses. Otherwise the others
  /// learn it when the kernel is done with the process, which a core dump or a backtrace can put off for seconds. Afterwards the process
  /// is to use none of its Ksocks: they are closed.
  ///
  /// **Threads:** any; async-signal-safe. **Blocking:** never.
  public static func ownerIsCrashing() { cshm_life_end_all() }

  // Locks between threads of this process. Order: takeLock, sendLock, bus lock.

  @inline(__always) func lockTakes() { unsafe cshm_local_lock(takeLock.address) }
  /// The same of an open Ksock. Looked at before as well: in a forked child, the lock may be a thread's that is not there.
  func lockTakes(for operation: StaticString) throws(KBusError) {
    try check(operation)
    lockTakes()
    do throws(KBusError) { try check(operation) } catch {
      unlockTakes()
      throw error
    }
  }
  @inline(__always) func unlockTakes() { unsafe cshm_local_unlock(takeLock.address) }
  @inline(__always) func lockSends() { unsafe cshm_local_lock(sendLock.address) }
  /// Returns when nobody has it: who tries to take it meanwhile does not find us in the way.
  func awaitSends() { unsafe cshm_local_await(sendLock.address) }
  func tryLockSends() -> Bool { unsafe cshm_local_try_lock(sendLock.address) != 0 }
  @inline(__always) func unlockSends() { unsafe cshm_local_unlock(sendLock.address) }

  /// Whether this process opened it, and not one that it was forked from.
  @inline(__always) package var isOurs: Bool { generation == forkMark.seen || generation == cshm_fork_generation() }

  /// Fails unless this Ksock is ours and open.
  @inline(__always) func check(_ operation: StaticString) throws(KBusError) {
    if !isPlainlyOpen { try checkAgain(operation) }
  }

  @inline(never) private func checkAgain(_ operation: StaticString) throws(KBusError) {
    if !isOurs { throw .forked(operation) }
    if isClosedHere { throw .closed(operation) }
  }

  /// Runs under the bus lock, and rings whom there is to ring after giving it back.
  @inline(__always) func withBus<Result>(
    _ operation: StaticString, _ body: (inout Rings) throws(KBusError) -> Result
  ) throws(KBusError) -> Result {
    try lockBus(operation)
    var rings = Rings(shared)
    defer { unlockBus(rings) }
    var mayReclaim = true
    while true {
      do throws(KBusError) {
        return try body(&rings)
      } catch  where mayReclaim && error.code == .poolExhausted {
        // Nothing has happened yet; if memory of queues can be taken back, it may still.
        mayReclaim = false
        guard try shared.reclaimChunks() else { throw error }
      }
    }
  }

  func lockBus(_ operation: StaticString) throws(KBusError) {
    try check(operation)
    try shared.lock(operation)
    if !staysOnBus { try leave(operation) }
  }

  /// Whether the Ksock is still there, and stays. Under the bus lock.
  @inline(__always) var staysOnBus: Bool {
    sender.own.u64(CSHM_KSOCK_INCARNATION) == incarnation && sender.own.u32(CSHM_KSOCK_SPECIAL) & UInt32(CSHM_SPECIAL_CLOSING) == 0
  }

  /// It is not: gives the bus lock back.
  @inline(never) func leave(_ operation: StaticString) throws(KBusError) {
    shared.unlock()
    throw .closed(operation)
  }

  private func unlockBus(_ rings: Rings) {
    shared.unlock()
    rings.wake()
  }

  @inline(__always) package func requireWriting(_ operation: StaticString) throws(KBusError) {
    if mode == .readOnly { try refuseMode(operation, "writing") }
  }

  @inline(never) func refuseMode(_ operation: StaticString, _ wanted: StaticString) throws(KBusError) {
    throw .wrongMode(operation, wanted)
  }
}

extension SharedBus {
  /// Puts a new Ksock on the bus, after reaping those whose processes are gone.
  fileprivate func open(mode: Ksock.Mode) throws(KBusError) -> KsockRecord {
    // Nobody else may be looking after the bus: then whoever comes looks at everybody.
    let suspects = isReaped ? Suspects.ended : .all
    let recoveries = recoveryCount
    try reap(suspects)
    while true {
      let owner = try comeAsOwner(), incarnation = owner.incarnation
      do throws(KBusError) {
        try lock("open")
        if recoveryCount != recoveries {
          // What a dead holder had committed has happened only now: its Ksock may be among it.
          unlock()
          try reap(suspects)
          try lock("open")
        }
        defer { unlock() }
        if owner.incarnation == incarnation, !owner.isDeparted { return try openKsock(reclaiming: mode, owner: owner) }
      } catch {
        goAsOwner()
        throw error
      }
      // The process has said meanwhile that it ends (`ownerIsCrashing`), and lives: as another owner.
      goAsOwner()
    }
  }

  private func openKsock(reclaiming mode: Ksock.Mode, owner: OwnerRecord) throws(KBusError) -> KsockRecord {
    do throws(KBusError) {
      return try openKsock(mode: mode.rawValue, owner: owner)
    } catch  where error.code == .poolExhausted {
      guard try reclaimChunks() else { throw error }
      return try openKsock(mode: mode.rawValue, owner: owner)
    }
  }

  fileprivate func close(_ ksock: KsockRecord, _ incarnation: UInt64, givingBack slots: [Int]) {
    defer { goAsOwner() }
    // A lock that can't be had leaves the Ksock to whoever finds this process gone.
    guard (try? lock("close")) != nil else { return }
    var rings = Rings(self)
    // Ours by their sender, also if somebody else has closed the Ksock, whose descriptor was gone.
    for index in slots { giveBack(slot(index), of: incarnation) }
    if ksock.incarnation == incarnation {
      // In the same hold of the lock: nobody meets a Ksock of ours that is open and has lost its descriptor.
      memory.store32(ksock.at + CSHM_KSOCK_POLLED, 0)
      memory.store32(ksock.at + CSHM_KSOCK_HAS_DESCRIPTOR, 0)
      try? closeKsock(ksock, &rings)
    }
    // Threads of ours that wait for a Replier are told.
    let binds = geometry.state + CSHM_STATE_BINDS
    memory.store32(binds, memory.u32(binds) &+ 1)
    unlock()
    rings.wake()
    ringBindWaiters()
  }
}
