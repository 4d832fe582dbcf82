// What is on a bus: the listings of the original's /proc files (specification, section 22).

internal import CShm

/// One binding.
public struct BindingInfo: Sendable {
  public let bus: Int
  /// The Ksock's id, and the process that opened it.
  public let ksock: UInt32
  public let pid: Int32
  public let kind: Ksock.BindingKind
  public let name: MessageName

  /// The line of `/proc/kbus/bindings`: bus, Ksock, process, `R` or `L`, name.
  public var line: String {
    let kind: StaticString = kind == .replier ? "R" : "L"
    let line: Phrase =
      "\(UInt64(bus), width: 3): \(UInt64(ksock), width: 8) \(UInt64(UInt32(bitPattern: pid)), width: 8)  \(kind)  \(name)"
    return line.text
  }

  /// The line above the bindings of each bus.
  public static let header = "# <device> is bound to <Ksock-ID> in <process-PID> as <Replier|Listener> for <message-name>"
}

/// One Ksock, in numbers.
public struct KsockStatistics: Sendable {
  public let id: UInt32
  public let pid: Int32
  public let lastMessage: MessageID
  /// Messages queued, events set aside not included; and the most that the queue takes.
  public let queued: UInt32
  public let maxMessages: UInt32
  /// Events set aside for it.
  public let setAside: UInt32
  /// Requests it sent that have no answer yet, and the most there ever were.
  public let outstanding: UInt32
  public let outstandingMax: UInt32
  /// Requests it took and has not answered.
  public let unreplied: UInt32
  /// Copies it did not get because its queue was full.
  public let missed: UInt64
  /// The most messages queued ever, but for the last 31 before it was noted; and for how long the oldest one has waited now, at least:
  /// counted from when somebody noted it, at the latest when a queue grows by 32 messages or somebody asks for these numbers.
  public let mostQueued: UInt32
  public let oldestUnread: Duration
  public let isPending: Bool
}

/// One bus, in numbers.
public struct BusStatistics: Sendable {
  public let bus: Int
  /// One more than the last given out; 0 at first.
  public let nextKsock: UInt32
  public let nextSerial: UInt32
  /// Events set aside, and whether some were lost.
  public let setAside: UInt32
  public let isTragic: Bool
  /// Locks taken over from a dead holder, and waits for the lock that ran into a time-out.
  public let recoveries: UInt64
  public let lockStalls: UInt64
  /// Times that memory of some kind was found used up: slots, bindings, requests, ...
  public let exhaustions: UInt64
  /// Processes that ended without closing their Ksocks.
  public let reaps: UInt64
  /// Who is told when a process ends.
  public let watcher: Watcher
  /// Newest first.
  public let ksocks: [KsockStatistics]

  /// The text of `/proc/kbus/stats`. What a user-space bus has no counterpart of is a fixed approximation: the bytes of
  /// a message partly read or written, the size of the table of outstanding requests, and the most ever unreplied.
  public var text: String {
    let tragic: StaticString = isTragic ? "(gone tragic)" : ""
    let first: Phrase =
      "dev \(UInt64(bus), width: 2): next ksock \(nextKsock) next msg \(nextSerial) unsent unbindings \(setAside)\(tragic)\n"
    return ksocks.reduce(first) { text, ksock in "\(text.text)\(ksock.text)" }.text
  }
}

extension KsockStatistics {
  init(_ ksock: KsockRecord, pid: UInt32) {
    self.init(
      id: ksock.id, pid: Int32(bitPattern: pid), lastMessage: ksock.lastSent, queued: UInt32(ksock.queued),
      maxMessages: ksock.maxMessages, setAside: ksock.setAsideCount, outstanding: ksock.reserved, outstandingMax: ksock.reservedMax,
      unreplied: ksock.popped &- ksock.struck, missed: ksock.missed,
      mostQueued: ksock.mostQueued, oldestUnread: .nanoseconds(Int64(truncatingIfNeeded: ksock.backlogAge)), isPending: ksock.pending != 0)
  }

  fileprivate var text: String {
    let part: StaticString = isPending ? "FINAL" : "HDR", not: StaticString = isPending ? "" : "not "
    let lines: Phrase = """
          ksock \(id) last msg \(lastMessage.network):\(lastMessage.serial) queue \(queued) of \(maxMessages)
            read byte 0 of 0, wrote byte 0 of \(part) (\(not)finished), \(not)sending
            outstanding requests \(outstanding) (size \(max(16, outstandingMax)), max \(outstandingMax)), \
      unsent replies \(unreplied) (max \(unreplied))

      """
    return lines.text
  }
}

extension Ksock {
  /// All bindings of the bus, newest first.
  ///
  /// **Complexity:** grows with the number of bindings; the bus is held meanwhile.
  public func bindings() throws(KBusError) -> [BindingInfo] {
    try withBus("bindings") { _ throws(KBusError) in try shared.bindingInfos() }
  }

  /// This Ksock in numbers, and those of its bus.
  func counters() throws(KBusError) -> (KsockStatistics, recoveries: UInt64, lockStalls: UInt64, exhaustions: UInt64) {
    try withBus("counters") { _ throws(KBusError) in
      shared.noteBacklog(of: record)
      return (KsockStatistics(record, pid: shared.pid(of: record)), shared.recoveryCount, shared.lockStallCount, shared.exhaustionCount)
    }
  }

  /// The state of the bus and of every Ksock on it.
  public func statistics() throws(KBusError) -> BusStatistics {
    try withBus("statistics") { _ throws(KBusError) in shared.statistics() }
  }
}

extension SharedBus {
  func bindingInfos() throws(KBusError) -> [BindingInfo] {
    var infos: [BindingInfo] = []
    for binding in bindingsNewestFirst() {
      let holder = try ksock(checking: binding.ksock, "bindings")
      infos.append(
        BindingInfo(
          bus: number, ksock: holder.id, pid: Int32(bitPattern: pid(of: holder)), kind: binding.isReplier ? .replier : .listener,
          name: try binding.name("bindings")))
    }
    return infos
  }

  fileprivate var lockStallCount: UInt64 { memory.u64(geometry.lockLine + CSHM_LOCK_LINE_STALLS) }

  func statistics() -> BusStatistics {
    var open: [(sequence: UInt64, index: Int)] = []
    for index in 0..<geometry.limits.ksocks where ksock(index).isOpen {
      noteBacklog(of: ksock(index))
      open.append((ksock(index).incarnation, index))
    }
    let ksocks = newestFirst(open).map { KsockStatistics(ksock($0), pid: pid(of: ksock($0))) }
    let last = memory.u32(geometry.lockLine + CSHM_LOCK_LINE_LAST_SERIAL)
    return BusStatistics(
      bus: number, nextKsock: memory.u32(geometry.state + CSHM_STATE_NEXT_KSOCK_ID),
      nextSerial: last == 0 ? 0 : last == .max ? 1 : last + 1, setAside: UInt32(setAsideCount), isTragic: isTragic,
      recoveries: recoveryCount,
      lockStalls: lockStallCount, exhaustions: exhaustionCount, reaps: reapCount, watcher: watcher, ksocks: ksocks)
  }
}
