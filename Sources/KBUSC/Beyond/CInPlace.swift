// Messages read in shared memory, where they lie.

public import CKBUS

/// A message that C holds: what C sees of it, and what gives it back. Its name lies behind, terminated, in the same piece of memory.
@safe private struct Received {
  let header: kbus_message_t
  let ksock: OpenKsock
  let hold: Hold

  static func make(_ taken: Taken, of ksock: OpenKsock) throws(KBusError) -> UnsafeMutablePointer<Received> {
    // What is read of it lies in two lines, which its sender's core had last: they come together.
    taken.hold.header.prefetch(64)
    let message = try ReceivedMessage(taken, of: ksock.ksock)
    let slot = message.slot, extent = try slot?.name("receive")
    let nameLength = extent?.count ?? message.nameCount, start = MemoryLayout<Received>.stride
    let room = unsafe try ksock.roomToRead.take(start + nameLength + 1)
    let name = unsafe room + start
    if let slot, let extent {
      unsafe slot.memory.copyOut(extent.offset, count: nameLength, to: name)
    } else {
      unsafe message.copyName(nameLength, to: name)
    }
    unsafe name.storeBytes(of: 0, toByteOffset: nameLength, as: UInt8.self)
    var header = unsafe message.header(nameLength: nameLength)
    unsafe header.name = name.assumingMemoryBound(to: CChar.self)
    unsafe header.data = message.count == 0 ? nil : UnsafeMutableRawPointer(mutating: message.start)
    let place = unsafe room.bindMemory(to: Received.self, capacity: 1)
    unsafe place.initialize(to: Received(header: header, ksock: ksock, hold: message.keep()))
    return unsafe place
  }

  static func at(_ received: OpaquePointer) -> UnsafeMutablePointer<Received> { unsafe UnsafeMutablePointer(received) }
}

@c(kbus_receive_in_place) @implementation
public func kbus_receive_in_place(_ ksock: kbus_ksock_t, _ timeout_ns: Int64, _ received: UnsafeMutablePointer<OpaquePointer?>!) -> CInt {
  call(on: ksock, looking: false) { ksock throws(KBusError) in
    let place = unsafe try given(received)
    guard let taken = try ksock.take(within: timeout_ns) else { return 0 }
    unsafe place.pointee = try ksock.hold(taken)
    return 1
  }
}

extension OpenKsock {
  /// Hands a message to C.
  func hold(_ taken: Taken) throws(KBusError) -> OpaquePointer { unsafe OpaquePointer(try Received.make(taken, of: self)) }
}

@c(kbus_received_message) @implementation
public func kbus_received_message(_ received: OpaquePointer!) -> UnsafePointer<kbus_message_t>! {
  guard let received = unsafe received else { return nil }
  return unsafe UnsafeRawPointer(received).assumingMemoryBound(to: kbus_message_t.self)
}

@c(kbus_received_release) @implementation
public func kbus_received_release(_ received: OpaquePointer!) {
  guard let received = unsafe received else { return }
  let place = unsafe Received.at(received), ksock = unsafe place.pointee.ksock
  unsafe ksock.ksock.release(place.pointee.hold)
  unsafe place.deinitialize(count: 1)
  unsafe ksock.roomToRead.giveBack(UnsafeMutableRawPointer(place))
}

@c(kbus_loan_reply) @implementation
public func kbus_loan_reply(_ request: OpaquePointer!, _ data_len: UInt32, _ loan: UnsafeMutablePointer<OpaquePointer?>!) -> CInt {
  call { () throws(KBusError) in
    guard let request = unsafe request else { throw .badAddress }
    let place = unsafe try given(loan), received = unsafe Received.at(request), ksock = unsafe received.pointee.ksock
    let hold = unsafe received.pointee.hold
    guard hold.record != nil else { throw .notOursToAnswer }
    let slot = ksock.ksock.shared.slot(Int(hold.copy.slot) - 1)
    let reply = try ksock.ksock.loan(replyTo: slot, hold.copy.isYours, bytes: Int(data_len))
    unsafe place.pointee = try lend(reply, by: ksock)
    return 0
  }
}
