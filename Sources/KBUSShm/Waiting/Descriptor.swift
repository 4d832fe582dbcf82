// The full descriptor: a Ksock as poll, select and epoll see it (specification, section 19; docs/decisions/0008).
//
// It is readable while something is queued. Whoever queues something makes it so, unless it is so already, or a thread of the
// owner is inside a waiting call and will look into the queue itself. Whoever takes the last message makes it
// unreadable; the fast one is made so by a take that finds nothing.
// `rung` says how far that has got, and counts the rounds, so that a sender that was slow can't claim a later round
// (SYNC rung: `ringDescriptor` with `settleDescriptor`; each publishes, fences, then looks at what the other publishes).
//
// A program that never waits in poll says so: then nobody rings it or drains it.
//
// It is writable while no message is pending. That is between the Ksock and the kernel alone.

internal import CShm

/// A Ksock's descriptor, on the side of its owner. `number` and `isCopied` are guarded by the process lock, `sink` by sendLock; the rest
/// is set before anybody else knows.
struct Descriptor {
  /// The number found last.
  fileprivate var number: CInt = -1
  fileprivate var inode: UInt64 = 0
  fileprivate var listens: UInt32 = 0
  /// Open while the descriptor is not to be writable.
  fileprivate var sink: CInt = -1
  /// The fast one (FastDescriptor.swift), guarded by takeLock.
  var fast: CInt = -1

  /// The program has had another number for it, and may call with that.
  fileprivate var isCopied = false

  /// Nobody waits for it, full or fast.
  fileprivate var isIdle = false

  var isOpen: Bool { isFull || fast >= 0 }
  /// Whether it is to be as the queue is.
  var isTended: Bool { isOpen && !isIdle }
  var isFull: Bool { inode != 0 }
}

extension Ksock {
  /// A round ends after the draining: who rings from now on begins another.
  private func beginRound(after rung: UInt32) {
    shared.memory.store32(
      record.at + CSHM_KSOCK_RUNG, (rung & ~UInt32(CSHM_RUNG_MASK)) &+ UInt32(CSHM_RUNG_ROUND) | UInt32(CSHM_RUNG_NOT))
    cshm_fence()
  }

  /// From now on another descriptor is rung: whoever rings just now may have rung the one before. With takeLock.
  func changeDescriptor(_ change: () -> Void) {
    let rung = record.rung
    drainDescriptor()
    change()
    beginRound(after: rung)
    settleDescriptor()
  }

  /// Takes what one sender has put into the full one, without a look at what the number is: the program has just called with it.
  /// 0, -EAGAIN if there was nothing, or another error: then it is to be drained after a look. With takeLock.
  private func drainOnce() -> CInt {
    cshm_process_lock()
    let number = descriptor.isCopied ? -1 : descriptor.number
    cshm_process_unlock()
    return descriptor.listens == 0 ? cshm_descriptor_drain_once(number) : -CInt(CSHM_EINVAL)
  }

  /// With takeLock.
  private func drainDescriptor() {
    if descriptor.fast >= 0 {
      _ = cshm_fifo_drain(descriptor.fast)
    } else if let number = findDescriptor() {
      _ = cshm_descriptor_drain(number, descriptor.listens)
    }
  }
}

extension Ksock {
  /// Makes the descriptor, which is the caller's to close. To be called once, before other threads use the Ksock.
  ///
  /// **Errors:** `system` with EMFILE or ENFILE if there are no descriptors left.
  package func openDescriptor() throws(KBusError) -> CInt {
    var name = shared.descriptorName(record)
    name.listens = mode == .readOnly ? 1 : 0
    var inode: UInt64 = 0
    let number = unsafe cshm_descriptor_open(name, &inode)
    guard number >= 0 else { throw .system(-number, "open", shared.path) }
    descriptor.number = number
    descriptor.inode = inode
    descriptor.listens = name.listens
    shared.memory.store32(record.at + CSHM_KSOCK_NET_NAMESPACE, cshm_net_namespace())
    shared.memory.store32(
      record.at + CSHM_KSOCK_HAS_DESCRIPTOR,
      UInt32(name.listens == 1 ? CSHM_DESCRIPTOR_LISTENS : CSHM_DESCRIPTOR_DATAGRAM))
    tellIsPolled()
    shared.help(self)
    settleDescriptor()
    return number
  }

  /// A number of this process that is the descriptor: a program may have copied it and closed the first, whose number may be
  /// anything's now. Nil if it has closed them all.
  package func findDescriptor() -> CInt? {
    cshm_process_lock()
    defer { cshm_process_unlock() }
    if cshm_descriptor_is(descriptor.number, descriptor.inode) == 0 {
      descriptor.number = cshm_descriptor_find(descriptor.inode)
      descriptor.isCopied = true
    }
    return descriptor.number < 0 ? nil : descriptor.number
  }

  /// Whether this number is the descriptor.
  package func isDescriptor(_ number: CInt) -> Bool {
    guard cshm_descriptor_is(number, descriptor.inode) != 0 else { return false }
    cshm_process_lock()
    defer { cshm_process_unlock() }
    if number != descriptor.number { descriptor.isCopied = true }
    return true
  }

