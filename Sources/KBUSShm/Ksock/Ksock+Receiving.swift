// Receiving: now or with a time limit, as a copy or in place.

internal import CShm

extension Ksock {
  // Now

  /// Takes the next message in place; nil if none is queued.
  ///
  /// **Blocking:** never. **Errors:** `tooManyHeld` if 64 messages taken before have not ended, `readOnly` on a write-only Ksock.
  /// **Source:** KBUS specification, section 13.
  public func take() throws(KBusError) -> ReceivedMessage? {
    try requireReading()
    return try takeQueued()
  }

  /// Takes the next message as a copy; nil if none is queued.
  public func receive() throws(KBusError) -> Message? { try take()?.copy() }

  // With a time limit

  /// Takes the next message in place, and waits for one if need be; nil when the time is up. Nil as the limit waits for ever.
  public func take(within limit: Duration?) throws(KBusError) -> ReceivedMessage? {
    // No clock is read as long as something is queued.
    try requireReading()
    if let message = try takeQueued() { return message }
    guard let taken = try waitToTake(.after(limit)) else { return nil }
    return try ReceivedMessage(taken, of: self)
  }

  /// Takes the next message as a copy, and waits for one if need be; nil when the time is up.
  public func receive(within limit: Duration?) throws(KBusError) -> Message? { try take(within: limit)?.copy() }

  /// Takes the next message for somebody who gives it back himself.
  @inline(__always) func takeAsIs() throws(KBusError) -> Taken? {
    try requireReading()
    return try takeNow(settling: true)
  }

  /// Takes the next message in place, whatever the Ksock's mode: NEXTMSG.
  #if hasFeature(Embedded)
    @inline(never)
  #else
    @inline(__always)
  #endif
  func takeQueued() throws(KBusError) -> ReceivedMessage? {
    if Build.isSmall {
      guard let taken = try takeNow(settling: true) else { return nil }
      return try ReceivedMessage(taken, of: self)
    }
    lockTakes()
    guard mayTakePlainly, let taken = shared.takePlain(record, reading) else { return try takeWithCare() }
    unlockTakes()
    cshm_fence_behind_atomic()
    // What is not to be delivered is given back with the message.
    let message = ReceivedMessage(checked: taken, of: self)
    if sender.own.u32(CSHM_KSOCK_SPECIAL) != 0 { try afterTake(nil, sender.own.u32(CSHM_KSOCK_SPECIAL)) }
    if taken.count < 0 { try refuseLength() }
    return message
  }

  @inline(never) private func refuseLength() throws(KBusError) { throw .corrupt(.s3, "receive") }

  /// How long a wait spins before it sleeps. Spinning answers many times sooner, and costs a core meanwhile. By default 20
  /// microseconds, and less while that is in vain. Where the thread that opens the Ksock may run on one processor only, whoever is to
  /// answer may need it: then it begins with nothing, and tries a little as long as all its sleeps are short.
  public func setSpinBudget(_ budget: Duration) { backoff.fix(budget.inNanoseconds) }

  // Inside

  /// `yielding`: for somebody to whom it matters how many come, rather than how soon each does.
  func waitToTake(_ deadline: Deadline, yielding: Bool = false) throws(KBusError) -> Taken? {
    if deadline.isPast { return nil }
    let wasCounted = goInside()
    defer { comeOut(wasCounted) }
    while true {
      if let taken = try takeSpinning(deadline) { return taken }
      if deadline.isPast { return nil }
      if yielding, let taken = try takeYielding() { return taken }
      let began = backoff.sleepBegins
      let taken = try sleep(until: deadline) { () throws(KBusError) in try takeNow(settling: false) }
      backoff.noteSleep(since: began)
      if let taken { return taken }
    }
  }

  /// Looks again and again at the place of the next message. It is written at once, so its line stays with us until then.
  @inline(__always) private func takeSpinning(_ deadline: Deadline) throws(KBusError) -> Taken? {
    var spin = Spin(budget: backoff.now, deadline)
    guard spin.goesOn() else { return nil }
    while true {
      let bell = record.bell
      if let taken = try takeNow(settling: false) {
        backoff.noteSuccess()
        return taken
      }
      let sight = sightOfNext(bell)
      repeat {
        guard spin.goesOn() else {
          backoff.noteFailure()
          return nil
        }
      } while !shared.hasChanged(sight, record)
    }
  }

  /// Looks once more when the others who want the processor have had it.
  private func takeYielding() throws(KBusError) -> Taken? {
    let began = backoff.yieldBegins()
    guard began != 0 else { return nil }
    cshm_yield()
    let taken = try takeNow(settling: false)
    backoff.noteYield(since: began, foundAny: taken != nil)
    return taken
  }

  /// `bell`: as it was before the caller's last look.
  private func sightOfNext(_ bell: UInt32) -> Sight {
    lockTakes()
    defer { unlockTakes() }
    let end = reading.value
    return Sight(entry: shared.chunk(end.chunk).entry(end.head).at, position: end.head, bell: bell)
  }

  @inline(__always) func requireReading() throws(KBusError) {
    // Before takeLock: in a forked child that may be a thread's that is not there.
    try check("receive")
    if mode == .writeOnly { try refuseMode("receive", "reading") }
  }

