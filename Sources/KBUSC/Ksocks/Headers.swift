// Between the header as C has it and as the core has it.

internal import CKBUS

extension kbus_msg_id {
  init(_ id: MessageID) { self.init(network_id: id.network, serial_num: id.serial) }

  var id: MessageID { MessageID(network: network_id, serial: serial_num) }
}

extension kbus_orig_from {
  init(_ origin: Origin) { self.init(network_id: origin.network, local_id: origin.local) }

  var origin: Origin { Origin(network: network_id, local: local_id) }
}

extension OutgoingHeader {
  init(_ header: kbus_message_header) {
    self.init()
    id = unsafe header.id.id
    inReplyTo = unsafe header.in_reply_to.id
    to = unsafe header.to
    origFrom = unsafe header.orig_from.origin
    finalTo = unsafe header.final_to.origin
    flags = unsafe MessageFlags(rawValue: header.flags).subtracting([.synthetic, .wantYouToReply])
  }
}

extension kbus_message_header {
  /// The checks that are made when a header is complete, in their order (specification, section 10.3).
  func check(on ksock: Ksock) throws(KBusError) {
    guard unsafe start_guard == UInt32(KBUS_MSG_START_GUARD) else { throw unsafe .wrongGuard("start", start_guard) }
    guard unsafe end_guard == UInt32(KBUS_MSG_END_GUARD) else { throw unsafe .wrongGuard("end", end_guard) }
    let nameLength = unsafe Int(name_len), dataLength = unsafe Int(data_len)
    guard nameLength > 0 else { throw .badValue("write", "the message has no name") }
    guard nameLength <= MessageName.maximumLength else { throw .nameTooLong(nameLength, "write") }
    let hasName = unsafe name != nil, hasData = unsafe data != nil
    if hasName, hasData != (dataLength > 0) {
      throw .badValue("write", "the data pointer is \(hasData ? "not " : "")null, and the length of the data \(dataLength)")
    }
    if !hasName, hasData { throw .badValue("write", "the data pointer is not null, but the name pointer is") }
    unsafe try ksock.checkSize(nameLength: nameLength, dataLength: dataLength, flags: MessageFlags(rawValue: flags))
  }
}

extension UnsafePointer<kbus_message_t> {
  /// Where the name of a message of either form is, as far as a name can reach.
  var nameBytes: UnsafeRawBufferPointer {
    unsafe UnsafeRawBufferPointer(start: kbus_msg_name_ptr(self), count: Int(Swift.min(pointee.name_len, UInt32(KBUS_MAX_NAME_LEN))))
  }

  /// Where its data is; a header that has been checked is believed.
  var dataBytes: UnsafeRawBufferPointer {
    unsafe UnsafeRawBufferPointer(start: kbus_msg_data_ptr(self), count: Int(pointee.data_len))
  }
}

extension Ksock {
  /// Sends a message of either form from where it lies.
  func send(_ message: UnsafePointer<kbus_message_t>, setting flags: MessageFlags = []) throws(KBusError) -> MessageID {
    unsafe try check(message)
    return unsafe try sendChecked(message, setting: flags)
  }

  /// A copy of a message of either form, ready to be sent.
  func loan(copying message: UnsafePointer<kbus_message_t>) throws(KBusError) -> LoanedMessage {
    unsafe try check(message)
    let data = unsafe message.dataBytes
    let header = unsafe OutgoingHeader(message.pointee)
    let loan = unsafe try loan(header, header.flags, message.nameBytes.bytes, count: data.count, measured: true)
    if let start = data.baseAddress { unsafe loan.start.copyMemory(from: start, byteCount: data.count) }
    return loan
  }

  private func check(_ message: UnsafePointer<kbus_message_t>) throws(KBusError) {
    unsafe try message.pointee.check(on: self)
    guard unsafe message.pointee.name == nil else { return }
    let count = unsafe MessageSize.entire(nameLength: Int(message.pointee.name_len), dataLength: Int(message.pointee.data_len))
    let found = unsafe UnsafeRawPointer(message).loadUnaligned(fromByteOffset: count - 4, as: UInt32.self)
    guard found == UInt32(KBUS_MSG_END_GUARD) else { throw .wrongGuard("final", found) }
  }

  /// Sends a message whose header has been checked.
  func sendChecked(_ message: UnsafePointer<kbus_message_t>, setting flags: MessageFlags = []) throws(KBusError) -> MessageID {
    var header = unsafe OutgoingHeader(message.pointee)
    header.flags.formUnion(flags)
    return unsafe try send(header, header.flags, message.nameBytes.bytes, message.dataBytes.bytes, measured: true)
  }

  /// After a send that failed: a message that waits has its id.
  func noteID(of error: KBusError, _ place: UnsafeMutablePointer<kbus_msg_id_t>?) {
    if let id = error.messageID { unsafe place?.pointee = kbus_msg_id(id) }
  }
}
