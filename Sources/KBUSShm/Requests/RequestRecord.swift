// Requests that have reached their Replier and have had no answer yet (cshm_request, invariants R1 and R2).

internal import CShm

struct RequestRecord {
  let memory: BusMemory
  let at: Int
  let index: Int

  /// All of its words, whose bounds are checked together.
  @inline(__always) private var window: Window { memory.window(at, CSHM_REQUEST_SIZE) }

  @inline(__always) var sequence: UInt64 { window.u64(CSHM_REQUEST_SEQUENCE) }
  @inline(__always) var id: MessageID { MessageID(word: window.u64(CSHM_REQUEST_ID)) }
  @inline(__always) var requester: UInt32 { window.u32(CSHM_REQUEST_REQUESTER) }
  @inline(__always) var replier: UInt32 { window.u32(CSHM_REQUEST_REPLIER) }
  @inline(__always) var requesterIncarnation: UInt64 { window.u64(CSHM_REQUEST_REQUESTER_INCARNATION) }
  @inline(__always) var replierIncarnation: UInt64 { window.u64(CSHM_REQUEST_REPLIER_INCARNATION) }
  @inline(__always) var position: UInt64 { window.u64(CSHM_REQUEST_POSITION) }

  /// Whether the Replier has taken the copy that asks it to reply.
  func isPopped(head: UInt64) -> Bool {
    if position == CSHM_URGENT_QUEUED { return false }
    return position & CSHM_URGENT_TAKEN != 0 || position < head
  }

  /// Orders popped requests by when they were popped: an urgent one taken when head stood at h came after all ordinary ones
  /// before h, and before that at h; among themselves urgent ones are counted.
  var popOrder: (UInt64, UInt64) {
    guard position & CSHM_URGENT_TAKEN != 0 else { return (position &* 2 &+ 1, 0) }
    let taken = position & ~CSHM_URGENT_TAKEN
    return ((taken >> Self.countBits) &* 2, taken & ((1 << Self.countBits) - 1))
  }

  /// The position of an urgent request once it is taken: where head stood, and how many requests had been taken.
  static func takenPosition(head: UInt64, popped: UInt32) -> UInt64 {
    CSHM_URGENT_TAKEN | (head << countBits & ~CSHM_URGENT_TAKEN) | UInt64(popped) & ((1 << countBits) - 1)
  }

  private static let countBits: UInt64 = 20

  func write(id: MessageID, requester: KsockRecord, replier: KsockRecord, position: UInt64) {
    window.store64(CSHM_REQUEST_ID, id.word)
    window.store64(CSHM_REQUEST_REQUESTER_INCARNATION, requester.incarnation)
    window.store64(CSHM_REQUEST_REPLIER_INCARNATION, replier.incarnation)
    window.store32(CSHM_REQUEST_REQUESTER, UInt32(requester.index))
    window.store32(CSHM_REQUEST_REPLIER, UInt32(replier.index))
    window.store64(CSHM_REQUEST_POSITION, position)
  }
}

extension RequestRecord {
  /// Whether it awaits its answer from the Ksock of this incarnation.
  @inline(__always) func isOwed(by replier: UInt64) -> Bool { sequence != 0 && replierIncarnation == replier }
}

extension SharedBus {
  /// Whether somebody awaits an answer of the Ksock of this incarnation.
  func owesAnswer(_ incarnation: UInt64) -> Bool {
    (0..<geometry.limits.requests).contains { request($0).isOwed(by: incarnation) }
  }

  @inline(__always) func request(_ index: Int) -> RequestRecord {
    RequestRecord(memory: memory, at: geometry.requests.at(index), index: index)
  }

  func request(checking word: UInt32, _ operation: StaticString) throws(KBusError) -> RequestRecord {
    guard word >= 1, Int(word) <= geometry.limits.requests else { throw .corrupt(.r1, operation) }
    return request(Int(word) - 1)
  }

  /// A free record for a request with this id. Records are put where their serial points, so that a reply finds its own at
  /// once.
  func findFreeRequest(_ id: MessageID, _ operation: StaticString) throws(KBusError) -> RequestRecord {
    let pool = Pool(region: geometry.requests, memory: memory)
    var search = pool.freeOnes(from: Int(id.serial))
    guard let index = search.take() else { throw exhausted(.requests, operation) }
    return request(index)
  }

  /// The record of a request that this Ksock awaits an answer to.
  func findRequest(_ id: MessageID, requester: KsockRecord) -> RequestRecord? {
    let count = geometry.limits.requests
    var index = Int(id.serial) % count
    for _ in 0..<count {
      let record = request(index)
      if record.id == id, record.sequence != 0, record.requester == UInt32(requester.index),
        record.requesterIncarnation == requester.incarnation
      {
        return record
      }
      index = index + 1 == count ? 0 : index + 1
    }
    return nil
  }
}
