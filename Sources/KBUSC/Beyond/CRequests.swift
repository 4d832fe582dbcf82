// Requests whose answers are asked for later, for event loops.

public import CKBUS

@c(kbus_request_begin) @implementation
public func kbus_request_begin(
  _ ksock: kbus_ksock_t, _ request: UnsafePointer<kbus_message_t>!, _ msg_id: UnsafeMutablePointer<kbus_msg_id_t>!
) -> CInt {
  call(on: ksock, looking: false) { ksock throws(KBusError) in
    let place = unsafe try given(msg_id), message = unsafe try given(request)
    let id = try ksock.ksock.sendAwaited(isAnybodys: true) { () throws(KBusError) in
      unsafe try ksock.ksock.send(message, setting: .wantAReply)
    }
    unsafe place.pointee = kbus_msg_id(id)
    return 0
  }
}

@c(kbus_request_answer) @implementation
public func kbus_request_answer(
  _ ksock: kbus_ksock_t, _ timeout_ns: Int64, _ reply: UnsafeMutablePointer<UnsafeMutablePointer<kbus_message_t>?>!
) -> CInt {
  call(on: ksock, looking: false) { ksock throws(KBusError) in
    let place = unsafe try given(empty: reply)
    return unsafe try ksock.hand(ksock.ksock.takeNextAnswer(until: .after(limit(timeout_ns))), to: place)
  }
}

@c(kbus_request_withdraw) @implementation
public func kbus_request_withdraw(
  _ ksock: kbus_ksock_t, _ msg_id: UnsafePointer<kbus_msg_id_t>!, _ reply: UnsafeMutablePointer<UnsafeMutablePointer<kbus_message_t>?>!
) -> CInt {
  call(on: ksock, looking: false) { ksock throws(KBusError) in
    let place = unsafe try given(empty: reply)
    // A thread that waits for answers may have no more to wait for, also if this fails.
    defer { ksock.ksock.ringOwnBell() }
    return unsafe try ksock.hand(ksock.ksock.giveUpWaiting(for: given(msg_id).pointee.id), to: place)
  }
}

/// Where a message is to go: none, so far.
@inline(never) func given(
  empty place: UnsafeMutablePointer<UnsafeMutablePointer<kbus_message_t>?>!
) throws(KBusError) -> UnsafeMutablePointer<UnsafeMutablePointer<kbus_message_t>?> {
  let place = unsafe try given(place)
  unsafe place.pointee = nil
  return unsafe place
}

extension OpenKsock {
  /// What was taken, as a copy of its own. Returns 1, or 0 if nothing was.
  func hand(_ taken: Taken?, to place: UnsafeMutablePointer<UnsafeMutablePointer<kbus_message_t>?>) throws(KBusError) -> CInt {
    guard let taken else { return 0 }
    unsafe place.pointee = try ReceivedMessage(taken, of: ksock).makeCopy()
    return 1
  }
}
