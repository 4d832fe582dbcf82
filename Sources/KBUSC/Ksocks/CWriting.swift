// Writing messages, in pieces or whole, and sending what is written.

public import CKBUS

@c(kbus_ksock_write_data) @implementation
public func kbus_ksock_write_data(_ ksock: kbus_ksock_t, _ data: UnsafeMutablePointer<UInt8>!, _ data_len: Int) -> CInt {
  call(on: ksock) { ksock throws(KBusError) in
    guard unsafe data != nil || data_len == 0 else { throw .badAddress }
    unsafe try ksock.write(UnsafeRawBufferPointer(start: data, count: data_len))
    return 0
  }
}

@c(kbus_ksock_write_msg) @implementation
public func kbus_ksock_write_msg(_ ksock: kbus_ksock_t, _ msg: UnsafePointer<kbus_message_t>!) -> CInt {
  call(on: ksock) { ksock throws(KBusError) in
    unsafe try ksock.write(ksock.bytes(of: msg))
    return 0
  }
}

@c(kbus_ksock_send) @implementation
public func kbus_ksock_send(_ ksock: kbus_ksock_t, _ msg_id: UnsafeMutablePointer<kbus_msg_id_t>!) -> CInt {
  call(on: ksock) { ksock throws(KBusError) in
    unsafe try ksock.send(msg_id)
    return 0
  }
}

@c(kbus_ksock_send_msg) @implementation
public func kbus_ksock_send_msg(
  _ ksock: kbus_ksock_t, _ msg: UnsafePointer<kbus_message_t>!, _ msg_id: UnsafeMutablePointer<kbus_msg_id_t>!
) -> CInt {
  call(on: ksock) { ksock throws(KBusError) in
    unsafe try ksock.send(msg_id, writing: ksock.bytes(of: msg))
    return 0
  }
}

@c(kbus_ksock_discard) @implementation
public func kbus_ksock_discard(_ ksock: kbus_ksock_t) -> CInt {
  call(on: ksock) { ksock throws(KBusError) in
    try ksock.withWriting { $0.drop() }
    try ksock.ksock.discard()
    return 0
  }
}

@c(kbus_ksock_last_msg_id) @implementation
public func kbus_ksock_last_msg_id(_ ksock: kbus_ksock_t, _ msg_id: UnsafeMutablePointer<kbus_msg_id_t>!) -> CInt {
  call(on: ksock) { ksock throws(KBusError) in
    unsafe try given(msg_id).pointee = kbus_msg_id(ksock.ksock.lastMessageID())
    return 0
  }
}

extension OpenKsock {
  fileprivate func write(_ bytes: UnsafeRawBufferPointer) throws(KBusError) {
    try withWriting { writing throws(KBusError) in unsafe try writing.write(bytes, on: ksock) }
  }

  /// A message of either form, as it is written.
  fileprivate func bytes(of message: UnsafePointer<kbus_message_t>?) throws(KBusError) -> UnsafeRawBufferPointer {
    guard let message = unsafe message else { throw .badAddress }
    return unsafe UnsafeRawBufferPointer(start: message, count: message.pointee.writtenCount)
  }

  /// `bytes`: a message to be written before, with nothing of another thread's in between.
  @inline(never) fileprivate func send(
    _ place: UnsafeMutablePointer<kbus_msg_id_t>?, writing bytes: UnsafeRawBufferPointer? = nil
  ) throws(KBusError) {
    do throws(KBusError) {
      let id = try withWriting { writing throws(KBusError) in
        if let bytes = unsafe bytes { unsafe try writing.write(bytes, on: ksock) }
        return try writing.send(on: ksock)
      }
      unsafe place?.pointee = kbus_msg_id(id)
    } catch {
      unsafe ksock.noteID(of: error, place)
      throw error
    }
  }
}

extension kbus_message_header {
  /// How many bytes of the message there are to write: a header alone is believed as far as its own limits go.
  fileprivate var writtenCount: Int {
    guard unsafe name == nil, unsafe name_len <= KBUS_MAX_NAME_LEN else { return MessageSize.header }
    return unsafe MessageSize.entire(nameLength: Int(name_len), dataLength: Int(data_len))
  }
}
