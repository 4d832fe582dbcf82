// Reading messages: the next one, in pieces or whole.

public import CKBUS
internal import CShm

@c(kbus_ksock_next_msg) @implementation
public func kbus_ksock_next_msg(_ ksock: kbus_ksock_t, _ message_length: UnsafeMutablePointer<UInt32>!) -> CInt {
  call(on: ksock) { ksock throws(KBusError) in
    unsafe try given(message_length).pointee = UInt32(try ksock.goOn())
    return unsafe message_length.pointee == 0 ? 0 : 1
  }
}

@c(kbus_ksock_len_left) @implementation
public func kbus_ksock_len_left(_ ksock: kbus_ksock_t, _ len_left: UnsafeMutablePointer<UInt32>!) -> CInt {
  call(on: ksock) { ksock throws(KBusError) in
    let place = unsafe try given(len_left)
    unsafe place.pointee = try ksock.withReading { UInt32($0.left) }
    return 0
  }
}

@c(kbus_ksock_read_msg) @implementation
public func kbus_ksock_read_msg(
  _ ksock: kbus_ksock_t, _ msg: UnsafeMutablePointer<UnsafeMutablePointer<kbus_message_t>?>!, _ msg_len: Int
) -> CInt {
  call(on: ksock) { ksock throws(KBusError) in
    let place = unsafe try given(empty: msg)
    unsafe place.pointee = try ksock.read(msg_len)
    return 0
  }
}

@c(kbus_ksock_read_next_msg) @implementation
public func kbus_ksock_read_next_msg(
  _ ksock: kbus_ksock_t, _ msg: UnsafeMutablePointer<UnsafeMutablePointer<kbus_message_t>?>!
) -> CInt {
  call(on: ksock) { ksock throws(KBusError) in
    let place = unsafe try given(empty: msg)
    _ = unsafe try ksock.goOn(readingTo: place)
    return 0
  }
}

extension OpenKsock {
  /// Goes on to the next message; returns its entire length, 0 if none is queued. `place`: reads it at once, before another thread that
  /// goes on would drop it.
  @inline(never) fileprivate func goOn(
    readingTo place: UnsafeMutablePointer<UnsafeMutablePointer<kbus_message_t>?>? = nil
  ) throws(KBusError) -> Int {
    try ksock.settleRefusal()
    return try withReading { reading throws(KBusError) in
      // What is left of the one before goes first: its slot may be wanted.
      reading.drop()
      reading.begin(try ksock.takeQueued())
      let count = reading.left
      if let place = unsafe place, count > 0 { unsafe place.pointee = try read(count, &reading) }
      return count
    }
  }

  fileprivate func read(_ count: Int) throws(KBusError) -> UnsafeMutablePointer<kbus_message_t> {
    unsafe try withReading { reading throws(KBusError) in unsafe try read(count, &reading) }
  }

  @inline(never) private func read(
    _ count: Int, _ reading: inout MessageReading
  ) throws(KBusError) -> UnsafeMutablePointer<kbus_message_t> {
    if ksock.mode == .writeOnly { throw .wrongMode("read", "reading") }
    guard count > 0, count <= reading.left else { throw .nothingBeingRead }
    let memory = unsafe try allocate(count)
    unsafe reading.read(count, to: memory)
    return unsafe memory.assumingMemoryBound(to: kbus_message_t.self)
  }
}

extension ReceivedMessage {
  /// The message in its entire form, in memory that C frees.
  @inline(never) func makeCopy() throws(KBusError) -> UnsafeMutablePointer<kbus_message_t> {
    let nameLength = nameCount, memory = unsafe try allocate(entireCount(nameLength: nameLength))
    unsafe copyEntire(nameLength: nameLength, to: memory)
    return unsafe memory.assumingMemoryBound(to: kbus_message_t.self)
  }
}

/// Memory for a message, of a header's size at least.
private func allocate(_ count: Int) throws(KBusError) -> UnsafeMutableRawPointer {
  guard let memory = unsafe malloc(max(count, MessageSize.header)) else { throw .system(CInt(CSHM_ENOMEM), "read", "malloc") }
  return unsafe memory
}
