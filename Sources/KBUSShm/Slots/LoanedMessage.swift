/// A message to be filled in place: its payload is a slot of shared memory, lent to the sender.
///
/// **Ownership:** ends when it is sent, or when it is dropped. **Threads:** one thread at a time.
@safe public struct LoanedMessage: ~Copyable {
  let ksock: Ksock
  private let message: Outgoing
  /// The size of the payload in bytes.
  public let count: Int
  @usableFromInline let start: UnsafeMutableRawPointer
  private var isSpent = false

  init(_ message: Outgoing, _ payload: Window, of ksock: Ksock, count: Int) {
    self.ksock = ksock
    self.message = message
    self.count = count
    unsafe start = payload.mutableBytes
  }

  /// The payload, to be written. What the slot held before may still be in it.
  @inlinable public var bytes: MutableRawSpan {
    @_lifetime(&self)
    mutating get {
      let span = unsafe MutableRawSpan(_unsafeStart: start, byteCount: count)
      return unsafe _overrideLifetime(span, mutating: &self)
    }
  }

  /// Calls `body` with the payload as a buffer, for calls such as read(2). The buffer must not be kept.
  public mutating func withUnsafeMutableBytes<Result>(
    _ body: (UnsafeMutableRawBufferPointer) -> Result
  ) -> Result { unsafe body(UnsafeMutableRawBufferPointer(start: start, count: count)) }

  /// Copies all of the payload in.
  func fill(_ data: [UInt8]) {
    unsafe UnsafeMutableRawBufferPointer(start: start, count: count).copyBytes(from: data)
  }

  /// Where the payload lies, in bytes from the start of the bus file.
  public var payloadOffset: Int { ksock.shared.slot(message.slot.index).payload }

  /// Hands the slot over: the loan is over.
  consuming func spend() -> Outgoing {
    isSpent = true
    return message
  }

  deinit { if !isSpent { ksock.giveBack(message) } }
}

extension Ksock {
  /// Lends a slot for a message with so many bytes of payload; its own `data` is not looked at.
  ///
  /// **Blocking:** never; the first use of a large slot reserves its memory, which takes as long as touching it.
  /// **Errors:** those that `send` finds without looking at recipients.
  @inlinable public func loan(_ message: some OutgoingMessage, bytes count: Int) throws(KBusError) -> LoanedMessage {
    try loan(for: message.message, bytes: count)
  }

  @usableFromInline func loan(for message: Message, bytes count: Int) throws(KBusError) -> LoanedMessage {
    unsafe try loan(OutgoingHeader(message), message.flags, message.name.bytes.span.bytes, count: count)
  }

  @inline(__always) func loan(
    _ header: @autoclosure () -> OutgoingHeader, _ flags: MessageFlags, _ name: RawSpan, count: Int, measured: Bool = false
  ) throws(KBusError) -> LoanedMessage {
    let (message, payload) = try lend(header(), flags, name, count: count, measured: measured)
    return LoanedMessage(message, payload, of: self, count: count)
  }

  /// The same for somebody who gives it back himself.
  @inline(__always) func lend(
    _ header: @autoclosure () -> OutgoingHeader, _ flags: MessageFlags, _ name: RawSpan, count: Int, measured: Bool = false
  ) throws(KBusError) -> (Outgoing, payload: Window) {
    try check("loan")
    try requireWriting("loan")
    lockSends()
    defer { unlockSends() }
    return try fill(header(), flags, name, count: count, measured: measured)
  }

  /// Sends a message that was filled in place: nothing is copied.
  ///
  /// **Ownership:** the loan ends here, also when the send fails. **Errors:** those of `send`.
  @discardableResult
  public func send(_ loan: consuming LoanedMessage) throws(KBusError) -> MessageID {
    guard loan.ksock === self else { throw .badValue("send", "the loan is of another Ksock") }
    return try send(loan.spend())
  }

  /// The same, without the value that gives it back.
  @inline(__always) func send(_ message: Outgoing) throws(KBusError) -> MessageID {
    lockSends()
    defer { unlockSends() }
    do throws(KBusError) {
      try check("send")
      try requireNothingPending()
    } catch {
      giveBack(message)
      throw error
    }
    return try publish(message)
  }
}
