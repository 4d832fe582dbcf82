// Binding and unbinding (specification, section 7).

internal import CShm

extension SharedBus {
  /// Binds, under the lock. The name has been checked.
  func bind(_ name: [UInt8], form: MessageName.Form, isReplier: Bool, _ ksock: KsockRecord, _ rings: inout Rings) throws(KBusError) {
    if isReplier, let holder = try findReplier(name, form: form, "bind") {
      throw .alreadyBound(MessageName(bytes: name), holder: try self.ksock(checking: holder.ksock, "bind").id)
    }
    let events = isReplier && reportsBinds ? try routeBindEvent(except: nil, "bind") : nil
    if let events, events.isBlocked { try refuseEvent("bind") }
    var search = freeOnes(geometry.bindings, .binding)
    guard let index = search.take() else { throw exhausted(.bindings, "bind") }
    var transaction = Transaction(self, journalOf: nil)
    var deliveries = Deliveries(self)
    var serials = Serials(self)
    try insert(index, name, form, isReplier, ksock, &serials, &transaction)
    // To those who listened before the binding takes effect. Last, since it sets holder bits, direct: afterwards nothing may fail.
    if let events {
      let event = ReplierBindEvent(isBind: true, binder: ksock.id, name: MessageName(bytes: name))
      try deliver(event, events, setAside: false, &serials, &deliveries, &transaction, "bind")
    }
    serials.log(&transaction)
    deliveries.log(&transaction)
    transaction.commit()
    scratch.hints[Scratch.Hint.binding.rawValue] = search.next
    deliveries.ring(&rings)
    ringPending(&rings)
    if isReplier {
      let word = geometry.state + CSHM_STATE_BINDS
      memory.store32(word, memory.u32(word) &+ 1)
    }
  }

  /// An event that somebody has no room for: nothing changes, but its serial has been used up.
  private func refuseEvent(_ operation: StaticString) throws(KBusError) {
    var serials = Serials(self)
    _ = serials.next()
    var transaction = Transaction(self, journalOf: nil)
    serials.log(&transaction)
    transaction.commit()
    throw .eventNotDeliverable(operation)
  }

  /// The Replier binding with exactly this name.
  func findReplier(_ name: [UInt8], form: MessageName.Form, _ operation: StaticString) throws(KBusError) -> BindingRecord? {
    var chain = bindings(filed: NameKey.binding(name, form: form, seed: hashSeed))
    while let binding = try chain.next(operation) {
      if binding.isReplier, try binding.isNamed(name, operation) { return binding }
    }
    return nil
  }

  /// The newest binding of this Ksock with exactly this name and of this kind.
  private func findOwn(
    _ name: [UInt8], form: MessageName.Form, isReplier: Bool, _ ksock: KsockRecord
  ) throws(KBusError) -> BindingRecord? {
    var chain = bindings(filed: NameKey.binding(name, form: form, seed: hashSeed))
    while let binding = try chain.next("unbind") {
      if binding.isReplier == isReplier, binding.ksock == UInt32(ksock.index), try binding.isNamed(name, "unbind") { return binding }
    }
    return nil
  }

  private func insert(
    _ index: Int, _ name: [UInt8], _ form: MessageName.Form, _ isReplier: Bool, _ ksock: KsockRecord,
    _ serials: inout Serials, _ transaction: inout Transaction
  ) throws(KBusError) {
    let record = binding(index), sequence = serials.nextSequence()
    let hash = NameKey.binding(name, form: form, seed: hashSeed), bucket = bucket(hash)
    var kind = isReplier ? UInt32(CSHM_BINDING_REPLIER) : 0
    if form == .child { kind |= UInt32(CSHM_BINDING_CHILD) }
    if form == .descendants { kind |= UInt32(CSHM_BINDING_DESCENDANTS) }
    // The record itself is free: filled direct, and made to count by its sequence.
    memory.store64(record.at + CSHM_BINDING_HASH, hash)
    memory.store64(record.at + CSHM_BINDING_INCARNATION, ksock.incarnation)
    memory.store32(record.at + CSHM_BINDING_KSOCK, UInt32(ksock.index))
    memory.store32(record.at + CSHM_BINDING_KIND, kind)
    memory.store32(record.at + CSHM_BINDING_NAME_BYTES, UInt32(name.count))
    memory.store32(record.at + CSHM_BINDING_LONG_NAME, 0)
    memory.store32(record.at + CSHM_BINDING_CHAIN_NEXT, memory.u32(bucket))
    memory.store32(record.at + CSHM_BINDING_CHAIN_PREV, 0)
    memory.store32(record.at + CSHM_BINDING_OWN_NEXT, ksock.bindings)
    memory.store32(record.at + CSHM_BINDING_OWN_PREV, 0)
    if name.count <= Int(CSHM_INLINE_NAME) {
      memory.copyIn(name, at: record.at + CSHM_BINDING_NAME)
    } else {
      var search = freeOnes(geometry.longNames, .longName)
      guard let long = search.take() else { throw exhausted(.longNames, "bind") }
      scratch.hints[Scratch.Hint.longName.rawValue] = search.next
      memory.copyIn(name, at: geometry.longNames.at(long) + CSHM_LONG_NAME_BYTES)
      memory.store32(record.at + CSHM_BINDING_LONG_NAME, UInt32(long) + 1)
      transaction.set(geometry.longNames.at(long), sequence)
    }
    transaction.set(record.at + CSHM_BINDING_SEQUENCE, sequence)
    if memory.u32(bucket) != 0 {
      transaction.set(try binding(checking: memory.u32(bucket), "bind").at + CSHM_BINDING_CHAIN_PREV, UInt32(index) + 1)
    }
    transaction.set(bucket, UInt32(index) + 1)
    if ksock.bindings != 0 {
      transaction.set(try binding(checking: ksock.bindings, "bind").at + CSHM_BINDING_OWN_PREV, UInt32(index) + 1)
    }
    transaction.set(ksock.at + CSHM_KSOCK_BINDINGS, UInt32(index) + 1)
    changeRouting(&transaction)
    countStar(form, name, +1, &transaction)
  }

