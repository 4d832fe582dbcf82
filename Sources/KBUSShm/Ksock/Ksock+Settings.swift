// Questions to a Ksock and its bus, and their settings (specification, sections 9.5, 13, 16 to 18 and 21).

internal import CShm

extension Ksock {
  // This Ksock

  /// The most messages that this Ksock's queue takes; 100 at first.
  public func maxMessages() throws(KBusError) -> UInt32 { try setMaxMessages(0) }

  /// Sets the most messages that this Ksock's queue takes; 0 only asks. Returns what is in force. Nothing queued is lost.
  @discardableResult
  public func setMaxMessages(_ count: UInt32) throws(KBusError) -> UInt32 {
    try withBus("setMaxMessages") { rings throws(KBusError) in
      guard count != 0 else { return record.maxMessages }
      set(record.at + CSHM_KSOCK_MAX_MESSAGES, count)
      shared.ringPending(&rings)
      return count
    }
  }

  /// How many messages are queued, events set aside for this Ksock included. What is being read does not count.
  public func numberOfMessages() throws(KBusError) -> UInt32 {
    try withBus("numberOfMessages") { _ throws(KBusError) in UInt32(clamping: record.queued + Int(record.setAsideCount)) }
  }

  /// How many Requests this Ksock has taken as Replier and not answered.
  public func numberUnrepliedTo() throws(KBusError) -> UInt32 {
    try withBus("numberUnrepliedTo") { _ throws(KBusError) in record.popped &- record.struck }
  }

  /// The id of the message last sent, or last refused after it had got its id; `none` at first.
  public func lastMessageID() throws(KBusError) -> MessageID {
    try withBus("lastMessageID") { _ throws(KBusError) in record.lastSent }
  }

  /// Whether this Ksock gets one copy of a message only, however many of its bindings match.
  public func wantsMessagesOnce() throws(KBusError) -> Bool {
    try withBus("wantsMessagesOnce") { _ throws(KBusError) in record.onlyOnce != 0 }
  }

  /// Sets whether this Ksock gets one copy of a message only. Returns what was in force before.
  @discardableResult
  public func setWantsMessagesOnce(_ isOn: Bool) throws(KBusError) -> Bool {
    try change(record.at + CSHM_KSOCK_ONLY_ONCE, to: isOn, "setWantsMessagesOnce")
  }

  // The bus

  /// Whether the bus reports when somebody binds or unbinds as Replier.
  public func reportsReplierBinds() throws(KBusError) -> Bool {
    try withBus("reportsReplierBinds") { _ throws(KBusError) in shared.reportsBinds }
  }

  /// Sets whether the bus reports when somebody binds or unbinds as Replier. Switching on, also when it is on already, first
  /// queues a bind event for every Replier there is, on this Ksock. Returns what was in force before.
  ///
  /// **Errors:** `noRoomForReports`: some reports are queued, and reporting is on. **Source:** section 16.3.
  @discardableResult
  public func setReportsReplierBinds(_ isOn: Bool) throws(KBusError) -> Bool {
    let word = shared.geometry.state + CSHM_STATE_REPORT_BINDS
    guard isOn else { return try change(word, to: false, "setReportsReplierBinds") }
    return try withBus("setReportsReplierBinds") { rings throws(KBusError) in
      let before = shared.reportsBinds
      set(word, 1)
      try shared.reportRepliers(to: record, &rings)
      return before
    }
  }

  /// The bus-wide debugging flag of the original; it has no effect on messages.
  public func isVerbose() throws(KBusError) -> Bool {
    try withBus("isVerbose") { _ throws(KBusError) in shared.memory.u32(shared.geometry.state + CSHM_STATE_VERBOSE) != 0 }
  }

  @discardableResult
  public func setVerbose(_ isOn: Bool) throws(KBusError) -> Bool {
    try change(shared.geometry.state + CSHM_STATE_VERBOSE, to: isOn, "setVerbose")
  }

  /// The longest message that the bus takes now: bytes, entire length.
  public func maxMessageSize() throws(KBusError) -> Int { try setMaxMessageSize(0) }

  /// The longest message that this bus can ever take.
  public func absoluteMaxMessageSize() throws(KBusError) -> Int { try setMaxMessageSize(1) }

