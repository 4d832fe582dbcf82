// Messages read in shared memory, where they lie.

public import CKBUS
internal import CShm

/// A message that C holds: what C sees of it, and what gives it back. Its name lies behind, terminated, in the same piece of memory. It is
/// one of its Ksock's users.
@safe private struct Received {
  var header: kbus_message_t
  var cell: KsockCell
  var hold: Hold

  static func at(_ received: OpaquePointer) -> UnsafeMutablePointer<Received> { unsafe UnsafeMutablePointer(received) }

  /// Where the name is.
  @inline(__always) static func name(of place: UnsafeMutablePointer<Received>) -> UnsafeMutableRawPointer {
    unsafe UnsafeMutableRawPointer(place) + MemoryLayout<Received>.stride
  }
}

@c(kbus_receive_in_place) @implementation
public func kbus_receive_in_place(_ ksock: kbus_ksock_t, _ timeout_ns: Int64, _ received: UnsafeMutablePointer<OpaquePointer?>!) -> CInt {
  call(on: ksock, isKept: { $0 == 1 }) { cell, ksock throws(KBusError) in
    let place = unsafe try given(received)
    guard let taken = try ksock.take(within: timeout_ns) else { return 0 }
    unsafe place.pointee = try ksock.hold(taken, cell)
    return 1
  }
}

extension OpenKsock {
  /// Hands a message to C, which is a user of the cell from now on.
  func hold(_ taken: Taken, _ cell: KsockCell) throws(KBusError) -> OpaquePointer {
    let hold = taken.hold, words = hold.header
    // What is read of it lies in two lines, which its sender's core had last: they come together.
    words.prefetch(64)
    let nameLength = Int(words.u32(CSHM_SLOT_NAME_BYTES)), nameRoom = Int(CSHM_SHORT_NAME)
    guard hold.record != nil, taken.count >= 0, nameLength <= nameRoom, let place = unsafe takeRoom(nameRoom)
    else { return unsafe try holdWithCare(taken, cell) }
    unsafe words.writeHeader(to: place, nameLength: nameLength, count: taken.count, isYours: hold.copy.isYours)
    unsafe cshm_copy(Received.name(of: place), words.bytes + CSHM_SLOT_NAME, nameRoom)
    unsafe finish(place, taken, cell)
    return OpaquePointer(place)
  }

  /// A status, or a message with a long name; and what can't be held is given back.
  @inline(never) private func holdWithCare(_ taken: Taken, _ cell: KsockCell) throws(KBusError) -> OpaquePointer {
    let message = try ReceivedMessage(taken, of: ksock), nameLength = try message.slot?.name("receive").count ?? message.nameCount
    guard let place = unsafe takeRoom(nameLength) else { throw .noMemory }
    unsafe message.writeHeader(to: place, nameLength: nameLength)
    unsafe message.copyName(nameLength, to: Received.name(of: place))
    unsafe finish(place, taken, cell)
    _ = message.keep()
    return OpaquePointer(place)
  }

  @inline(__always) private func takeRoom(_ nameRoom: Int) -> UnsafeMutablePointer<Received>? {
    unsafe roomToRead.take(MemoryLayout<Received>.stride + nameRoom + 1)?.bindMemory(to: Received.self, capacity: 1)
  }

  @inline(__always) private func finish(_ place: UnsafeMutablePointer<Received>, _ taken: Taken, _ cell: KsockCell) {
    let name = unsafe Received.name(of: place)
    unsafe name.storeBytes(of: 0, toByteOffset: Int(place.pointee.header.name_len), as: UInt8.self)
    unsafe place.pointee.header.name = name.assumingMemoryBound(to: CChar.self)
    unsafe place.pointee.header.data = taken.count == 0 ? nil : taken.payload.mutableBytes
    unsafe place.pointee.cell = cell
    unsafe place.pointee.hold = taken.hold
  }
}

@c(kbus_received_message) @implementation
public func kbus_received_message(_ received: OpaquePointer!) -> UnsafePointer<kbus_message_t>! {
  guard let received = unsafe received else { return nil }
  return unsafe UnsafeRawPointer(received).assumingMemoryBound(to: kbus_message_t.self)
}

@c(kbus_received_release) @implementation
public func kbus_received_release(_ received: OpaquePointer!) {
  guard let received = unsafe received else { return }
  let place = unsafe Received.at(received), cell = unsafe place.pointee.cell
  cell.with { ksock in
    unsafe ksock.ksock.release(place.pointee.hold)
    unsafe ksock.roomToRead.giveBack(UnsafeMutableRawPointer(place))
  }
  cell.leave()
}

@c(kbus_loan_reply) @implementation
public func kbus_loan_reply(_ request: OpaquePointer!, _ data_len: UInt32, _ loan: UnsafeMutablePointer<OpaquePointer?>!) -> CInt {
  call { () throws(KBusError) in
    guard let request = unsafe request else { throw .badAddress }
    let place = unsafe try given(loan), received = unsafe Received.at(request), cell = unsafe received.pointee.cell
    let isOurs = unsafe received.pointee.hold.copy.isYours && MessageFlags(rawValue: received.pointee.header.flags).contains(.wantAReply)
    guard isOurs else { throw .notOursToAnswer }
    var header = OutgoingHeader()
    header.inReplyTo = unsafe received.pointee.header.id.id
    header.to = unsafe received.pointee.header.from
    let name = unsafe UnsafeRawBufferPointer(start: received.pointee.header.name, count: Int(received.pointee.header.name_len))
    unsafe place.pointee = try cell.with { ksock throws(KBusError) in
      unsafe try ksock.lend(header, name.bytes, count: Int(data_len), cell)
    }
    cell.enter()
    return 0
  }
}
