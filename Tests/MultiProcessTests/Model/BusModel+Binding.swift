// Sections 7, 15 and 16: who is bound, what closing does, and who hears of it.

import KBUSShm

extension BusModel {
  mutating func bind(_ id: UInt32, _ name: String, isReplier: Bool) throws(Refused) {  // 7.1
    try checkName(name)
    if isReplier {
      guard name != BusName.replierBindEvent.description else { throw Refused("EBADMSG") }
      guard !bindings.contains(where: { $0.isReplier && $0.name == name }) else { throw Refused("EADDRINUSE") }
      try report(isBind: true, id, name)
    }
    bindings.insert(Binding(number: newBindingNumber(), ksock: id, isReplier: isReplier, name: name), at: 0)
  }

  mutating func unbind(_ id: UInt32, _ name: String, isReplier: Bool) throws(Refused) {  // 7.2
    try checkName(name)
    guard let index = bindings.firstIndex(where: { $0.ksock == id && $0.isReplier == isReplier && $0.name == name }) else {
      throw Refused("EINVAL")
    }
    if isReplier { try report(isBind: false, id, name) }
    let binding = bindings.remove(at: index)
    let removed = self[id].queue.filter { $0.binding == binding.number }
    self[id].queue.removeAll { $0.binding == binding.number }
    for copy in removed where copy.message.wantsUsToReply { answer(copy.message, "Replier.Unbound", from: id) }
    dropSetAside { $0.copy.binding == binding.number }  // 16.4
    if !removed.isEmpty { moveOneSetAside(id) }
  }

  func findReplier(_ name: String) throws(Refused) -> UInt32? {  // 2.2, 7.3
    guard (1...1000).contains(name.utf8.count) else { throw Refused("ENAMETOOLONG") }
    return bindings.first { $0.isReplier && $0.name == name }?.ksock
  }

  private func checkName(_ name: String) throws(Refused) {
    guard !name.isEmpty else { throw Refused("EBADMSG") }
    guard name.utf8.count <= 1000 else { throw Refused("ENAMETOOLONG") }
    guard Self.isValid(name, wildcardAllowed: true) else { throw Refused("EBADMSG") }
  }

  // MARK: Closing (15)

  mutating func close(_ id: UInt32) {
    self[id].pending = nil  // 1
    self[id].outstanding = []  // 2
    let queue = self[id].queue  // 3
    self[id].queue = []
    for copy in queue where copy.message.wantsUsToReply { answer(copy.message, "Replier.GoneAway", from: id) }
    let its = bindings.filter { $0.ksock == id }  // 4: newest first, as they stand
    bindings.removeAll { $0.ksock == id }
    for binding in its where binding.isReplier && reportsBinds { reportClosing(id, binding.name) }
    dropSetAside { $0.ksock == id }  // 5
    for request in self[id].unreplied.reversed() { answer(request, "Replier.Ignored", from: id) }  // 6
    ksocks.removeAll { $0.id == id }  // 7
  }

  // MARK: Events (16)

  mutating func setReportsBinds(_ id: UInt32, _ isOn: Bool) throws(Refused) -> Bool {  // 16.1, 16.3
    let previous = reportsBinds
    reportsBinds = isOn
    guard isOn else { return previous }
    for binding in bindings where binding.isReplier {
      guard !isFull(id) else { throw Refused("EBUSY") }
      push(event(isBind: true, binding.ksock, binding.name), to: id, as: .requester, binding: nil)
    }
    return previous
  }

  private mutating func event(isBind: Bool, _ binder: UInt32, _ name: String) -> Message {  // 16.2
    let content = ReplierBindEvent(isBind: isBind, binder: binder, name: MessageName(name))
    return Message(BusName.replierBindEvent, data: content.data, flags: [.synthetic, .allOrFail], id: nextID())
  }

  /// Tells all listeners of a bind or unbind, or nobody.
  private mutating func report(isBind: Bool, _ id: UInt32, _ name: String) throws(Refused) {
    guard reportsBinds else { return }
    let event = event(isBind: isBind, id, name)  // The serial is used up, whatever follows (3, 16.4).
    let listeners = listeners(to: BusName.replierBindEvent.description)
    if listeners.contains(where: { isFull($0.ksock) }) { throw Refused("EAGAIN") }
    // Each Ksock sees its events in order: behind those that were set aside for it (D-4).
    let waiting = Set(setAside.map(\.ksock))
    for listener in listeners {
      if waiting.contains(listener.ksock) {
        setAside(event, for: listener)
      } else {
        push(event, to: listener.ksock, as: .listener, binding: listener.number)
      }
      self[listener.ksock].knowsOfLoss = false
    }
  }

  /// Tells of a binding that a close has removed. It can't fail: what finds no room is set aside.
  ///
  /// Choice (D-4): a listener with room and with no events set aside gets its copy at once, and only the others' count
  /// against the limit. What can't be set aside for those is lost for all.
  private mutating func reportClosing(_ id: UInt32, _ name: String) {
    let event = event(isBind: false, id, name)
    let listeners = listeners(to: BusName.replierBindEvent.description)
    let waiting = Set(setAside.map(\.ksock))
    let late = listeners.filter { isFull($0.ksock) || waiting.contains($0.ksock) }
    if !late.isEmpty, isTragic || late.count + setAside.count > 1000 { return loseEvents(Set(listeners.map(\.ksock))) }
    let full = Set(late.map(\.ksock))
    for listener in listeners {
      if full.contains(listener.ksock) {
        setAside(event, for: listener)
      } else {
        push(event, to: listener.ksock, as: .listener, binding: listener.number)
      }
      self[listener.ksock].knowsOfLoss = false
    }
  }

  /// One notice for each of these Ksocks that has had none since its last real event.
  private mutating func loseEvents(_ listening: Set<UInt32>) {
    isTragic = true
    let untold = listening.filter { !self[$0].knowsOfLoss }
    guard !untold.isEmpty else { return }
    let notice = Message(BusName.unbindEventsLost, flags: .synthetic, id: nextID())
    for id in untold {
      self[id].knowsOfLoss = true
      setAside.append(SetAside(ksock: id, copy: Copy(message: notice, binding: nil)))
    }
  }

  /// Choice: in once-only mode (17) a further copy of the same event is dropped here rather than when it is moved.
  private mutating func setAside(_ event: Message, for listener: Binding) {
    if self[listener.ksock].wantsOnce, setAside.last(where: { $0.ksock == listener.ksock })?.copy.message.id == event.id { return }
    setAside.append(SetAside(ksock: listener.ksock, copy: Copy(message: event, binding: listener.number)))
  }

  func numberSetAside(_ id: UInt32) -> Int { setAside.count { $0.ksock == id } }

  /// The oldest event set aside for a Ksock goes to its queue, whatever the limits say.
  mutating func moveOneSetAside(_ id: UInt32) {
    guard let index = setAside.firstIndex(where: { $0.ksock == id }) else { return }
    let copy = setAside.remove(at: index).copy
    push(copy.message, to: id, as: .requester, binding: copy.binding)
    if setAside.isEmpty { isTragic = false }
  }

  private mutating func dropSetAside(where isDropped: (SetAside) -> Bool) {
    setAside.removeAll(where: isDropped)
    if setAside.isEmpty { isTragic = false }
  }
}
