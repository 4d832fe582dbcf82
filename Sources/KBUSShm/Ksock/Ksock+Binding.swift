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
    try withBus("bind") { rings throws(KBusError) in
      try shared.bind(name.bytes, form: form, isReplier: kind == .replier, record, &rings)
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
  }

  /// The Ksock that is bound as Replier to exactly this name; nil if there is none. Wildcards are not expanded.
  ///
  /// **Blocking:** never. **Errors:** `nameTooLong`, also for an empty name.
  /// **Source:** KBUS specification, section 7.3.
  public func findReplier(_ name: MessageName) throws(KBusError) -> UInt32? {
    let length = name.bytes.count
    guard length > 0, length <= MessageName.maximumLength else { throw .nameTooLong(length, "findReplier") }
    return try withBus("findReplier") { _ throws(KBusError) in
      guard let binding = try shared.findReplier(name.bytes, form: name.form, "findReplier") else { return nil }
      return try shared.ksock(checking: binding.ksock, "findReplier").id
    }
  }

  private func check(_ name: MessageName, _ operation: StaticString) throws(KBusError) -> MessageName.Form {
    try check(operation)
    guard name.bytes.count <= MessageName.maximumLength else { throw .nameTooLong(name.bytes.count, operation) }
    let form = name.form
    guard form != .invalid else { throw .badName(name, operation) }
    return form
  }
}
