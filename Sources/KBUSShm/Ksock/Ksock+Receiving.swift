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
    if let taken = try takeSettled() { return try ReceivedMessage(taken, of: self) }
    let deadline = Deadline.after(limit)
    if deadline.isPast { return nil }
    goInside()
    defer { comeOut() }
    while true {
      let heard = record.bell
      if let taken = try takeSpinning(heard, deadline) { return try ReceivedMessage(taken, of: self) }
      if deadline.isPast { return nil }
      sleep(since: heard, until: deadline)
    }
  }

  /// Takes the next message as a copy, and waits for one if need be; nil when the time is up.
  public func receive(within limit: Duration?) throws(KBusError) -> Message? { try take(within: limit)?.copy() }

  /// Takes the next message in place, whatever the Ksock's mode: NEXTMSG.
  func takeQueued() throws(KBusError) -> ReceivedMessage? {
    guard let taken = try takeSettled() else { return nil }
    return try ReceivedMessage(taken, of: self)
  }

  /// How long a wait spins before it sleeps. Spinning answers many times sooner, and costs a core meanwhile. By default 20
  /// microseconds; nothing where the thread that opens the Ksock may run on one processor only, since whoever is to answer needs it.
  public func setSpinBudget(_ budget: Duration) { spinBudget[0] = budget.inNanoseconds }

  // Inside

  /// `heard`: the bell as it was before the caller's last look.
  private func takeSpinning(_ heard: UInt32, _ deadline: Deadline) throws(KBusError) -> Taken? {
    if let taken = try takeNow() { return taken }
    var heard = heard
    var spin = Spin(budget: spinBudget[0], deadline)
    while spin.goesOn() {
      // The bell alone: what the sender is still writing stays with the sender.
      let bell = record.bell
      guard bell != heard else { continue }
      heard = bell
      if let taken = try takeNow() { return taken }
    }
    return nil
  }

  private func requireReading() throws(KBusError) {
    if mode == .writeOnly { throw .wrongMode("receive", "reading") }
  }

  /// Takes the next message if there is one, and leaves the descriptor as the queue then is.
  @inline(__always) func takeSettled() throws(KBusError) -> Taken? {
    lockTakes()
    defer { unlockTakes() }
    let taken = try takeUnawaited()
    settleDescriptor(foundNothing: taken == nil)
    return taken
  }

  @inline(__always) func takeNow() throws(KBusError) -> Taken? {
    lockTakes()
    defer { unlockTakes() }
    return try takeUnawaited()
  }

  /// Takes the next message that no other thread awaits. With takeLock.
  private func takeUnawaited() throws(KBusError) -> Taken? {
    while true {
      guard let taken = try takeLocked() else { return nil }
      // A reply that another thread awaits is for that thread.
      guard !awaited.isEmpty, try handOver(taken) else { return taken }
    }
  }

  /// Takes the next message, whoever it is for. With takeLock.
  @inline(never) func takeLocked() throws(KBusError) -> Taken? {
    try check("receive")
    guard record.incarnation == incarnation else { throw .closed("receive") }
    if record.special & ~UInt32(CSHM_SPECIAL_ROOM_WANTED) != 0 { return try takeSpecial() }
    var end = reading[0]
    let taken = try shared.takeFront(record, &end)
    reading[0] = end
    guard let taken else { return nil }
    let special = record.special
    if special != 0 { try afterTake(special, taken) }
    return taken
  }

  private func takeSpecial() throws(KBusError) -> Taken? {
    try withBus("receive") { rings throws(KBusError) in
      var end = reading[0]
      defer { reading[0] = end }
      let taken = try shared.takeSpecial(record, &end, &rings)
      if taken != nil { shared.grantRoom(record, &rings) }
      return taken
    }
  }

  /// Something changed while we took: the Ksock is being closed for us, or somebody waits for the room we made.
  func afterTake(_ special: UInt32, _ taken: Taken) throws(KBusError) {
    if special & UInt32(CSHM_SPECIAL_CLOSING) != 0 {
      release(taken)
      throw .closed("receive")
    }
    if special & UInt32(CSHM_SPECIAL_ROOM_WANTED) != 0 {
      try withBus("receive") { rings throws(KBusError) in shared.grantRoom(record, &rings) }
    }
  }
}
