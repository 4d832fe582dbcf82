// Where the name and the data of a message are, in either form, and how long it is, of a message that nobody has checked.

public import CKBUS

extension UnsafePointer where Pointee == kbus_message_t {
  var claimedName: UnsafeRawBufferPointer {
    unsafe UnsafeRawBufferPointer(start: kbus_msg_name_ptr(self), count: Int(pointee.name_len))
  }

  /// Empty if a pointy message claims data, but has none.
  var claimedData: UnsafeRawBufferPointer {
    let isMissing = unsafe pointee.name != nil && pointee.data == nil
    return unsafe UnsafeRawBufferPointer(start: kbus_msg_data_ptr(self), count: isMissing ? 0 : Int(pointee.data_len))
  }

  /// The bytes that are written to a bus: the header alone if the message is pointy.
  var byteCount: Int {
    unsafe pointee.name != nil
      ? MessageSize.header : MessageSize.entire(nameLength: Int(pointee.name_len), dataLength: Int(pointee.data_len))
  }
}

@c(kbus_msg_sizeof) @implementation
public func kbus_msg_sizeof(_ msg: UnsafePointer<kbus_message_t>!) -> CInt {
  call { () throws(KBusError) in
    guard let message = unsafe msg else { throw .badAddress }
    let bytes = unsafe message.byteCount
    guard let count = CInt(exactly: bytes) else { throw .messageTooLong(bytes, limit: Int(CInt.max)) }
    return count
  }
}
