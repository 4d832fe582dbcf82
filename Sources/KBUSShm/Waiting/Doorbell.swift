// Doorbells: how a sender tells a reader that there is something, and how a reader sleeps until then.
//
// The reader reads its bell, looks into its queue, says that it sleeps, and sleeps for as long as the bell has not changed. The
// sender publishes, adds one to the bell, and after giving the lock back looks whether anybody sleeps. Between each pair
// stands a full fence, so at least one of the two sees the other (SYNC bell: `KsockRecord.sleep` with `Rings.wake`).
// Without sleepers a sender makes no system call.

internal import CShm

/// The Ksocks to ring after a transaction. Few in practice: beyond what fits here, all sleepers of the bus are rung.
struct Rings {
  private var ksocks = InlineArray<16, Int32>(repeating: 0)
  private var count = 0
  private var all = false
  private var helpers = false
  private let bus: BorrowedBus

  @inline(__always) init(_ bus: SharedBus) { self.bus = BorrowedBus(bus) }

  /// Under the lock, after the commit.
  @inline(__always) mutating func add(_ ksock: KsockRecord) {
    // Atomic, since the owner's own threads ring it without the lock: neither ring may be lost.
    ksock.memory.add32(ksock.at + CSHM_KSOCK_BELL, 1)
    if count < ksocks.count {
      ksocks[count] = Int32(truncatingIfNeeded: ksock.index)
      count += 1
    } else {
      all = true
    }
  }

  /// There is something for the helper of this Ksock's owner to do: room for its pending message, or an answer to watch over.
  @inline(__always) mutating func addHelper(of ksock: KsockRecord) { if ksock.hasFullDescriptor { helpers = true } }

  /// After the lock has been given back.
  @inline(__always) func wake() {
    if count == 0, !helpers { return }
    cshm_fence()
    for place in 0..<count { bus.shared.wake(bus.shared.ksock(Int(ksocks[place]))) }
    if all { bus.shared.wakeAll() }
    if helpers { bus.shared.callHelpers() }
  }
}

extension SharedBus {
  /// Wakes whoever waits for something at this Ksock: asleep on its bell, or in poll on its descriptor.
  @inline(__always) fileprivate func wake(_ ksock: KsockRecord) {
    if ksock.sleepers != 0 { memory.wake(ksock.at + CSHM_KSOCK_BELL) }
    if ksock.hasDescriptor != 0, ksock.isReadable { ringDescriptor(of: ksock) }
  }

  /// Rings whoever waits on this bus: after a death, since the dead may have owed somebody a wake.
  func ringAll() {
    for index in 0..<geometry.limits.ksocks {
      let ksock = ksock(index)
      if ksock.isOpen { memory.add32(ksock.at + CSHM_KSOCK_BELL, 1) }
    }
    cshm_fence()
    wakeAll()
    ringBindWaiters()
  }

  fileprivate func wakeAll() {
    for index in 0..<geometry.limits.ksocks {
      let ksock = ksock(index)
      if ksock.isOpen { wake(ksock) }
    }
  }

  /// Rings all Ksocks that have a message pending: room may have appeared for it.
  func ringPending(_ rings: inout Rings) {
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
  /// Sleeps until the bell has rung since `heard` was read, or the deadline passes. What the caller waits for it must look
  /// at between reading the bell and calling this.
  func sleep(since heard: UInt32, until deadline: Deadline) {
    let sleeper = incarnation
    memory.add32(at + CSHM_KSOCK_SLEEPERS, 1)
    _ = memory.sleep(on: at + CSHM_KSOCK_BELL, while: heard, until: deadline.nanoseconds)
    // Closed meanwhile, the Ksock may have left its record to another.
    if incarnation == sleeper { memory.add32(at + CSHM_KSOCK_SLEEPERS, UInt32.max) }
  }

  /// Rings the owner's own threads: something changed inside the process.
  func ringOwnThreads() {
    memory.add32(at + CSHM_KSOCK_BELL, 1)
    memory.wake(at + CSHM_KSOCK_BELL)
  }
}
