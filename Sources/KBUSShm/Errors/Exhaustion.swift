// What is said when a pool of the bus is used up: which, how many it has, and who holds most.

internal import CShm

/// The pools that can run out.
enum ExhaustiblePool {
  case ksocks, bindings, longNames, requests, chunks, urgentNodes, setAsideNodes, extensions
  /// Slots for payloads of up to so many bytes.
  case slots(Int)
}

extension SharedBus {
  /// The error for a pool without a free record. Slow, and only on the way to failing. Under the lock.
  func exhausted(_ pool: ExhaustiblePool, _ operation: StaticString) -> KBusError {
    memory.store64(geometry.state + CSHM_STATE_EXHAUSTIONS, exhaustionCount &+ 1)
    let (what, count) = describe(pool)
    let found: Phrase = "all \(count) \(what.text) of the bus are in use"
    guard let (holder, uses) = largestHolder(pool) else { return KBusError(.poolExhausted, operation, found) }
    let who: Phrase = if case .ksocks = pool { "process \(pid(of: holder))" } else { "Ksock \(holder.id) of process \(pid(of: holder))" }
    return KBusError(.poolExhausted, operation, "\(found.text); \(who.text) holds most, \(uses)")
  }

  var exhaustionCount: UInt64 { memory.u64(geometry.state + CSHM_STATE_EXHAUSTIONS) }

  private func describe(_ pool: ExhaustiblePool) -> (Phrase, Int) {
    switch pool {
    case .ksocks: ("Ksocks", geometry.limits.ksocks)
    case .bindings: ("bindings", geometry.limits.bindings)
    case .longNames: ("bindings to names of more than \(CSHM_INLINE_NAME) bytes", geometry.longNames.count)
    case .requests: ("outstanding requests", geometry.limits.requests)
    case .chunks: ("queue chunks (of \(CSHM_CHUNK_ENTRIES) messages)", geometry.chunks.count)
    case .urgentNodes: ("places for urgent messages", geometry.urgentNodes.count)
    case .setAsideNodes: ("places for events set aside", geometry.setAsideNodes.count)
    case .extensions: ("places for messages with very many recipients", geometry.extensions.count)
    case .slots(let bytes):
      ("slots for up to \(bytes) bytes", geometry.slotClass(for: bytes).map { geometry.classes[$0].headers.count } ?? 0)
    }
  }

  private func largestHolder(_ pool: ExhaustiblePool) -> (KsockRecord, Int)? {
    var largest: (KsockRecord, Int)?
    for index in 0..<geometry.limits.ksocks {
      let ksock = ksock(index)
      guard ksock.isInUse else { continue }
      let uses = uses(of: pool, by: ksock)
      if uses > largest?.1 ?? 0 { largest = (ksock, uses) }
    }
    return largest
  }

  private func uses(of pool: ExhaustiblePool, by ksock: KsockRecord) -> Int {
    func owned(_ region: Geometry.Region, _ offset: Int, _ value: UInt64) -> Int {
      (0..<region.count).reduce(0) { memory.u64(region.at($1)) != 0 && memory.u64(region.at($1) + offset) == value ? $0 + 1 : $0 }
    }
    switch pool {
    case .ksocks:
      return (0..<geometry.limits.ksocks).reduce(0) {
        self.ksock($1).isInUse && pid(of: self.ksock($1)) == pid(of: ksock) ? $0 + 1 : $0
      }
    case .bindings, .longNames: return owned(geometry.bindings, CSHM_BINDING_INCARNATION, ksock.incarnation)
    case .requests: return owned(geometry.requests, CSHM_REQUEST_REQUESTER_INCARNATION, ksock.incarnation)
    case .chunks: return owned(geometry.chunks, CSHM_CHUNK_OWNER, ksock.incarnation)
    case .urgentNodes: return owned(geometry.urgentNodes, CSHM_NODE_OWNER, ksock.incarnation)
    case .setAsideNodes: return owned(geometry.setAsideNodes, CSHM_NODE_OWNER, ksock.incarnation)
    case .slots, .extensions:
      // Messages it has not read, those it is reading, and those it is about to send.
      let held = (0..<Int(CSHM_HELD)).reduce(0) { memory.u64(heldRecord(ksock, $1) + CSHM_HELD_POSITION) != 0 ? $0 + 1 : $0 }
      let loans = (0..<geometry.slotCount).reduce(0) { slot($1).sender == ksock.incarnation ? $0 + 1 : $0 }
      return ksock.queued + held + loans
    }
  }
}
