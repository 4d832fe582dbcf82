// Bindings, and who answers.

public import CKBUS

@c(kbus_ksock_bind) @implementation
public func kbus_ksock_bind(_ ksock: kbus_ksock_t, _ text: UnsafePointer<CChar>!, _ is_replier: UInt32) -> CInt {
  call(on: ksock) { ksock throws(KBusError) in
    unsafe try ksock.ksock.bind(name(text), as: is_replier == 0 ? .listener : .replier)
    return 0
  }
}

@c(kbus_ksock_unbind) @implementation
public func kbus_ksock_unbind(_ ksock: kbus_ksock_t, _ text: UnsafePointer<CChar>!, _ is_replier: UInt32) -> CInt {
  call(on: ksock) { ksock throws(KBusError) in
    unsafe try ksock.ksock.unbind(name(text), as: is_replier == 0 ? .listener : .replier)
    return 0
  }
}

@c(kbus_ksock_find_replier) @implementation
public func kbus_ksock_find_replier(
  _ ksock: kbus_ksock_t, _ text: UnsafePointer<CChar>!, _ replier_ksock_id: UnsafeMutablePointer<UInt32>!
) -> CInt {
  call(on: ksock) { ksock throws(KBusError) in
    unsafe try given(replier_ksock_id).pointee = try ksock.ksock.findReplier(name(text)) ?? 0
    return 0
  }
}

@c(kbus_wait_for_replier) @implementation
public func kbus_wait_for_replier(
  _ ksock: kbus_ksock_t, _ text: UnsafePointer<CChar>!, _ timeout_ns: Int64, _ replier_ksock_id: UnsafeMutablePointer<UInt32>!
) -> CInt {
  call(on: ksock) { ksock throws(KBusError) in
    unsafe try given(replier_ksock_id).pointee = try ksock.ksock.waitForReplier(name(text), within: limit(timeout_ns))
    return 0
  }
}
