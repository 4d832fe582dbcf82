// Waiting for readiness, as poll and select do (specification, section 19).

internal import CShm

extension Ksock {
  /// What a Ksock is ready for.
  public struct Readiness: OptionSet, Sendable {
    public let rawValue: Int

    public init(rawValue: Int) { self.rawValue = rawValue }

    /// A message is queued, or an event set aside.
    public static let readable = Readiness(rawValue: 1)
    /// Open for writing, and nothing is pending.
    public static let writable = Readiness(rawValue: 2)
  }

  /// Waits until the Ksock is ready for any of these. Empty when the time is up; `.zero` asks for the state now. A pending
  /// message is tried again first, as by poll: what then fails for good becomes a status message.
  ///
  /// **Blocking:** until ready or the deadline. **Source:** KBUS specification, sections 12.2 and 19.
  public func wait(for what: Readiness, within limit: Duration?) throws(KBusError) -> Readiness {
    try check("wait")
    let deadline = Deadline.after(limit)
    let wasCounted = goInside()
    defer { comeOut(wasCounted) }
    while true {
      if deadline.isPast { return try readiness().intersection(what) }
      let found = try sleep(until: deadline) { () throws(KBusError) -> Readiness? in
        let ready = try readiness().intersection(what)
        if !ready.isEmpty { return ready }
        leaveToOthers()
        return nil
      }
      if let found { return found }
    }
  }

  func readiness() throws(KBusError) -> Readiness {
    try check("wait")
    var ready: Readiness = []
    if mode != .readOnly, try retryPending() { ready.insert(.writable) }
    // After the retry, which may have delivered something to ourselves (D-20).
    if record.isReadable { ready.insert(.readable) }
    return ready
  }

  /// Sleeps until the bell rings, or the deadline passes, or for no reason at all, unless there is already what the caller waits for.
  ///
  /// A process without a helper has nobody to tell it that nobody watches over the bus: it looks now and then.
  func sleep<Found: ~Copyable>(
    until deadline: Deadline, unless look: () throws(KBusError) -> Found?
  ) throws(KBusError) -> Found? {
    if let found = try sleepOnBell(until: nextLook(deadline), unless: look) { return found }
    lookAfterBus()
    return nil
  }

  /// When to look again at the latest. Not inlined, as what follows: each kind of wait has a `sleep` of its own.
  @inline(never) func nextLook(_ deadline: Deadline) -> Deadline {
    // Nor does anybody tell it that the bus lock is to be had again, when it could not grant the room that somebody waits for.
    let mustLook = !shared.hasHelper || record.special & UInt32(CSHM_SPECIAL_ROOM_WANTED) != 0
    return mustLook ? Deadline(nanoseconds: min(Deadline.after(.milliseconds(250)).nanoseconds, deadline.nanoseconds)) : deadline
  }

  /// Nobody tells a process without a helper that nobody watches over the bus.
  @inline(never) func lookAfterBus() { if !shared.hasHelper, !shared.isReaped { _ = try? shared.reap(.all) } }

  /// Waits until nothing is pending any more, trying again whenever room appears. False when the time is up.
  public func waitUntilWritable(within limit: Duration?) throws(KBusError) -> Bool {
    try wait(for: .writable, within: limit).contains(.writable)
  }

  /// Waits until a Request with this name would find a Replier, and returns the Replier's Ksock id.
  ///
  /// A user interface may start before its decoder; this is how it waits.
  /// **Blocking:** until a Replier is there or the deadline. **Errors:** `timedOut`, and those of `findReplier`.
  @discardableResult
  public func waitForReplier(_ name: MessageName, within limit: Duration?) throws(KBusError) -> UInt32 {
    let deadline = Deadline.after(limit)
    let key = unsafe NameKey(name.bytes.span.bytes, seed: shared.hashSeed)
    guard name.bytes.count <= MessageName.maximumLength else { throw .nameTooLong(name.bytes.count, "waitForReplier") }
    guard key.isValid else { throw .badName(name, "waitForReplier") }
    let word = shared.geometry.state + CSHM_STATE_BINDS
    while true {
      let heard = shared.memory.acquire32(word)
      let replier = try withBus("waitForReplier") { _ throws(KBusError) -> UInt32? in
        guard let binding = unsafe try shared.route(name.bytes.span.bytes, key, wantsReplier: true, "waitForReplier").replier else {
          return nil
        }
        return try shared.ksock(checking: shared.binding(binding).ksock, "waitForReplier").id
      }
      if let replier { return replier }
      if deadline.isPast { throw .timedOut("waitForReplier", name) }
      shared.memory.add32(shared.geometry.state + CSHM_STATE_BIND_WAITERS, 1)
      _ = shared.memory.sleep(on: word, while: heard, until: deadline.nanoseconds)
      shared.memory.add32(shared.geometry.state + CSHM_STATE_BIND_WAITERS, UInt32.max)
    }
  }
}

extension SharedBus {
  /// Tells whoever waits for a Replier to look again. After a bind, and after the lock has been given back.
  func ringBindWaiters() {
    cshm_fence()
    if memory.u32(geometry.state + CSHM_STATE_BIND_WAITERS) != 0 { memory.wake(geometry.state + CSHM_STATE_BINDS) }
  }
}
