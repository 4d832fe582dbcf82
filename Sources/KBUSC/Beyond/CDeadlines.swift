// Sending, receiving and asking with a time limit.

public import CKBUS

@c(kbus_send_within) @implementation
public func kbus_send_within(
  _ ksock: kbus_ksock_t, _ msg: UnsafePointer<kbus_message_t>!, _ timeout_ns: Int64, _ msg_id: UnsafeMutablePointer<kbus_msg_id_t>!
) -> CInt {
  call(on: ksock, looking: false) { ksock throws(KBusError) in
    var id: MessageID
    do throws(KBusError) {
      id = unsafe try ksock.ksock.send(given(msg))
    } catch {
      guard let waiting = error.messageID else { throw error }
      id = waiting
      try ksock.ksock.waitToSend(id, within: limit(timeout_ns))
    }
    unsafe msg_id?.pointee = kbus_msg_id(id)
    return 0
  }
}

@c(kbus_wait_until_sent) @implementation
public func kbus_wait_until_sent(_ ksock: kbus_ksock_t, _ msg_id: UnsafePointer<kbus_msg_id_t>!, _ timeout_ns: Int64) -> CInt {
  call(on: ksock, looking: false) { ksock throws(KBusError) in
    unsafe try ksock.ksock.waitToSend(given(msg_id).pointee.id, within: limit(timeout_ns))
    return 0
  }
}

@c(kbus_receive_within) @implementation
public func kbus_receive_within(
  _ ksock: kbus_ksock_t, _ timeout_ns: Int64, _ msg: UnsafeMutablePointer<UnsafeMutablePointer<kbus_message_t>?>!
) -> CInt {
  call(on: ksock, looking: false) { ksock throws(KBusError) in
    let place = unsafe try given(empty: msg)
    return unsafe try ksock.hand(ksock.take(within: timeout_ns), to: place)
  }
}

@c(kbus_request_within) @implementation
public func kbus_request_within(
  _ ksock: kbus_ksock_t, _ request: UnsafePointer<kbus_message_t>!, _ timeout_ns: Int64,
  _ reply: UnsafeMutablePointer<UnsafeMutablePointer<kbus_message_t>?>!
) -> CInt {
  call(on: ksock, looking: false) { ksock throws(KBusError) in
    let place = unsafe try given(empty: reply), message = unsafe try given(request)
    let name = unsafe MessageName(message.nameBytes.bytes)
    let answer = try ksock.ksock.request(name, within: limit(timeout_ns)) { () throws(KBusError) in
      unsafe try ksock.ksock.send(message, setting: .wantAReply)
    }
    unsafe place.pointee = try answer.makeCopy()
    return 0
  }
}
