// A header that says what a new message is to be, and how it becomes one, of either form.

internal import CKBUS
internal import CShm

enum MessageForm: UInt8 { case pointy, entire }

extension kbus_message_header {
  /// A header with what the caller gave: in a pointy message its name and data stay where they are.
  init(
    name: UnsafePointer<CChar>?, _ nameLength: UInt32, data: UnsafeRawPointer?, _ dataLength: UInt32, flags: UInt32
  ) {
    unsafe self.init()
    unsafe start_guard = UInt32(KBUS_MSG_START_GUARD)
    unsafe self.flags = flags
    unsafe name_len = nameLength
    unsafe data_len = dataLength
    unsafe self.name = UnsafeMutablePointer(mutating: name)
    unsafe self.data = UnsafeMutableRawPointer(mutating: data)
    unsafe end_guard = UInt32(KBUS_MSG_END_GUARD)
  }

  /// Makes a message with this header and stores it in `place`, which stays as it was on failure.
  @inline(never) func make(_ form: MessageForm, into place: UnsafeMutablePointer<UnsafeMutablePointer<kbus_message_t>?>?) -> CInt {
    guard let place = unsafe place else { return fail(.badAddress) }
    if form == .entire, unsafe (name == nil && name_len > 0) || (data == nil && data_len > 0) { return fail(.badAddress) }
    // Without a name pointer a message passes for an entire one. A pointy one that has none gets room for what it claims, so
    // that nobody who believes it reads foreign memory; writing it is refused.
    let bytes =
      unsafe form == .entire || name == nil
      ? MessageSize.entire(nameLength: Int(name_len), dataLength: Int(data_len)) : MessageSize.header
    guard let room = unsafe calloc(1, bytes) else { return fail(.noMemory) }
    let message = unsafe room.bindMemory(to: kbus_message_t.self, capacity: 1)
    unsafe message.pointee = self
    if form == .entire {
      unsafe message.pointee.name = nil
      unsafe message.pointee.data = nil
      if let name = unsafe name { unsafe memcpy(kbus_msg_name_ptr(message), name, Int(name_len)) }
      if let data = unsafe data { unsafe memcpy(kbus_msg_data_ptr(message), data, Int(data_len)) }
      unsafe room.storeBytes(of: UInt32(KBUS_MSG_END_GUARD), toByteOffset: bytes - 4, as: UInt32.self)
    }
    unsafe place.pointee = message
    return 0
  }
}

extension KBusError {
  /// Of a message function; the Ksock functions say `badAddress`.

  static var noMemory: Self { system(CInt(CSHM_ENOMEM), "message", "malloc") }
}