  // Readable

  /// After a take that found something, leaves the descriptor as it is then to be. With takeLock.
  func settleAfterTake() {
    if record.isReadable || owesStatus { return shared.ringDescriptor(of: record, fifo: descriptor.fast) }
    // A loop takes until there is nothing. The fast one stays readable until then, so that who sends meanwhile need not ring.
    if descriptor.fast >= 0 { return }
    let rung = record.rung
    // In most rounds one sender rings. If more did, it is readable by mistake, once.
    if rung & UInt32(CSHM_RUNG_MASK) != UInt32(CSHM_RUNG_NOT), drainOnce() == 0 { beginRound(after: rung) }
    settleDescriptor()
  }

  /// Makes the descriptor unreadable, whatever `rung` says, for a take that found nothing. If it was readable it may have been so by
  /// mistake: a sender was killed between ringing it and saying so. The take is to look again: who sent before this need not have
  /// rung. With takeLock.
  func emptyAfterTake() {
    let rung = record.rung
    // Nothing is there, or one ring and nothing more: that is seen without a look.
    let isEmpty = descriptor.fast < 0 && (drainOnce() == -CInt(CSHM_EAGAIN) || drainOnce() == -CInt(CSHM_EAGAIN))
    if !isEmpty { drainDescriptor() }
    beginRound(after: rung)
  }

  /// Makes the descriptor unreadable. With takeLock.
  private func emptyDescriptor() {
    let rung = record.rung
    drainDescriptor()
    beginRound(after: rung)
  }

  /// Makes the descriptor readable or unreadable, as the queue is. With takeLock.
  func settleDescriptor() {
    guard descriptor.isTended else { return }
    while true {
      if record.isReadable || owesStatus { return shared.ringDescriptor(of: record, fifo: descriptor.fast) }
      guard record.rung & UInt32(CSHM_RUNG_MASK) != UInt32(CSHM_RUNG_NOT) else { return }
      emptyDescriptor()
    }
  }

  /// A thread goes into a waiting call: it looks into the queue itself, so that nobody need ring the descriptor.
  /// Returns whether it was counted, which it is not as long as there is no descriptor.
  @inline(__always) func goInside() -> Bool { state.value.tendsDescriptor && goInsideOfDescriptor() }

  @inline(never) private func goInsideOfDescriptor() -> Bool {
    lockTakes()
    defer { unlockTakes() }
    guard !isClosedHere, isOnBus else { return false }
    shared.memory.add32(record.at + CSHM_KSOCK_INSIDE, 1)
    return true
  }

  /// It comes out again, and leaves the descriptor as the queue is.
  @inline(__always) func comeOut(_ wasCounted: Bool) { if wasCounted || state.value.tendsDescriptor { comeOutToDescriptor(wasCounted) } }

  @inline(never) private func comeOutToDescriptor(_ wasCounted: Bool) {
    lockTakes()
    defer { unlockTakes() }
    // Closed meanwhile, the Ksock may have left its record to another.
    guard !isClosedHere, isOnBus else { return }
    // Atomic, and a full fence: a sender sees us gone, or we see its message.
    if wasCounted { shared.memory.add32(record.at + CSHM_KSOCK_INSIDE, UInt32.max) }
    settleDescriptor()
  }

  /// A thread inside that is not after what is queued, but after its reply or room: others may wait for the rest in poll. Before it
  /// sleeps, and after it has read the bell, so that it looks again when more comes.
  @inline(__always) func leaveToOthers() {
    if state.value.tendsDescriptor, record.isReadable { shared.ringDescriptor(of: record, fromInside: true) }
  }

  /// Whether the program waits for its descriptors in poll and the like; it is taken to until it says that it does not. Then nobody
  /// makes them readable, which saves the system calls.
  ///
  /// **Errors:** `closed`, `forked`.
  package func setPolled(_ isPolled: Bool) throws(KBusError) {
    try lockTakes(for: "setPolled")
    defer { unlockTakes() }
    guard isPolled == descriptor.isIdle, isOnBus else { return }
    descriptor.isIdle = !isPolled
    tellIsPolled()
    emptyDescriptor()
    settleDescriptor()
  }

  /// Tells senders whether they are to ring. A sender sees that, or its owner sees its message.
  func tellIsPolled() {
    shared.memory.store32(record.at + CSHM_KSOCK_POLLED, descriptor.isTended ? 1 : 0)
    cshm_fence()
  }

  /// Whether nobody has closed it on the bus, as is done when its descriptor is gone.
  private var isOnBus: Bool { record.incarnation == incarnation }

  // Writable

  /// Makes the descriptor writable or unwritable, as something is pending or not. With sendLock.
  func settleWritability() {
    guard descriptor.isFull, descriptor.listens == 0 else { return }
    if pending == nil || wasRefused {
      guard descriptor.sink >= 0 else { return }
      cshm_descriptor_unblock(descriptor.sink)
      descriptor.sink = -1
    } else if descriptor.sink < 0, let number = findDescriptor() {
      // Without a descriptor left for the sink it stays writable; the send then says once more that the message waits.
      descriptor.sink = cshm_descriptor_block(number)
    }
  }
}

