// Doorbells: how a sender tells a reader that there is something, and how a reader sleeps until then.
//
// A reader says that it sleeps, reads its bell, looks into its queue once more, and sleeps for as long as the bell has not changed.
// The sender publishes, gives the lock back, and looks whether anybody sleeps; then it rings, and wakes. Between each pair stands
// a full fence, so at least one of the two sees the other (SYNC bell: `KsockRecord.sleep` with `SharedBus.wake`). Without
// sleepers a sender stores nothing here and makes no system call.

internal import CShm

/// The Ksocks to ring after a transaction. Few in practice: beyond what fits here, all sleepers of the bus are rung.
struct Rings {
  private var ksocks = InlineArray<16, Int32>(repeating: 0)
  private var count = 0
  private var all = false
  private var helpers = false
  private var room = false
  /// The name whose listeners are among them, of several that bear the same.
  private var name: NameReference?
  private let bus: BorrowedBus

  @inline(__always) init(_ bus: SharedBus) { self.bus = BorrowedBus(bus) }

  /// After the commit.
  mutating func add(_ ksock: KsockRecord) {
    for place in 0..<count where ksocks[place] == Int32(truncatingIfNeeded: ksock.index) { return }
    if count < ksocks.count {
      ksocks[count] = Int32(truncatingIfNeeded: ksock.index)
      count += 1
    } else {
      all = true
    }
  }

  /// The listeners of a name, as they are remembered: of a batch, most messages have the same.
  @inline(__always) mutating func addListeners(of known: LocalPlace<KnownName>) {
    if name != known.value.reference { add(known) }
  }

  @inline(never) private mutating func add(_ known: LocalPlace<KnownName>) {
    name = known.value.reference
    for number in (known.value.hasReplier ? 1 : 0)..<known.value.recipientCount {
      if let listener = known.value.recipients[number] { add(bus.shared.ksock(Int(listener.index))) }
    }
  }

  /// There is something for the helper of this Ksock's owner to do: room for its pending message, or an answer to watch over.
  mutating func addHelper(of ksock: KsockRecord) { if ksock.hasFullDescriptor { helpers = true } }

  /// Room has appeared; our helper may have seen that before us.
  mutating func addRoom() { room = true }

  /// After the lock has been given back.
  func wake() {
    if room { bus.shared.helped.waitForHelper() }
    if count == 0, !helpers { return }
    cshm_fence()
    for place in 0..<count { bus.shared.wake(bus.shared.ksock(Int(ksocks[place]))) }
    if all { bus.shared.wakeAll() }
    if helpers { bus.shared.callHelpers() }
  }
}

extension SharedBus {
  /// Wakes whoever waits for something at this Ksock: asleep on its bell, or in poll on its descriptor.
  @inline(never) fileprivate func wake(_ ksock: KsockRecord) {
    if ksock.sleepers != 0 { ksock.ring() }
    if ksock.isPolled, ksock.isReadable { ringDescriptor(of: ksock) }
  }

  /// After a direct send, and after the lock has been given back: a full fence.
  @inline(__always) func wake(_ known: LocalPlace<KnownName>, _ message: Outgoing, _ outcome: DirectOutcome) {
    cshm_fence_behind_atomic()
    // Nobody waits at most recipients.
    if let lone = outcome.lone, lone.u64(CSHM_KSOCK_SLEEPERS) == 0, !outcome.callsHelpers { return }
    wakeAny(known, message, outcome)
  }

  /// After an announcement to one listener.
  @inline(__always) func wakeLone(_ known: LocalPlace<KnownName>) {
    cshm_fence_behind_atomic()
    if known.value.lone?.ksock.u64(CSHM_KSOCK_SLEEPERS) != 0 { wakeTheLone(known) }
  }

  @inline(never) private func wakeTheLone(_ known: LocalPlace<KnownName>) { if let lone = known.value.lone { wake(lone) } }

  @inline(never) private func wakeAny(_ known: LocalPlace<KnownName>, _ message: Outgoing, _ outcome: DirectOutcome) {
    if outcome.requester >= 0 { wake(ksock(outcome.requester)) }
    for place in (known.value.hasReplier && !message.isRequest ? 1 : 0)..<known.value.recipientCount {
      if let recipient = known.value.recipients[place], recipient.ksock.u64(CSHM_KSOCK_SLEEPERS) != 0 { wake(recipient) }
    }
    if outcome.callsHelpers { callHelpers() }
  }

  /// The same, to be done later.
  func ring(_ known: LocalPlace<KnownName>, _ message: Outgoing, _ outcome: DirectOutcome, _ rings: inout Rings) {
    rings.addListeners(of: known)
    if outcome.requester >= 0 { rings.add(ksock(outcome.requester)) }
    guard message.isRequest, let replier = known.value.recipients[0] else { return }
    rings.add(ksock(Int(replier.index)))
    if outcome.callsHelpers { rings.addHelper(of: ksock(Int(replier.index))) }
  }

  @inline(never) private func wake(_ recipient: KnownName.Recipient) { wake(ksock(Int(recipient.index))) }

  /// Rings whoever waits on this bus: after a death, since the dead may have owed somebody a wake.
  func ringAll() {
    cshm_fence()
    wakeAll()
    ringBindWaiters()
    // There may be thousands of helpers: only if one of them has something to do.
    if (0..<geometry.limits.ksocks).contains(where: { ksock($0).needsHelper }) { ringHelpers() }
  }

  fileprivate func wakeAll() {
    for index in 0..<geometry.limits.ksocks {
      let ksock = ksock(index)
      if ksock.isOpen { wake(ksock) }
    }
  }

  /// Rings all Ksocks that have a message pending: room may have appeared for it.
  func ringPending(_ rings: inout Rings) {
    rings.addRoom()
    guard memory.u32(geometry.state + CSHM_STATE_PENDING_SENDERS) != 0 else { return }
    for index in 0..<geometry.limits.ksocks {
      let ksock = ksock(index)
      guard ksock.isOpen, ksock.pending != 0 else { continue }
      rings.add(ksock)
      rings.addHelper(of: ksock)
    }
  }
}

extension KsockRecord {
  /// Whether its helper may be owed a ring.
  fileprivate var needsHelper: Bool { isOpen && (isWatched || isLeftToHelper || pending != 0) }

  /// Rings, and wakes who sleeps. Atomic, since senders and the owner's own threads ring without a lock between them.
  func ring() {
    memory.add32(at + CSHM_KSOCK_BELL, 1)
    memory.wake(at + CSHM_KSOCK_BELL)
  }
}

extension Ksock {
  /// Sleeps until the bell rings or the deadline passes, unless there is already what the caller waits for.
  func sleepOnBell<Found: ~Copyable>(
    until deadline: Deadline, unless look: () throws(KBusError) -> Found?
  ) throws(KBusError) -> Found? {
    countSleeper()
    defer { discountSleeper() }
    cshm_fence_behind_atomic()
    let heard = record.bell
    if let found = try look() { return found }
    _ = shared.memory.sleep(on: record.at + CSHM_KSOCK_BELL, while: heard, until: deadline.nanoseconds)
    return nil
  }

  /// Has whoever sleeps on the bell, or hears it, look again.
  package func ringOwnBell() {
    lockTakes()
    defer { unlockTakes() }
    if !isClosedHere, record.incarnation == incarnation { record.ring() }
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
