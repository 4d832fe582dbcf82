// Events that tell listeners of `$.KBUS.ReplierBindEvent` who was bound or unbound as Replier (specification, section 16).

internal import CShm

/// Whom a bind event goes to: the listeners stand in `Scratch.recipients`.
struct BindEventRoute {
  let listeners: Int
  /// Whether any listener's queue is full, or what must go behind events set aside has no room there.
  let isBlocked: Bool
}

extension SharedBus {
  var reportsBinds: Bool { memory.u32(geometry.state + CSHM_STATE_REPORT_BINDS) != 0 }

  private static let eventFlags: MessageFlags = [.synthetic, .allOrFail]

  /// Finds the listeners of bind events. A closing Ksock is not one of them (D-8).
  func routeBindEvent(except closing: KsockRecord?, _ operation: StaticString) throws(KBusError) -> BindEventRoute {
    let name = BusName.replierBindEvent.bytes, key = unsafe NameKey(name.span.bytes, seed: hashSeed)
    let route = unsafe try route(name.span.bytes, key, wantsReplier: false, operation)
    var kept = 0, behind = 0
    var isBlocked = false
    for place in 0..<route.listeners {
      let listener = try ksock(checking: binding(Int(scratch.recipients[place])).ksock, operation)
      if listener.index == closing?.index { continue }
      scratch.recipients[kept] = scratch.recipients[place]
      kept += 1
      if listener.isFull { isBlocked = true }
      if listener.setAsideCount != 0 { behind += 1 }
    }
    if behind > 0, behind + setAsideCount > Int(CSHM_SET_ASIDE) { isBlocked = true }
    return BindEventRoute(listeners: kept, isBlocked: isBlocked)
  }

  /// Makes the message of an event in a free slot. Only slots with reserved memory: there is no system call under the lock.
  func makeEvent(
    _ event: ReplierBindEvent, _ serials: inout Serials, _ operation: StaticString
  ) throws(KBusError) -> SlotRecord {
    let data = event.data, name = BusName.replierBindEvent.bytes
    let slot = try findSlot(bytes: data.count, backed: true, operation)
    var header = OutgoingHeader()
    header.flags = Self.eventFlags
    unsafe slot.write(header, name: name.span.bytes, dataCount: data.count)
    memory.copyIn(data, at: slot.payload)
    slot.stamp(id: serials.next(), from: 0, sequence: serials.nextSequence())
    return slot
  }

  /// Puts an event into every listener's queue, or behind the events that are set aside for it already. With `setAside`, for
  /// the event of a close, also where there is no room.
  func deliver(
    _ event: ReplierBindEvent, _ route: BindEventRoute, setAside: Bool, _ serials: inout Serials,
    _ deliveries: inout Deliveries, _ transaction: inout Transaction, _ operation: StaticString
  ) throws(KBusError) {
    guard route.listeners > 0 else {
      // The event takes a serial even though nobody hears of it (section 3).
      _ = serials.next()
      return
    }
    let slot = try makeEvent(event, &serials, operation)
    var copies: UInt32 = 0, aside = 0
    for place in 0..<route.listeners {
      let binding = binding(Int(scratch.recipients[place]))
      let listener = try ksock(checking: binding.ksock, operation)
      let end = deliveries.end(of: listener)
      // A real event: if later ones are lost, that is news again.
      scratch.ends[end].lostSince = 0
      // Only once: not if this very event has just been queued, or set aside, for it.
      let hasIt = scratch.ends[end].lastPushed == slot.header.id.word || scratch.ends[end].setAsideCount != listener.setAsideCount
      if listener.onlyOnce != 0, hasIt { continue }
      let copy = Copy(slot: UInt32(slot.index) + 1, holder: copies, binding: binding.sequence)
      copies += 1
      if (setAside && listener.isFull) || listener.setAsideCount != 0 {
        try deliveries.setAside(copy, for: listener, &transaction, operation)
        aside += 1
      } else {
        _ = try deliveries.push(copy, id: slot.header.id.word, to: listener, &transaction, operation)
      }
    }
    if aside > 0 { transaction.set(geometry.state + CSHM_STATE_SET_ASIDE, UInt32(clamping: setAsideCount + aside)) }
    let extensions = try findExtensions(copies: Int(copies), operation)
    transaction.willPublish(slot: slot.index)
    setHolders(slot, Int(copies), extensions: extensions)
  }

  /// The unbind event of a closing Ksock's binding. It cannot fail: what can't be queued is set aside, and what can't be set
  /// aside is lost, which each listener is told once.
  func deliverClosing(
    _ event: ReplierBindEvent, of closing: KsockRecord, _ serials: inout Serials, _ deliveries: inout Deliveries,
    _ transaction: inout Transaction
  ) throws(KBusError) {
    let route = try routeBindEvent(except: closing, "close")
    var waiting = 0
    for place in 0..<route.listeners {
      let listener = try ksock(checking: binding(Int(scratch.recipients[place])).ksock, "close")
      if listener.isFull || listener.setAsideCount != 0 { waiting += 1 }
    }
    let overflows = waiting > 0 && (isTragic || waiting + setAsideCount > Int(CSHM_SET_ASIDE))
    if overflows || !canMakeEvent(event) || !hasFreeChunks(route.listeners) || !hasExtensions(copies: route.listeners) {
      try announceLoss(route, &serials, &deliveries, &transaction)
    } else {
      try deliver(event, route, setAside: true, &serials, &deliveries, &transaction, "close")
    }
  }

  private func canMakeEvent(_ event: ReplierBindEvent) -> Bool {
    let bytes = ReplierBindEvent.byteCount(nameLength: event.name.bytes.count)
    guard let first = geometry.slotClass(for: bytes) else { return false }
    for number in first..<min(first + 2, geometry.classes.count) where findSlot(inClass: number, backed: true) != nil { return true }
    return false
  }

  /// Tells every listening Ksock, once since the last real event, that events were lost.
  private func announceLoss(
    _ route: BindEventRoute, _ serials: inout Serials, _ deliveries: inout Deliveries, _ transaction: inout Transaction
  ) throws(KBusError) {
    // The event itself took a serial.
    _ = serials.next()
    let sequence = serials.nextSequence()
    var id: MessageID?
    var added = 0
    for place in 0..<route.listeners {
      let listener = try ksock(checking: binding(Int(scratch.recipients[place])).ksock, "close")
      let end = deliveries.end(of: listener)
      guard scratch.ends[end].lostSince == 0 else { continue }
      let serial = id ?? serials.next()
      id = serial
      let copy = Copy(kind: Status.eventsLost.rawValue, slot: serial.serial)
      try deliveries.setAside(copy, for: listener, &transaction, "close")
      scratch.ends[end].lostSince = sequence
      added += 1
    }
    transaction.set(geometry.state + CSHM_STATE_TRAGIC, 1 as UInt32)
    if added > 0 { transaction.set(geometry.state + CSHM_STATE_SET_ASIDE, UInt32(clamping: setAsideCount + added)) }
  }
}