extension KsockRecord {
  var hasDescriptor: UInt32 { window.u32(CSHM_KSOCK_HAS_DESCRIPTOR) }
  @inline(__always) var isPolled: Bool { window.u32(CSHM_KSOCK_POLLED) != 0 }
  /// Somebody could not ring the descriptor.
  var isLeftToHelper: Bool { rung & UInt32(CSHM_RUNG_MASK) == UInt32(CSHM_RUNG_BY_HELPER) }
  var hasFastDescriptor: Bool { hasDescriptor & UInt32(CSHM_DESCRIPTOR_FAST) != 0 }
  var hasFullDescriptor: Bool { hasDescriptor & ~UInt32(CSHM_DESCRIPTOR_FAST) != 0 }
  @inline(__always) var rung: UInt32 { window.acquire32(CSHM_KSOCK_RUNG) }
  var inside: UInt32 { window.u32(CSHM_KSOCK_INSIDE) }
  var isWatched: Bool { window.u32(CSHM_KSOCK_WATCHED) != 0 }
  var netNamespace: UInt32 { window.u32(CSHM_KSOCK_NET_NAMESPACE) }

  /// Whether there is something to take.
  var isReadable: Bool { queued > 0 || setAsideCount > 0 }
}

extension SharedBus {
  func descriptorName(_ ksock: KsockRecord) -> cshm_descriptor_name {
    cshm_descriptor_name(
      bus: memory.u64(CSHM_HEADER_UUID), ksock: ksock.incarnation,
      listens: ksock.hasDescriptor & UInt32(CSHM_DESCRIPTOR_LISTENS) != 0 ? 1 : 0)
  }

  /// Makes a Ksock's descriptor readable, if there is something to take and it is not readable already. Not under the lock.
  /// `fromInside`: by a thread of its owner that will not take it. `fifo`: the fast descriptor, which its owner has at hand.
  func ringDescriptor(of ksock: KsockRecord, fromInside: Bool = false, fifo: CInt = -1) {
    let word = ksock.at + CSHM_KSOCK_RUNG, rung = ksock.rung, round = rung & ~UInt32(CSHM_RUNG_MASK)
    guard rung & UInt32(CSHM_RUNG_MASK) != UInt32(CSHM_RUNG), fromInside || ksock.inside == 0 else { return }
    let name = descriptorName(ksock)
    // It may have been closed since the caller gave the lock back.
    guard name.ksock != 0 else { return }
    memory.replace32(word, rung, round | UInt32(CSHM_RUNG_SOON))
    let result: CInt
    if ksock.hasFastDescriptor {
      result = fifo >= 0 ? cshm_fifo_ring(fifo) : fifos.ring(ksock, name.ksock, of: self)
    } else {
      result = ksock.netNamespace == cshm_net_namespace() ? cshm_descriptor_ring(name) : -CInt(CSHM_EIO)
    }
    switch result {
    case 0: memory.replace32(word, round | UInt32(CSHM_RUNG_SOON), round | UInt32(CSHM_RUNG))
    case -CInt(CSHM_ECONNREFUSED): closeUnowned(Sighting(index: ksock.index, incarnation: name.ksock))
    default:
      // Out of our reach: another network namespace, or no descriptor left to ring with.
      memory.replace32(word, round | UInt32(CSHM_RUNG_SOON), round | UInt32(CSHM_RUNG_BY_HELPER))
      // Once: if the helper can't either, it looks again by itself.
      if rung & UInt32(CSHM_RUNG_MASK) != UInt32(CSHM_RUNG_BY_HELPER) { callHelpers() }
    }
  }

  /// Closes a Ksock if its descriptor has been closed behind the library's back. Returns whether it is closed now, by whomever. Not
  /// under the lock.
  func closeIfDescriptorIsGone(_ sighting: Sighting) -> Bool {
    let ksock = ksock(sighting.index)
    guard sighting.incarnation != 0 else { return false }
    if ksock.incarnation == sighting.incarnation, ksock.hasFullDescriptor, ksock.netNamespace == cshm_net_namespace(),
      cshm_descriptor_exists(descriptorName(ksock)) == 0
    {
      closeUnowned(sighting)
    }
    return ksock.incarnation != sighting.incarnation || ksock.isDeparted
  }

  /// A Ksock of which no descriptor is left departs. Its process may live, and be about to take a message: it closes the rest
  /// itself, or its helper does.
  private func closeUnowned(_ sighting: Sighting) {
    let ksock = ksock(sighting.index)
    guard (try? lock("close")) != nil else { return }
    var rings = Rings(self)
    if ksock.incarnation == sighting.incarnation, ksock.isOpen { try? depart(ksock, &rings) }
    unlock()
    rings.wake()
    // Threads of its owner that wait are told, and the helper closes it.
    ksock.ring()
    ringHelpers()
  }
}
