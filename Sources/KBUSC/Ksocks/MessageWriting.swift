// The message being written, in pieces of any size (specification, section 10). Data of an entire message goes straight into the
// slot in which it will be sent.

internal import CKBUS
internal import CShm

@safe struct MessageWriting: ~Copyable {
  /// What is written so far.
  private enum State: UInt8 {
    case empty, partial, complete
  }

  private var state = State.empty
  private var header = unsafe kbus_message_header()
  /// Bytes taken, and how many there are to be; known once the header is complete.
  private var position = 0
  private var count = MessageSize.header
  /// Of an entire message.
  private var name: [UInt8] = []
  private var loan: LoanedMessage?
  private var finalGuard: UInt32 = 0

  private var isPointy: Bool { unsafe header.name != nil }
  private var nameLength: Int { unsafe Int(header.name_len) }
  private var dataLength: Int { unsafe Int(header.data_len) }

  mutating func drop() {
    state = .empty
    position = 0
    count = MessageSize.header
    name = []
    loan = nil
    finalGuard = 0
  }

  // Writing

  /// Takes all of the bytes, or fails; then the message is gone.
  mutating func write(_ bytes: UnsafeRawBufferPointer, on ksock: Ksock) throws(KBusError) {
    try ksock.check("write")
    try ksock.requireWriting("write")
    try ksock.settleRefusal()
    guard !ksock.hasPending else { throw .alreadyPending }
    guard unsafe !bytes.isEmpty else { return }
    do throws(KBusError) {
      unsafe try take(bytes, on: ksock)
    } catch {
      drop()
      throw error
    }
  }

  private mutating func take(_ bytes: UnsafeRawBufferPointer, on ksock: Ksock) throws(KBusError) {
    guard state != .complete else { throw .tooMuchWritten }
    state = .partial
    var rest = unsafe bytes[...]
    if position < MessageSize.header {
      let piece = unsafe rest.prefix(MessageSize.header - position)
      unsafe withUnsafeMutableBytes(of: &header) {
        unsafe UnsafeMutableRawBufferPointer(rebasing: $0[position...]).copyMemory(from: UnsafeRawBufferPointer(rebasing: piece))
      }
      position += unsafe piece.count
      unsafe rest = rest.dropFirst(piece.count)
      guard position == MessageSize.header else { return }
      unsafe try header.check(on: ksock)
      if !isPointy { count = MessageSize.entire(nameLength: nameLength, dataLength: dataLength) }
    }
    guard unsafe rest.count <= count - position else { throw .tooMuchWritten }
    while unsafe !rest.isEmpty {
      let taken = unsafe try takeBody(UnsafeRawBufferPointer(rebasing: rest), on: ksock)
      position += taken
      unsafe rest = rest.dropFirst(taken)
    }
    if position == count { try finish() }
  }

  /// Takes some of the bytes behind the header; returns how many.
  private mutating func takeBody(_ bytes: UnsafeRawBufferPointer, on ksock: Ksock) throws(KBusError) -> Int {
    let nameEnd = MessageSize.header + nameLength
    let dataStart = MessageSize.header + MessageSize.padded(nameLength: nameLength)
    let dataEnd = dataStart + dataLength, guardStart = count - 4
    /// As many of the bytes as lie before this position.
    func piece(before end: Int) -> UnsafeRawBufferPointer { unsafe UnsafeRawBufferPointer(rebasing: bytes.prefix(end - position)) }
    if position < nameEnd {
      let piece = unsafe piece(before: nameEnd)
      unsafe name.append(contentsOf: piece)
      if name.count == nameLength { try borrowRoom(on: ksock) }
      return piece.count
    }
    if position >= dataStart, position < dataEnd {
      let piece = unsafe piece(before: dataEnd), offset = position - dataStart
      unsafe loan?.withUnsafeMutableBytes { unsafe UnsafeMutableRawBufferPointer(rebasing: $0[offset...]).copyMemory(from: piece) }
      return piece.count
    }
    // Padding is ignored, whatever it is.
    if position < guardStart { return unsafe piece(before: position < dataStart ? dataStart : guardStart).count }
    let piece = unsafe piece(before: count), offset = position - guardStart
    unsafe withUnsafeMutableBytes(of: &finalGuard) {
      unsafe UnsafeMutableRawBufferPointer(rebasing: $0[offset...]).copyMemory(from: piece)
    }
    return piece.count
  }

  /// The name is known: a slot for the data.
  private mutating func borrowRoom(on ksock: Ksock) throws(KBusError) {
    let header = unsafe OutgoingHeader(header)
    loan = unsafe try ksock.loan(header, header.flags, name.span.bytes, count: dataLength, measured: true)
  }

  private mutating func finish() throws(KBusError) {
    guard isPointy || finalGuard == UInt32(KBUS_MSG_END_GUARD) else { throw .wrongGuard("final", finalGuard) }
    state = .complete
  }

  // Sending

  /// Sends what is written, or tries once more to send what is pending.
  mutating func send(on ksock: Ksock) throws(KBusError) -> MessageID {
    // What waits may be another thread's: then the message that is written here is refused.
    if state != .complete, ksock.hasPending { return try ksock.sendPending() }
    defer { drop() }
    switch state {
    case .empty: return try ksock.sendPending()
    case .partial: throw .badValue("send", "\(position) bytes of the message are written, and not all")
    case .complete: break
    }
    if isPointy { return unsafe try withUnsafePointer(to: header) { pointer throws(KBusError) in unsafe try ksock.sendChecked(pointer) } }
    guard let loan = loan.take() else { throw .nothingWritten }
    return try ksock.send(loan)
  }
}