  /// Takes the next message if there is one. `settling`: leaves the descriptor as the queue then is.
  @inline(never) private func takeNow(settling: Bool) throws(KBusError) -> Taken? {
    lockTakes()
    guard mayTakePlainly, let taken = shared.takePlain(record, reading) else { return try takeLocked(settling: settling) }
    unlockTakes()
    try afterTake(taken)
    return taken
  }

  /// Whether `takePlain` will do for the next message: if it finds one. With takeLock.
  @inline(__always) var mayTakePlainly: Bool {
    isPlainlyOpen && sender.own.u64(CSHM_KSOCK_INCARNATION) == incarnation
      && sender.own.u32(CSHM_KSOCK_SPECIAL) & ~UInt32(CSHM_SPECIAL_ROOM_WANTED) == 0
      && !state.value.tendsDescriptor && !state.value.awaitsReplies
  }

  /// With takeLock, which it gives back.
  @inline(never) private func takeWithCare() throws(KBusError) -> ReceivedMessage? {
    guard let taken = try takeLocked(settling: true) else { return nil }
    return try ReceivedMessage(taken, of: self)
  }

  /// With takeLock, which it gives back. `settling`: leaves the descriptor as the queue then is.
  private func takeLocked(settling: Bool) throws(KBusError) -> Taken? {
    var taken: Taken?
    do throws(KBusError) {
      taken = try takeUnawaited()
      if settling, state.value.tendsDescriptor {
        if taken == nil {
          emptyAfterTake()
          taken = try takeUnawaited()
        }
        settleAfterTake()
      }
    } catch {
      unlockTakes()
      throw error
    }
    unlockTakes()
    try afterTake(taken)
    return taken
  }

  /// Takes the next message that no other thread awaits. With takeLock.
  @inline(__always) func takeUnawaited() throws(KBusError) -> Taken? {
    guard let taken = try takeLocked() else { return nil }
    return state.value.awaitsReplies ? try handOver(from: taken) : taken
  }

  /// Replies that other threads await are for them. With takeLock.
  @inline(never) private func handOver(from first: Taken) throws(KBusError) -> Taken? {
    var taken: Taken? = first
    while let next = taken, try handOver(next) {
      // Those that were handed over are held. What fails otherwise is found by the next take.
      taken = (try? takeLocked()) ?? nil
    }
    // Whoever spins for a reply may look at a place that we have passed.
    shared.memory.add32(record.at + CSHM_KSOCK_BELL, 1)
    return taken
  }

  /// Takes the next message, whoever it is for. With takeLock; `afterTake` when that has been given back.
  @inline(never) func takeLocked() throws(KBusError) -> Taken? {
    try check("receive")
    let own = reading.value.own
    guard own.u64(CSHM_KSOCK_INCARNATION) == incarnation else { return try refuseClosed() }
    if own.u32(CSHM_KSOCK_SPECIAL) & ~UInt32(CSHM_SPECIAL_ROOM_WANTED) != 0 { return try takeSpecial() }
    return try shared.takeFront(record, reading)
  }

  @inline(never) private func refuseClosed() throws(KBusError) -> Taken? { throw .closed("receive") }

  @inline(never) private func takeSpecial() throws(KBusError) -> Taken? {
    try withBus("receive") { rings throws(KBusError) in
      let taken = try shared.takeSpecial(record, reading, &rings)
      if taken != nil { shared.grantRoom(record, &rings) }
      return taken
    }
  }

  /// Looks whether something changed while we took, right after takeLock has been given back: that is the fence between moving head
  /// and this look (SYNC room).
  @inline(__always) func afterTake(_ taken: Taken?) throws(KBusError) {
    cshm_fence_behind_atomic()
    let special = sender.own.u32(CSHM_KSOCK_SPECIAL)
    if special != 0 { try afterTake(taken, special) }
  }

  /// The Ksock is being closed for us, or somebody waits for the room that we made.
  /// `taken`: what is to be given back if it is not to be delivered.
  @inline(never) func afterTake(_ taken: Taken?, _ special: UInt32) throws(KBusError) {
    if special & UInt32(CSHM_SPECIAL_CLOSING) != 0 {
      if let taken { release(taken.hold) }
      throw .closed("receive")
    }
    if special & UInt32(CSHM_SPECIAL_ROOM_WANTED) != 0 {
      // If the lock is not to be had the message is delivered all the same, and the next take sees to it.
      try? withBus("receive") { rings throws(KBusError) in shared.grantRoom(record, &rings) }
    }
  }
}

/// What a thread that spins looks at.
struct Sight: BitwiseCopyable {
  /// Where the entry for the next message is, and its position.
  let entry: Int
  let position: UInt64
  let bell: UInt32
}

extension SharedBus {
  /// Whether there may be something that was not there before: the message at that place, something special, or a ring.
  @inline(__always) func hasChanged(_ sight: Sight, _ ksock: KsockRecord) -> Bool {
    memory.acquire64(sight.entry + CSHM_ENTRY_STAMP) == sight.position &+ 1
      || ksock.special & ~UInt32(CSHM_SPECIAL_ROOM_WANTED) != 0 || ksock.bell != sight.bell
  }
}