  /// What senders remember of recipients holds no longer (L3).
  private func changeRouting(_ transaction: inout Transaction) {
    let word = geometry.lockLine + CSHM_LOCK_LINE_ROUTING
    transaction.set(word, memory.u64(word) &+ 1)
  }

  /// Keeps count of `*` bindings at each depth, so that a send looks only where there are any (T2).
  private func countStar(_ form: MessageName.Form, _ name: [UInt8], _ change: Int, _ transaction: inout Transaction) {
    guard form == .descendants else { return }
    let dots = name.reduce(0) { $1 == Ascii.dot ? $0 + 1 : $0 }
    guard dots >= 1, dots <= Int(CSHM_DEPTHS) else { return }
    let word = geometry.state + CSHM_STATE_STAR_DEPTHS + (dots - 1) * 4
    transaction.set(word, UInt32(truncatingIfNeeded: Int(memory.u32(word)) + change))
  }

  /// Takes a binding out of its chain, its Ksock's list, and the world.
  func remove(_ binding: BindingRecord, of ksock: KsockRecord, _ transaction: inout Transaction, _ operation: StaticString)
    throws(KBusError)
  {
    // A list that leads to anything but a binding of this Ksock is damaged; followed, it might never end.
    guard binding.sequence != 0, binding.incarnation == ksock.incarnation else { throw .corrupt(.b2, operation) }
    if binding.chainPrevious != 0 {
      transaction.set(try self.binding(checking: binding.chainPrevious, operation).at + CSHM_BINDING_CHAIN_NEXT, binding.chainNext)
    } else {
      transaction.set(bucket(binding.hash), binding.chainNext)
    }
    if binding.chainNext != 0 {
      transaction.set(try self.binding(checking: binding.chainNext, operation).at + CSHM_BINDING_CHAIN_PREV, binding.chainPrevious)
    }
    if binding.ownPrevious != 0 {
      transaction.set(try self.binding(checking: binding.ownPrevious, operation).at + CSHM_BINDING_OWN_NEXT, binding.ownNext)
    } else {
      transaction.set(ksock.at + CSHM_KSOCK_BINDINGS, binding.ownNext)
    }
    if binding.ownNext != 0 {
      transaction.set(try self.binding(checking: binding.ownNext, operation).at + CSHM_BINDING_OWN_PREV, binding.ownPrevious)
    }
    if binding.longName != 0 {
      guard Int(binding.longName) <= geometry.longNames.count else { throw .corrupt(.m1, operation) }
      transaction.set(geometry.longNames.at(Int(binding.longName) - 1), 0 as UInt64)
    }
    transaction.set(binding.at + CSHM_BINDING_SEQUENCE, 0 as UInt64)
    changeRouting(&transaction)
    countStar(binding.form, try binding.name(operation).bytes, -1, &transaction)
  }

  /// Unbinds, under the lock, and takes out of the queue exactly what this binding put there.
  func unbind(
    _ name: [UInt8], form: MessageName.Form, isReplier: Bool, _ ksock: KsockRecord, _ rings: inout Rings
  ) throws(KBusError) {
    guard let binding = try findOwn(name, form: form, isReplier: isReplier, ksock) else {
      throw .notBound(MessageName(bytes: name), isReplier: isReplier)
    }
    let events = isReplier && reportsBinds ? try routeBindEvent(except: nil, "unbind") : nil
    if let events, events.isBlocked { try refuseEvent("unbind") }
    // With the event, or without one, the binding is gone in one transaction; what it queued goes in further ones, which
    // whoever finds us dead would go on with.
    var transaction = Transaction(self, journalOf: nil)
    var deliveries = Deliveries(self)
    var serials = Serials(self)
    if let events {
      let event = ReplierBindEvent(isBind: false, binder: ksock.id, name: MessageName(bytes: name))
      try deliver(event, events, setAside: false, &serials, &deliveries, &transaction, "unbind")
    }
    let sequence = binding.sequence
    try remove(binding, of: ksock, &transaction, "unbind")
    serials.log(&transaction)
    deliveries.log(&transaction)
    begin(.unbind, ksock, detail: sequence, &transaction)
    transaction.commit()
    deliveries.ring(&rings)
    try finishOperation(&rings)
    ringPending(&rings)
  }
}
