// Status messages: how the bus keeps its promise that every Request gets exactly one answer (specification, section 14).
//
// A status needs no slot: its few words fit in the queue entry that was reserved when the request was sent, so it can be
// delivered when every pool is exhausted (DESIGN R8).

internal import CShm

/// What became of a request.
enum Status: UInt32 {
  case goneAway = 1, ignored, unbound, disappeared, errorSending
  /// Not an answer, but made the same way: bind events were lost.
  case eventsLost

  var name: MessageName {
    switch self {
    case .goneAway: BusName.goneAway
    case .ignored: BusName.ignored
    case .unbound: BusName.unbound
    case .disappeared: BusName.disappeared
    case .errorSending: BusName.errorSending
    case .eventsLost: BusName.unbindEventsLost
    }
  }
}

extension SharedBus {
  /// The serials that one transaction gives out, and its place in the order of the bus.
  struct Serials {
    private let memory: BusMemory
    private let line: Int
    private(set) var last: UInt32
    private(set) var sequence: UInt64

    @inline(__always) init(_ bus: SharedBus) {
      memory = bus.memory
      line = bus.geometry.lockLine
      last = memory.u32(line + CSHM_LOCK_LINE_LAST_SERIAL)
      sequence = memory.u64(line + CSHM_LOCK_LINE_SEQUENCE)
    }

    /// The next serial; 0 is left out when they wrap.
    @inline(__always) mutating func next() -> MessageID {
      last = last == .max ? 1 : last + 1
      return MessageID(serial: last)
    }

    /// The next place in the order of everything.
    @inline(__always) mutating func nextSequence() -> UInt64 {
      sequence &+= 1
      return sequence
    }

    @inline(__always) func log(_ transaction: inout Transaction) {
      transaction.set(line + CSHM_LOCK_LINE_SEQUENCE, sequence)
      transaction.set(line + CSHM_LOCK_LINE_LAST_SERIAL, last)
    }
  }

  /// Answers a request in place of its Replier: puts the status into the entry reserved for it, and forgets the request.
  func answer(
    _ request: RequestRecord, with status: Status, from: UInt32, _ serials: inout Serials,
    _ deliveries: inout Deliveries, _ transaction: inout Transaction, _ operation: StaticString
  ) throws(KBusError) {
    let requester = try ksock(checking: request.requester, operation)
    transaction.set(request.at + CSHM_REQUEST_SEQUENCE, 0 as UInt64)
    // A requester that is gone has forgotten its requests; nobody waits for an answer.
    guard requester.incarnation == request.requesterIncarnation else { return }
    try deliveries.reserve(-1, at: requester, &transaction, operation)
    try push(status, inReplyTo: request.id, from: from, to: requester, &serials, &deliveries, &transaction, operation)
  }

  /// Puts a message of the bus's own, made of an entry alone, at the back of a queue, whatever its limit.
  func push(
    _ status: Status, inReplyTo: MessageID, from: UInt32, to ksock: KsockRecord, _ serials: inout Serials,
    _ deliveries: inout Deliveries, _ transaction: inout Transaction, _ operation: StaticString
  ) throws(KBusError) {
    let id = serials.next()
    let copy = Copy(kind: status.rawValue, slot: id.serial, holder: from, binding: inReplyTo.word, request: 0)
    _ = try deliveries.push(copy, id: id.word, to: ksock, &transaction, operation)
  }
}
