// Messages read in shared memory, where they lie.

public import CKBUS

/// A message that C holds: the loan, and its header in pointy form with a terminated name.
@safe private final class Received {
  let message: ReceivedMessage
  let header: UnsafeMutablePointer<kbus_message_t>
  private let name: UnsafeMutableRawPointer

  init(_ message: consuming ReceivedMessage) {
    let count = message.nameCount
    unsafe name = .allocate(byteCount: count + 1, alignment: 1)
    unsafe message.copyName(to: name)
    unsafe name.storeBytes(of: 0, toByteOffset: count, as: UInt8.self)
    unsafe header = .allocate(capacity: 1)
    unsafe header.initialize(to: message.cHeader)
    unsafe header.pointee.name = name.assumingMemoryBound(to: CChar.self)
    unsafe header.pointee.data =
      message.count == 0 ? nil : message.withUnsafeBytes { unsafe UnsafeMutableRawPointer(mutating: $0.baseAddress) }
    self.message = message
  }

  deinit {
    unsafe header.deallocate()
    unsafe name.deallocate()
  }
}

@c(kbus_receive_in_place) @implementation
public func kbus_receive_in_place(_ ksock: kbus_ksock_t, _ timeout_ns: Int64, _ received: UnsafeMutablePointer<OpaquePointer?>!) -> CInt {
  call(on: ksock, looking: false) { ksock throws(KBusError) in
    let place = unsafe try given(received)
    guard let message = try ksock.ksock.take(within: limit(timeout_ns)) else { return 0 }
    unsafe place.pointee = OpaquePointer(Unmanaged.passRetained(Received(message)).toOpaque())
    return 1
  }
}

@c(kbus_received_message) @implementation
public func kbus_received_message(_ received: OpaquePointer!) -> UnsafePointer<kbus_message_t>! {
  guard let received = unsafe received else { return nil }
  return unsafe UnsafePointer(Unmanaged<Received>.fromOpaque(UnsafeRawPointer(received)).takeUnretainedValue().header)
}

@c(kbus_received_release) @implementation
public func kbus_received_release(_ received: OpaquePointer!) {
  guard let received = unsafe received else { return }
  unsafe Unmanaged<Received>.fromOpaque(UnsafeRawPointer(received)).release()
}
