// The data of a $.KBUS.ReplierBindEvent, taken apart where it lies. It may come from anybody: nothing it says is believed.

public import CKBUS

@unsafe struct BindEvent {
  let isBind: UInt32
  let binder: UInt32
  let name: UnsafeRawBufferPointer

  /// `nil` if the data is shorter than its fixed part, or than its name is said to be.
  init?(_ data: UnsafeRawBufferPointer) {
    let fixed = MemoryLayout<kbus_replier_bind_event_data_t>.size
    guard data.count >= fixed else { return nil }
    let length = unsafe Int(data.loadUnaligned(fromByteOffset: 8, as: UInt32.self))
    guard length <= data.count - fixed else { return nil }
    unsafe isBind = data.loadUnaligned(as: UInt32.self)
    unsafe binder = data.loadUnaligned(fromByteOffset: 4, as: UInt32.self)
    unsafe name = UnsafeRawBufferPointer(rebasing: data[fixed..<fixed + length])
  }
}

@c(kbus_msg_split_bind_event) @implementation
public func kbus_msg_split_bind_event(
  _ msg: UnsafePointer<kbus_message_t>!, _ is_bind: UnsafeMutablePointer<UInt32>!, _ binder: UnsafeMutablePointer<UInt32>!,
  _ name: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>!
) -> CInt {
  call { () throws(KBusError) in
    guard let message = unsafe msg, let is_bind = unsafe is_bind, let binder = unsafe binder, let name = unsafe name else {
      throw .badAddress
    }
    guard let event = unsafe BindEvent(message.claimedData) else { throw unsafe .notABindEvent(message.claimedData.count) }
    guard let copy = unsafe calloc(1, event.name.count + 1) else { throw .noMemory }
    unsafe UnsafeMutableRawBufferPointer(start: copy, count: event.name.count).copyMemory(from: event.name)
    unsafe is_bind.pointee = event.isBind
    unsafe binder.pointee = event.binder
    unsafe name.pointee = copy.assumingMemoryBound(to: CChar.self)
    return 0
  }
}
