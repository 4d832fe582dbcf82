internal import CShm

/// A message read in place: its bytes stay in shared memory, unchanged, until this ends.
///
/// **Ownership:** ends with `release()` or when it goes out of scope; until then its slot is not used again. A Ksock can hold
/// 64 at once. It may outlive its Ksock. **Threads:** one thread at a time.
@safe public struct ReceivedMessage: ~Copyable {
  private let ksock: Ksock
  private let hold: Hold
  /// The size of the payload in bytes.
  public let count: Int
  @usableFromInline let start: UnsafeRawPointer
  private var isKept = false

  init(_ taken: Taken, of ksock: Ksock) throws(KBusError) {
    guard taken.count >= 0 else {
      ksock.release(taken.hold)
      throw .corrupt(.s3, "receive")
    }
    self.init(checked: taken, of: ksock)
  }

  /// Of one whose length has been looked at.
  @inline(__always) init(checked taken: Taken, of ksock: Ksock) {
    self.ksock = ksock
    hold = taken.hold
    count = taken.count
    unsafe start = taken.payload.bytes
  }

  deinit { if !isKept { ksock.release(hold) } }

  /// The loan goes on without this value: whoever has the rest gives it back.
  consuming func keep() -> Hold {
    isKept = true
    return hold
  }

  private var copied: Copy { hold.copy }
  /// What the sender says, if it is a message with a slot.
  private var said: SlotHeader? { words.map { SlotHeader($0) } }
  /// All of its words, if it has a slot.
  @inline(__always) var words: Window? { hold.record != nil ? hold.header : nil }
  var slot: SlotRecord? { hold.record != nil ? ksock.shared.slot(Int(copied.slot) - 1) : nil }

  /// Ends the loan: the slot may be used again.
  public consuming func release() {}

  // Header

  public var id: MessageID { said?.id ?? MessageID(serial: copied.slot) }
  public var inReplyTo: MessageID { said?.inReplyTo ?? MessageID(word: copied.binding) }
  public var to: UInt32 { said?.to ?? (inReplyTo.isNone ? 0 : ksock.id) }
  public var from: UInt32 { said?.from ?? copied.holder }
  public var origFrom: Origin { said?.origFrom ?? .none }
  public var finalTo: Origin { said?.finalTo ?? .none }

  public var flags: MessageFlags {
    guard let said else { return .synthetic }
    return copied.isYours ? said.flags.union(.wantYouToReply) : said.flags
  }

  public var isReply: Bool { !inReplyTo.isNone }
  public var isRequest: Bool { flags.contains(.wantAReply) }
  /// Whether the reader of this copy is the Replier and owes the Reply.
  public var wantsUsToReply: Bool { copied.isYours }

  public var kind: MessageKind {
    guard let slot else { return isReply ? .status : .announcement }
    if isReply { return slot.nameStarts(with: BusName.prefix) ? .status : .reply }
    if isRequest { return .request }
    return slot.nameStarts(with: BusName.replierBindEvent, andEnds: true) ? .replierBindEvent : .announcement
  }

  /// The name, copied. Empty if the bus file is damaged.
  public var name: MessageName {
    guard let slot else { return status.name }
    guard let (offset, count) = try? slot.name("receive") else { return MessageName(bytes: []) }
    return MessageName(bytes: slot.memory.copyOut(offset, count: count))
  }

  /// The length of the name in bytes, for faces that have no use for a MessageName. To be read once: another process may change it.
  var nameCount: Int {
    guard let slot else { return status.name.bytes.count }
    return (try? slot.name("receive"))?.count ?? 0
  }

  /// Puts so many bytes of the name somewhere, as many as there were when `nameCount` was read.
  func copyName(_ wanted: Int, to place: UnsafeMutableRawPointer) {
    guard let slot else {
      let bytes = status.name.bytes
      return unsafe bytes.withUnsafeBytes { unsafe place.copyMemory(from: $0.baseAddress!, byteCount: min(wanted, $0.count)) }
    }
    guard let (offset, count) = try? slot.name("receive") else { return }
    unsafe slot.memory.copyOut(offset, count: min(wanted, count), to: place)
  }

  /// Of a message without a slot.
  private var status: Status { Status(rawValue: copied.kind & UInt32(CSHM_ENTRY_KIND_MASK)) ?? .eventsLost }

  // Payload

  /// The payload, in bytes exactly as sent.
  @inlinable public var bytes: RawSpan {
    @_lifetime(borrow self)
    borrowing get {
      let span = unsafe RawSpan(_unsafeStart: start, byteCount: count)
      return unsafe _overrideLifetime(span, borrowing: self)
    }
  }

  /// Calls `body` with the payload as a buffer, for calls such as write(2). The buffer must not be kept.
  public borrowing func withUnsafeBytes<Result>(_ body: (UnsafeRawBufferPointer) -> Result) -> Result {
    unsafe body(UnsafeRawBufferPointer(start: start, count: count))
  }

  /// Where the payload lies, in bytes from the start of the bus file. With the sender's `LoanedMessage.payloadOffset` it shows
  /// that nothing was copied.
  public var payloadOffset: Int { slot?.payload ?? 0 }

  // Copies

  /// The header, without the payload.
  private var header: Message {
    Message(
      name, to: to, from: from, origFrom: origFrom, finalTo: finalTo, inReplyTo: inReplyTo, flags: flags, id: id)
  }

  /// The message as a value of its own.
  public borrowing func copy() -> Message {
    var message = header
    message.data = unsafe [UInt8](UnsafeRawBufferPointer(start: start, count: count))
    return message
  }
}

extension Ksock {
  /// Gives a taken message's slot back. Without a lock: its bit is ours alone.
  @inline(__always) func release(_ hold: Hold) {
    guard hold.record != nil else { return }
    if isPlainlyOpen { shared.releaseHeld(hold) } else { releaseLate(hold) }
  }

  @inline(never) private func releaseLate(_ hold: Hold) {
    // What a child has inherited is still its parent's.
    guard isOurs else { return }
    // Of a closed Ksock the held record may serve another by now.
    if isClosedHere { shared.release(hold) } else { shared.releaseHeld(hold) }
  }
}