  /// Sets the longest message that the bus takes: 100 to the absolute maximum. 0 asks for the limit in force, 1 for the
  /// absolute maximum. Messages queued are unaffected.
  ///
  /// **Units:** bytes, entire length. **Errors:** `badValue`. **Source:** KBUS specification, section 18.
  @discardableResult
  public func setMaxMessageSize(_ bytes: Int) throws(KBusError) -> Int {
    let word = shared.geometry.state + CSHM_STATE_MAX_MESSAGE, most = shared.geometry.limits.absoluteMaxMessage
    return try withBus("setMaxMessageSize") { _ throws(KBusError) in
      switch bytes {
      case 0: return Int(truncatingIfNeeded: shared.memory.u64(word))
      case 1: return most
      case Geometry.lowestMaxMessage...most:
        var transaction = Transaction(shared, journalOf: record.index)
        transaction.set(word, UInt64(bytes))
        transaction.commit()
        return bytes
      default:
        throw .badValue("setMaxMessageSize", "\(bytes) is not from \(Geometry.lowestMaxMessage) to \(most)")
      }
    }
  }

  /// Makes another bus beside this one, with the lowest number that is free and this one's limits, mode and group. Returns its
  /// number; it can be opened at once.
  ///
  /// **Errors:** `tooManyBuses` if there are 256, and those of making a bus. **Source:** KBUS specification, section 21.
  @discardableResult
  public func newBus() throws(KBusError) -> Int {
    try check("newBus")
    let group = BusDirectory.facts(shared.path).map { Int64($0.group) } ?? -1
    for number in 0..<BusDirectory.mostBuses {
      do throws(KBusError) {
        try BusFile.create(number, shared.geometry.limits, mode: shared.mode, group: group, in: shared.directory)
        return number
      } catch  where error.code == .busExists {}
    }
    throw .tooManyBuses(BusDirectory.mostBuses)
  }

  // Inside

  /// Changes one word of the bus. With the bus lock.
  private func set(_ word: Int, _ value: UInt32) {
    var transaction = Transaction(shared, journalOf: record.index)
    transaction.set(word, value)
    transaction.commit()
  }

  private func change(_ word: Int, to isOn: Bool, _ operation: StaticString) throws(KBusError) -> Bool {
    try withBus(operation) { _ throws(KBusError) in
      let before = shared.memory.u32(word) != 0
      set(word, isOn ? 1 : 0)
      return before
    }
  }
}

extension SharedBus {
  /// Queues a bind event for every Replier there is, newest binding first, on one Ksock (section 16.3). They belong to no
  /// binding.
  fileprivate func reportRepliers(to ksock: KsockRecord, _ rings: inout Rings) throws(KBusError) {
    for binding in bindingsNewestFirst() where binding.isReplier {
      guard !ksock.isFull else { throw .noRoomForReports(ksock.maxMessages) }
      var transaction = Transaction(self, journalOf: nil)
      var deliveries = Deliveries(self)
      var serials = Serials(self)
      let binder = try self.ksock(checking: binding.ksock, "reportReplierBinds").id
      let event = ReplierBindEvent(isBind: true, binder: binder, name: try binding.name("reportReplierBinds"))
      let slot = try makeEvent(event, &serials, "reportReplierBinds")
      let copy = Copy(slot: UInt32(slot.index) + 1, holder: 0)
      _ = try deliveries.push(copy, id: slot.header.id.word, to: ksock, &transaction, "reportReplierBinds")
      serials.log(&transaction)
      deliveries.log(&transaction)
      transaction.willPublish(slot: slot.index)
      setHolders(slot, 1, extensions: nil)
      transaction.commit()
      deliveries.ring(&rings)
    }
  }

  /// All bindings of the bus, newest first. Under the lock.
  func bindingsNewestFirst() -> [BindingRecord] {
    var found: [(sequence: UInt64, index: Int)] = []
    for index in 0..<geometry.limits.bindings {
      let sequence = binding(index).sequence
      if sequence != 0 { found.append((sequence, index)) }
    }
    return newestFirst(found).map { binding($0) }
  }

  /// Records by their place in the order of the bus. By a heap, of which the last is always the newest of those left: the sort of the
  /// standard library would be a hundredth of libkbus.so.
  func newestFirst(_ records: [(sequence: UInt64, index: Int)]) -> [Int] {
    var heap = records
    func sink(_ start: Int, _ end: Int) {
      var place = start
      while 2 * place + 1 < end {
        var child = 2 * place + 1
        if child + 1 < end, heap[child + 1].sequence < heap[child].sequence { child += 1 }
        guard heap[child].sequence < heap[place].sequence else { return }
        heap.swapAt(child, place)
        place = child
      }
    }
    for start in stride(from: heap.count / 2 - 1, through: 0, by: -1) { sink(start, heap.count) }
    for end in stride(from: heap.count - 1, to: 0, by: -1) {
      heap.swapAt(0, end)
      sink(0, end)
    }
    return heap.map { $0.index }
  }
}
