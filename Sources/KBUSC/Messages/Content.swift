// What a new message is made of, and how it becomes one, in either form.

internal import CKBUS
internal import CShm

/// Name and data of a new message, as the caller gave them.
@unsafe struct Content {
  enum Form: UInt8 { case pointy, entire }

  let name: UnsafePointer<CChar>?
  let nameLength: UInt32
  let data: UnsafeRawPointer?
  let dataLength: UInt32

  /// Makes a message and stores it in `place`, which stays as it was on failure.
  func make(
    _ form: Form, flags: UInt32, to: UInt32 = 0, inReplyTo: kbus_msg_id = .init(), finalTo: kbus_orig_from = .init(),
    into place: UnsafeMutablePointer<UnsafeMutablePointer<kbus_message_t>?>?
  ) throws(KBusError) -> CInt {
    guard let place = unsafe place else { throw .nullArgument }
    if form == .entire, unsafe (name == nil && nameLength > 0) || (data == nil && dataLength > 0) { throw .nullArgument }
    // Without a name pointer a message passes for an entire one. A pointy one that has none gets room for what it claims, so
    // that nobody who believes it reads foreign memory; writing it is refused.
    let bytes =
      unsafe form == .entire || name == nil
      ? MessageSize.entire(nameLength: Int(nameLength), dataLength: Int(dataLength)) : MessageSize.header
    guard let room = unsafe calloc(1, bytes) else { throw .noMemory }
    let message = unsafe room.bindMemory(to: kbus_message_t.self, capacity: 1)
    unsafe message.pointee.start_guard = UInt32(KBUS_MSG_START_GUARD)
    unsafe message.pointee.in_reply_to = inReplyTo
    unsafe message.pointee.to = to
    unsafe message.pointee.final_to = finalTo
    unsafe message.pointee.flags = flags
    unsafe message.pointee.name_len = nameLength
    unsafe message.pointee.data_len = dataLength
    unsafe message.pointee.end_guard = UInt32(KBUS_MSG_END_GUARD)
    switch form {
    case .pointy:
      unsafe message.pointee.name = UnsafeMutablePointer(mutating: name)
      unsafe message.pointee.data = UnsafeMutableRawPointer(mutating: data)
    case .entire:
      if let name = unsafe name { unsafe memcpy(kbus_msg_name_ptr(message), name, Int(nameLength)) }
      if let data = unsafe data { unsafe memcpy(kbus_msg_data_ptr(message), data, Int(dataLength)) }
      unsafe room.storeBytes(of: UInt32(KBUS_MSG_END_GUARD), toByteOffset: bytes - 4, as: UInt32.self)
    }
    unsafe place.pointee = message
    return 0
  }
}

extension KBusError {
  /// Of a message function; the Ksock functions say `badAddress`.
  static var nullArgument: Self { badValue("message", "a message, its place or its parts are null") }

  static var noMemory: Self { system(CInt(CSHM_ENOMEM), "message", "malloc") }
}
