// Requests whose answers nobody waits for in the call: the steps of `request(_:within:)`. KBUSShmAsync awaits each answer by its id; libkbus,
// which has no tasks, hands them out as they come.

internal import CShm

extension Ksock {
  /// Takes the next answer to a Request that was sent as anybody's. Nil if the time is up, or there is no such Request.
  func takeNextAnswer(until deadline: Deadline) throws(KBusError) -> Taken? {
    // It may have been the last message.
    defer { comeOut(false) }
    while true {
      if let next = try nextAnswer() { return next }
      if deadline.isPast { return nil }
      if let next = try sleep(until: deadline, unless: nextAnswer) { return next }
    }
  }

  /// Nil if none has come, and nil within if none is to come.
  private func nextAnswer() throws(KBusError) -> Taken?? {
    let next = try takeAnybodys()
    try afterTake(next ?? nil)
    return next
  }

  private func takeAnybodys() throws(KBusError) -> Taken?? {
    lockTakes()
    defer { unlockTakes() }
    try check("request")
    try retryAwaited()
    // Those that have been handed over can be had whatever becomes of the others.
    if let place = awaited.firstIndex(where: { $0.isAnybodys && $0.taken != nil }) { return try takeReply(at: place) }
    var isAny = false
    for place in awaited.indices where awaited[place].isAnybodys {
      isAny = true
      if let taken = try takeReply(at: place) { return taken }
    }
    return isAny ? nil : .some(nil)
  }

  /// Tries a Request again that waits for room, if its answer is awaited. With takeLock.
  private func retryAwaited() throws(KBusError) {
    guard state.value.hasPending else { return }
    for request in awaited { _ = try retryPending(only: request.id) }
  }

  /// When the Ksock closes: answers that were handed over, and that nobody will ask for. With takeLock.
  func abandonAnybodys() {
    for place in awaited.indices.reversed() where awaited[place].isAnybodys && awaited[place].taken != nil { abandon(place) }
  }
}

#if !$Embedded
  extension Ksock {
    /// Sends a Request, whose answer is for the caller from now on.
    package func beginRequest(_ request: Message) throws(KBusError) -> MessageID {
      var message = request
      message.flags.insert(.wantAReply)
      return try sendAwaited { () throws(KBusError) in try send(message) }
    }

    /// The answer, if it has come.
    package func answer(to id: MessageID) throws(KBusError) -> Message? {
      guard let taken = try takeAnswer(id) else { return nil }
      return try ReceivedMessage(taken, of: self).copy()
    }

    /// Gives the place reserved for the answer back, so that a late one is refused. Returns the answer if it has come just now.
    package func endRequest(_ id: MessageID) throws(KBusError) -> Message? {
      guard let taken = try giveUpWaiting(for: id) else { return nil }
      return try ReceivedMessage(taken, of: self).copy()
    }

    package static func timedOut(_ request: Message) -> KBusError { .timedOut("request", request.name) }

    /// The requests of which there is something to be learnt. One that waits for room is tried again.
    package func answeredRequests() -> [MessageID] {
      lockTakes()
      defer { unlockTakes() }
      // What can't be told is left to whoever asks for the answer.
      if isClosedHere || record.special & ~UInt32(CSHM_SPECIAL_ROOM_WANTED) != 0 { return awaited.map { $0.id } }
      var answered: [MessageID] = []
      for request in awaited where request.taken != nil { answered.append(request.id) }
      do throws(KBusError) {
        try retryAwaited()
        try shared.forEachPublished(from: reading.value) { copy throws(KBusError) in
          if let id = try shared.answered(by: copy) { answered.append(id) }
        }
      } catch {
        return awaited.map { $0.id }
      }
      return answered
    }

    /// How many messages could be taken now.
    package var queuedMessages: Int { record.queued + Int(record.setAsideCount) }

    /// Whether takes fail from now on.
    package var isClosed: Bool {
      lockTakes()
      defer { unlockTakes() }
      return isClosedHere || record.incarnation != incarnation || record.isDeparted
    }

    /// A time as the helper counts it.
    package static func time(after limit: Duration?) -> UInt64 { Deadline.after(limit).nanoseconds }
    package static var timeNow: UInt64 { cshm_now() }
  }

  extension SharedBus {
    /// Looks through the ring without the bus lock: what is published stays as it is while its owner does not take.
    fileprivate func forEachPublished(from end: ReadingEnd, _ body: (Copy) throws(KBusError) -> Void) throws(KBusError) {
      var chunk = chunk(end.chunk)
      var position = end.head
      while chunk.entry(position).stamp == position &+ 1 {
        try body(chunk.entry(position).copy)
        position &+= 1
        if position % UInt64(CSHM_CHUNK_ENTRIES) == 0 { chunk = try self.chunk(checking: chunk.next, "request") }
      }
    }

    /// The request that a queued copy is the answer to, if it is one.
    fileprivate func answered(by copy: Copy) throws(KBusError) -> MessageID? {
      if copy.isTombstone || copy.kind == Status.eventsLost.rawValue { return nil }
      guard copy.isMessage else { return MessageID(word: copy.binding) }
      return copy.binding == 0 ? try slot(checking: copy.slot, "request").header.inReplyTo : nil
    }
  }
#endif
