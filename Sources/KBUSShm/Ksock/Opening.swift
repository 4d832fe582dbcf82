// How a Ksock comes to be on a bus (specification, section 1). How it goes is in Death/Departure.swift.

internal import CShm

extension SharedBus {
  /// Puts a new Ksock on the bus, under the lock.
  func openKsock(mode: UInt32, owner: OwnerRecord) throws(KBusError) -> KsockRecord {
    var id = memory.u32(geometry.state + CSHM_STATE_NEXT_KSOCK_ID)
    id = id == 0 ? 1 : id
    let pool = Pool(region: geometry.ksocks, memory: memory)
    // Put where the id points, so that a reply finds the requester by its id at once.
    var search = pool.freeOnes(from: Int(id))
    guard let index = search.take() else { throw exhausted(.ksocks, "open") }
    var chunks = freeOnes(geometry.chunks, .chunk)
    guard let first = chunks.take() else { throw exhausted(.chunks, "open") }
    scratch.hints[Scratch.Hint.chunk.rawValue] = chunks.next
    let ksock = ksock(index)
    var serials = Serials(self)
    let incarnation = serials.nextSequence()
    // The record is free: filled direct, and made to count by its incarnation.
    let bell = ksock.bell
    memory.zero(ksock.at + 8, count: CSHM_KSOCK_SIZE - 8)
    // On from where it was: a thread that is about to sleep on the bell of the last one here does not.
    memory.store32(ksock.at + CSHM_KSOCK_BELL, bell &+ 1)
    memory.zero(heldRecord(ksock, 0), count: Int(CSHM_HELD) * CSHM_HELD_SIZE)
    memory.store32(ksock.at + CSHM_KSOCK_ID, id)
    memory.store32(ksock.at + CSHM_KSOCK_MODE, mode)
    memory.store32(ksock.at + CSHM_KSOCK_OWNER, UInt32(owner.index) + 1)
    memory.store32(ksock.at + CSHM_KSOCK_FIRST_CHUNK, UInt32(first) + 1)
    memory.store32(ksock.at + CSHM_KSOCK_LAST_CHUNK, UInt32(first) + 1)
    memory.store32(ksock.at + CSHM_KSOCK_TAIL_CHUNK, UInt32(first) + 1)
    memory.store64(ksock.at + CSHM_KSOCK_END, UInt64(CSHM_CHUNK_ENTRIES))
    memory.store32(ksock.at + CSHM_KSOCK_MAX_MESSAGES, Self.defaultMaxMessages)
    chunk(first).clear(base: 0)
    var transaction = Transaction(self, journalOf: nil)
    transaction.set(chunk(first).at + CSHM_CHUNK_OWNER, incarnation)
    transaction.set(ksock.at + CSHM_KSOCK_INCARNATION, incarnation)
    transaction.set(geometry.state + CSHM_STATE_NEXT_KSOCK_ID, id == .max ? 1 : id + 1)
    serials.log(&transaction)
    transaction.commit()
    return ksock
  }

  static let defaultMaxMessages: UInt32 = 100
}
