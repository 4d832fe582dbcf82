// A chunk more for queues that are about to need one, in a transaction of its own: then the message itself can go the short way. At
// every 32nd message of a queue. Mostly that is the queue's own oldest chunk, which its reader is done with.

internal import CShm

extension SharedBus {
  /// Links a chunk in behind each queue that has no entry left for this message. Whether there was any; if not, that is not what
  /// the message wants. Under the lock.
  @inline(never) func makeRoom(
    for message: Outgoing, _ known: LocalPlace<KnownName>, from sender: Sender
  ) -> Bool {
    guard known.value.isRemembered else { return false }
    var madeAny = false
    do throws(KBusError) {
      if message.isReply || message.isRequest {
        let asker = message.isReply ? Int(message.to) % geometry.ksocks.count : sender.index
        if try makeRoom(at: ksock(asker), sender) { madeAny = true }
      }
      for number in 0..<known.value.recipientCount {
        guard let recipient = known.value.recipients[number] else { continue }
        if try makeRoom(at: ksock(Int(recipient.index)), sender) { madeAny = true }
      }
    } catch {
      // The long way says what is wrong.
      return false
    }
    return madeAny
  }

  private func makeRoom(at ksock: KsockRecord, _ sender: Sender) throws(KBusError) -> Bool {
    guard ksock.isOpen, !ksock.isFull, needsChunk(ksock) else { return false }
    if !Build.isSmall, recycle(ksock, sender), !needsChunk(ksock) { return true }
    var transaction = Transaction(self, journalOf: sender.index)
    var deliveries = Deliveries(self)
    try deliveries.makeRoom(at: ksock, &transaction, "send")
    deliveries.log(&transaction)
    transaction.commit()
    return true
  }

  private func needsChunk(_ ksock: KsockRecord) -> Bool { ksock.end &- ksock.tail <= UInt64(ksock.reserved) &+ 1 }

  /// Entries up to which a queue keeps what it has had. With more, it gives up chunks as it moves on.
  private static let keptEntries = 4 * UInt64(CSHM_CHUNK_ENTRIES)

  /// Moves the oldest chunk of a queue behind its newest. The stamps in it are of earlier positions, so that no entry looks published
  /// (C3). False, and nothing has happened, if its reader is not done with it, or the queue is to have fewer chunks.
  private func recycle(_ ksock: KsockRecord, _ sender: Sender) -> Bool {
    let first = ksock.firstChunk, last = ksock.lastChunk, head = ksock.head, end = ksock.end
    guard first != last, let oldest = chunk(ifThere: first), let newest = chunk(ifThere: last), oldest.isDone(head: head),
      let second = chunk(ifThere: oldest.next), !second.isDone(head: head) || end &- oldest.base <= Self.keptEntries
    else { return false }
    let next = oldest.next
    noteBacklog(of: ksock)
    var transaction = ShortTransaction(sender.journal, sender.number, line)
    transaction.set(oldest.at &+ CSHM_CHUNK_BASE, end)
    transaction.set32(oldest.at &+ CSHM_CHUNK_NEXT, 0)
    transaction.set32(newest.at &+ CSHM_CHUNK_NEXT, first)
    transaction.set(ksock.at &+ CSHM_KSOCK_FIRST_CHUNK, Window.word(next, first))
    transaction.set(ksock.at &+ CSHM_KSOCK_END, end &+ UInt64(CSHM_CHUNK_ENTRIES))
    transaction.commit()
    // Its reader comes to the chunk by the newest's `next`.
    memory.store64(oldest.at &+ CSHM_CHUNK_BASE, end)
    memory.store32(oldest.at &+ CSHM_CHUNK_NEXT, 0)
    memory.store32(newest.at &+ CSHM_CHUNK_NEXT, first)
    memory.store64(ksock.at &+ CSHM_KSOCK_FIRST_CHUNK, Window.word(next, first))
    memory.store64(ksock.at &+ CSHM_KSOCK_END, end &+ UInt64(CSHM_CHUNK_ENTRIES))
    transaction.end()
    return true
  }
}
