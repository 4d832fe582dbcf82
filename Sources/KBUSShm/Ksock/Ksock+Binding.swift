// Binding: which messages a Ksock receives, and which it answers.

internal import CShm

extension Ksock {
  /// As what a Ksock is bound to a name.
  public enum BindingKind: UInt8, Sendable {
    /// Receives every message of that name.
    case listener
    /// Receives the Requests of that name, and owes each a Reply. There is one Replier for a name.
    case replier
  }

  /// Binds to a name or a wildcard. The same Ksock may bind as Listener to one name several times; it then receives as many
  /// copies.
  ///
  /// **Blocking:** never. **Errors:** `badName`, `nameTooLong`, `alreadyBound`, `eventNotDeliverable`, `poolExhausted`.
  /// **Source:** KBUS specification, section 7.1.
  public func bind(_ name: MessageName, as kind: BindingKind = .listener) throws(KBusError) {
    let form = try check(name, "bind")
    if kind == .replier, name == BusName.replierBindEvent { throw .badName(name, "bind") }
    do throws(KBusError) {
      try bind(name, form, kind)
    } catch  where error.code == .alreadyBound {
      guard try closeReplierIfGone(name, form) else { throw error }
      try bind(name, form, kind)
    }
    if kind == .replier { shared.ringBindWaiters() }
  }

  /// Undoes one binding, the newest if there are several the same, and takes out of the queue what it put there. Requests
  /// among that are answered by the bus, with `$.KBUS.Replier.Unbound`.
  ///
  /// **Blocking:** never. **Errors:** `badName`, `nameTooLong`, `notBound`, `eventNotDeliverable`.
  /// **Source:** KBUS specification, section 7.2.
  public func unbind(_ name: MessageName, as kind: BindingKind = .listener) throws(KBusError) {
    let form = try check(name, "unbind")
    lockTakes()
    defer { unlockTakes() }
    try withBus("unbind") { rings throws(KBusError) in
      try shared.unbind(name.bytes, form: form, isReplier: kind == .replier, record, &rings)
    }
    // What it took out of the queue may have been all.
    settleDescriptor()
  }

  /// The Ksock that is bound as Replier to exactly this name; nil if there is none. Wildcards are not expanded.
  ///
  /// **Blocking:** never. **Errors:** `nameTooLong`, also for an empty name.
  /// **Source:** KBUS specification, section 7.3.
  public func findReplier(_ name: MessageName) throws(KBusError) -> UInt32? {
    let length = name.bytes.count
    guard length > 0, length <= MessageName.maximumLength else { throw .nameTooLong(length, "findReplier") }
    let form = name.form
    _ = try closeReplierIfGone(name, form)
    return try withBus("findReplier") { _ throws(KBusError) in try shared.replier(name, form, "findReplier")?.id }
  }

  private func bind(_ name: MessageName, _ form: MessageName.Form, _ kind: BindingKind) throws(KBusError) {
    try withBus("bind") { rings throws(KBusError) in
      try shared.bind(name.bytes, form: form, isReplier: kind == .replier, record, &rings)
    }
  }

  /// Closes the Ksock that is bound as Replier to exactly this name, if its program closed its descriptor without telling the
  /// library. Returns whether the name may be free now: somebody else may be closing that Ksock, or have done so.
  private func closeReplierIfGone(_ name: MessageName, _ form: MessageName.Form) throws(KBusError) -> Bool {
    let holder = try withBus("findReplier") { _ throws(KBusError) -> SharedBus.Sighting? in
      guard let holder = try shared.replier(name, form, "findReplier") else { return nil }
      return SharedBus.Sighting(index: holder.index, incarnation: holder.incarnation)
    }
    guard let holder else { return true }
    return shared.closeIfDescriptorIsGone(holder)
  }

  private func check(_ name: MessageName, _ operation: StaticString) throws(KBusError) -> MessageName.Form {
    try check(operation)
    guard name.bytes.count <= MessageName.maximumLength else { throw .nameTooLong(name.bytes.count, operation) }
    let form = name.form
    guard form != .invalid else { throw .badName(name, operation) }
    return form
  }
}

extension SharedBus {
  /// The Ksock that is bound as Replier to exactly this name.
  fileprivate func replier(
    _ name: MessageName, _ form: MessageName.Form, _ operation: StaticString
  ) throws(KBusError) -> KsockRecord? {
    guard let binding = try findReplier(name.bytes, form: form, operation) else { return nil }
    return try ksock(checking: binding.ksock, operation)
  }
}
