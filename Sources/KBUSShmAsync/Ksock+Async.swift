// Waiting as a task waits: suspended, with no thread of its own. A module apart, since the core has no tasks.

public import KBUSShm

extension Ksock {
  /// Takes the next message, and waits for one if need be; nil when the time is up. Nil as the limit waits for ever.
  ///
  /// Any number of tasks may wait; each message goes to one of them. **Blocking:** never: the task is suspended.
  /// **Errors:** those of `receive()`, and `CancellationError`: then no message was taken.
  public func nextMessage(within limit: Duration? = nil) async throws -> Message? { try await takeNext(within: limit)?.copy() }

  /// The same in place: the message stays in shared memory, and its slot is free when it ends.
  public func takeNext(within limit: Duration? = nil) async throws -> ReceivedMessage? {
    try await beginTake()
    // No clock is read as long as something is queued.
    if let message = try take() { return message }
    let deadline = Ksock.time(after: limit)
    while true {
      if let message = try take() { return message }
      if deadline <= Ksock.timeNow { return nil }
      try await asyncWaiters.wait(for: .message, until: deadline)
    }
  }

  /// Takes what is queued, up to a number of messages, in place, and waits for the first if need be; an empty batch when the time is up.
  public func takeNext(upTo most: Int, within limit: Duration? = nil) async throws -> ReceivedBatch {
    try await beginTake()
    let deadline = Ksock.time(after: limit)
    while true {
      let batch = try take(upTo: most)
      if !batch.isEmpty || most <= 0 || deadline <= Ksock.timeNow { return batch }
      try await asyncWaiters.wait(for: .message, until: deadline)
    }
  }

  private func beginTake() async throws {
    if asyncWaiters.isOthersTurn() { await Task.yield() }
    try Task.checkCancellation()
  }

  /// Sends a Request and waits for its answer: the Reply, or a Status if the bus answers in place of the Replier. Messages queued
  /// before it stay in order for others.
  ///
  /// **Blocking:** never: the task is suspended. **Errors:** those of `send`; `timedOut`, and `CancellationError` if the task is cancelled:
  /// then the place reserved for the answer is given back, and a late reply is refused with ECONNREFUSED.
  public func request(_ request: some OutgoingMessage, within limit: Duration? = nil) async throws -> Message {
    try Task.checkCancellation()
    let message = request.message, deadline = Ksock.time(after: limit)
    let id = try beginRequest(message)
    do {
      while true {
        if let answer = try answer(to: id) { return answer }
        if deadline <= Ksock.timeNow { break }
        try await asyncWaiters.wait(for: .answer(id), until: deadline)
      }
    } catch {
      _ = try? endRequest(id)
      throw error
    }
    if let answer = try endRequest(id) { return answer }
    throw Ksock.timedOut(message)
  }

  /// Every message, as it comes, until this Ksock is closed. Several tasks may iterate; each message goes to one of them.
  public var messages: Messages { Messages(ksock: self) }

  /// The messages of a Ksock, for `for try await`.
  public struct Messages: AsyncSequence, Sendable {
    fileprivate let ksock: Ksock

    public func makeAsyncIterator() -> Iterator { Iterator(ksock: ksock) }

    public struct Iterator: AsyncIteratorProtocol {
      fileprivate let ksock: Ksock

      /// Nil when the Ksock has been closed in this process.
      public mutating func next() async throws -> Message? {
        do {
          return try await ksock.nextMessage()
        } catch let error as KBusError where error.code == .closed {
          return nil
        }
      }
    }
  }
}
