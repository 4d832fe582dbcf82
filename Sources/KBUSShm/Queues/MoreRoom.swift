// A chunk more for queues that are about to need one, in a transaction of its own: then the message itself can go the short way. At
// every 32nd message of a queue.

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
    guard ksock.isOpen, !ksock.isFull, ksock.end &- ksock.tail <= UInt64(ksock.reserved) &+ 1 else { return false }
    var transaction = Transaction(self, journalOf: sender.index)
    var deliveries = Deliveries(self)
    try deliveries.makeRoom(at: ksock, &transaction, "send")
    deliveries.log(&transaction)
    transaction.commit()
    return true
  }
}
