// Sending several messages together.

internal import CShm

/// Messages that are sent together: under one lock, so that nobody else's come between them, and with one wake-up for each
/// recipient. Each is sent entirely or not at all.
///
///     var batch = ksock.makeBatch()
///     try batch.append(Announcement("$.Sensors.Kitchen", "21.5"))
///     try batch.append(loan)                                          // one that was filled in place
///     try ksock.send(&batch)                                          // it is empty again
///
/// **Ownership:** slots of messages that are not sent are given back with the batch. **Threads:** one thread at a time.
@safe public struct MessageBatch: ~Copyable {
  /// The most messages in a batch: what is sent under one lock is bounded.
  public static let capacity = 64

  fileprivate let ksock: Ksock
  private let messages = LocalArray<Outgoing>(count: Self.capacity)
  /// How many messages are in it.
  public private(set) var count = 0
  /// How many the last `send` sent, and where in the batch they were.
  public private(set) var sentCount = 0
  fileprivate var failed: (message: Outgoing, outcome: SendOutcome)?
  private let ids = LocalArray<MessageID>(repeating: .none, count: Self.capacity)

  fileprivate init(_ ksock: Ksock) { self.ksock = ksock }

  deinit {
    for place in 0..<count { ksock.giveBack(messages[place]) }
    messages.deallocate()
    ids.deallocate()
  }

  public var isFull: Bool { count == Self.capacity }

  /// Adds a message that was filled in place.
  ///
  /// **Ownership:** the loan ends here. **Errors:** `badValue` if the batch is full, or the loan is of another Ksock.
  public mutating func append(_ loan: consuming LoanedMessage) throws(KBusError) {
    guard loan.ksock === ksock else { throw .badValue("send", "the loan is of another Ksock") }
    guard !isFull else { throw .badValue("send", "a batch has \(Self.capacity) messages at most") }
    append(loan.spend())
  }

  /// The same, of this Ksock, to one that is not full.
  mutating func append(_ message: Outgoing) {
    messages[count] = message
    count += 1
  }

  /// Adds a message, whose payload is copied.
  ///
  /// **Errors:** those of `loan`, and `badValue` if the batch is full.
  @inlinable public mutating func append(_ message: some OutgoingMessage) throws(KBusError) { try append(copying: message.message) }

  @usableFromInline mutating func append(copying message: Message) throws(KBusError) {
    let loan = try ksock.loan(for: message, bytes: message.data.count)
    loan.fill(message.data)
    try append(loan)
  }

  /// The id of a message that the last `send` sent.
  public func sentID(_ index: Int) -> MessageID {
    precondition(index >= 0 && index < sentCount, "not sent by the last send")
    return ids[index]
  }

  // Sending

  /// The message to be sent next, by this call.
  fileprivate var next: Outgoing? { sentCount < count ? messages[sentCount] : nil }

  fileprivate mutating func note(_ message: Outgoing, _ outcome: SendOutcome) {
    guard case .sent = outcome else {
      failed = (message, outcome)
      return
    }
    ids[sentCount] = message.id
    sentCount += 1
  }

  fileprivate mutating func begin() {
    sentCount = 0
    failed = nil
  }

  /// Takes out what was sent, and what could not be.
  fileprivate mutating func removeDone() {
    let done = sentCount + (failed == nil ? 0 : 1)
    count -= done
    for place in 0..<count { messages[place] = messages[place + done] }
  }
}

extension Ksock {
  /// An empty batch of messages that this Ksock is to send.
  public func makeBatch() -> MessageBatch { MessageBatch(self) }

  /// Sends all messages of a batch, in order. What was sent is no longer in it.
  ///
  /// The first message that can't be sent ends it: those before it are sent, `sentCount` of them; it is gone, or waits if the
  /// error is `pending`, as with `send`; those behind it are still in the batch, and the next call goes on with them.
  /// **Blocking:** never. **Errors:** those of `send`, about the first message that is not sent.
  public func send(_ batch: inout MessageBatch) throws(KBusError) { try send(&batch, keepingPending: true) }

  /// `keepingPending`: otherwise a message that would have to wait behind others that are sent is dropped, before any other thread
  /// can send it.
  package func send(_ batch: inout MessageBatch, keepingPending: Bool) throws(KBusError) {
    guard batch.ksock === self else { throw .badValue("send", "the batch is of another Ksock") }
    try check("send")
    batch.begin()
    guard batch.count > 0 else { return }
    lockSends()
    defer { unlockSends() }
    try requireNothingPending()
    try lockBus("send")
    var rings = Rings(shared)
    while let message = batch.next, case .sent = send(message, &batch, &rings) {}
    shared.unlock()
    rings.wake()
    try settleLast(&batch, keepingPending: keepingPending)
  }

  /// One message of a batch, with the bus lock.
  private func send(_ outgoing: Outgoing, _ batch: inout MessageBatch, _ rings: inout Rings) -> SendOutcome {
    var message = outgoing, outcome: SendOutcome
    do throws(KBusError) {
      let known = try known(message)
      if let id = shared.announce(message, known, from: sender) {
        rings.addListeners(of: known)
        message.id = id
        outcome = .sent(recipients: 1)
      } else if let direct = try shared.sendDirectly(message, known, from: sender) {
        shared.ring(known, message, direct, &rings)
        message.id = direct.id
        outcome = .sent(recipients: 1)
      } else {
        outcome = sendTheLongWay(&message, known, &rings)
        if case .sent(let recipients) = outcome { keepSlot(message.slot, wasSent: recipients > 0) }
      }
    } catch {
      outcome = .refused(error)
    }
    batch.note(message, outcome)
    return outcome
  }

  /// What became of the message that could not be sent, if there was one. Without the bus lock.
  private func settleLast(_ batch: inout MessageBatch, keepingPending: Bool) throws(KBusError) {
    let failed = batch.failed
    batch.removeDone()
    guard let failed else { return }
    if !keepingPending, batch.sentCount > 0, case .wait(let error) = failed.outcome {
      try settle(failed.message, .refused(error))
    } else {
      try settle(failed.message, failed.outcome)
    }
  }
}
