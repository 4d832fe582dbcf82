// Receiving several messages together.

internal import CShm

/// Messages that were taken together, to be read in place.
///
///     let batch = try ksock.take(upTo: 64)
///     for index in batch.indices { show(batch[index].bytes) }
///
/// **Ownership:** each message ends with the batch; until then its slot is not used again. **Threads:** one thread at a time.
@safe public struct ReceivedBatch: ~Copyable {
  private let messages: UnsafeMutablePointer<ReceivedMessage>
  private let capacity: Int
  /// How many messages are in it.
  public private(set) var count = 0

  fileprivate init(capacity: Int) {
    self.capacity = capacity
    unsafe messages = .allocate(capacity: capacity)
  }

  deinit {
    unsafe messages.deinitialize(count: count)
    unsafe messages.deallocate()
  }

  public var isEmpty: Bool { count == 0 }
  public var indices: Range<Int> { 0..<count }

  /// A message, in the order in which they were queued.
  public subscript(index: Int) -> ReceivedMessage {
    _read {
      precondition(index >= 0 && index < count, "beyond the messages of the batch")
      yield unsafe messages[index]
    }
  }

  fileprivate mutating func append(_ message: consuming ReceivedMessage) {
    precondition(count < capacity, "beyond the room of the batch")
    unsafe (messages + count).initialize(to: message)
    count += 1
  }
}

extension Ksock {
  /// Takes the messages that are queued, as many as `limit` at most, in place and in order. Empty if none is queued.
  ///
  /// A Ksock can hold 64 messages at once: when no more can be held, the batch is what was taken before.
  /// **Blocking:** never. **Errors:** those of `take`.
  public func take(upTo limit: Int) throws(KBusError) -> ReceivedBatch {
    var batch = ReceivedBatch(capacity: max(0, min(limit, Int(CSHM_HELD))))
    try requireReading()
    try fill(&batch, upTo: limit)
    return batch
  }

  /// The same, and waits for the first of them if need be; empty when the time is up. Nil as the time waits for ever. Before it sleeps
  /// it may let other threads have the processor, for the sake of how many come rather than of how soon each does.
  public func take(upTo limit: Int, within time: Duration?) throws(KBusError) -> ReceivedBatch {
    var batch = try take(upTo: limit)
    guard batch.isEmpty, limit > 0, let first = try waitToTake(.after(time), yielding: true) else { return batch }
    batch.append(try ReceivedMessage(first, of: self))
    try fill(&batch, upTo: limit)
    return batch
  }

  /// With takeLock.
  @inline(__always) private func takeAnother() throws(KBusError) -> ReceivedMessage? {
    guard mayTakePlainly, let taken = shared.takePlain(record, reading) else {
      guard let taken = try takeUnawaited() else { return nil }
      return try ReceivedMessage(taken, of: self)
    }
    shared.prefetchFront(reading)
    return try ReceivedMessage(taken, of: self)
  }

  /// All under one hold of the local lock.
  private func fill(_ batch: inout ReceivedBatch, upTo limit: Int) throws(KBusError) {
    do throws(KBusError) {
      lockTakes()
      defer { unlockTakes() }
      let most = min(limit, Int(CSHM_HELD))
      while batch.count < most, let message = try takeAnother() { batch.append(message) }
      if state.value.tendsDescriptor {
        if batch.count < most { emptyAfterTake() }
        settleAfterTake()
      }
    } catch {
      // What was taken before is not lost; the next call finds the same.
      if batch.isEmpty { throw error }
    }
    cshm_fence_behind_atomic()
    // In a batch, what is not to be delivered is given back with it.
    if !batch.isEmpty, record.special != 0 { try afterTake(nil, record.special) }
  }
}
