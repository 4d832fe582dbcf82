// Waiting for messages, and for room.

public import CKBUS

@c(kbus_wait_for_message) @implementation
public func kbus_wait_for_message(_ ksock: kbus_ksock_t, _ wait_for: CInt) -> CInt { kbus_wait_within(ksock, wait_for, -1) }

@c(kbus_wait_within) @implementation
public func kbus_wait_within(_ ksock: kbus_ksock_t, _ wait_for: CInt, _ timeout_ns: Int64) -> CInt {
  call(on: ksock) { ksock throws(KBusError) in
    let what = Ksock.Readiness(rawValue: Int(wait_for)).intersection([.readable, .writable])
    guard !what.isEmpty else { throw .badValue("wait", "\(Int(wait_for)) asks for neither reading nor writing") }
    guard timeout_ns >= 0 || what.contains(.readable) || ksock.ksock.mode != .readOnly else {
      throw .badValue("wait", "a Ksock opened for reading alone is never ready for writing")
    }
    return CInt(try ksock.ksock.wait(for: what, within: limit(timeout_ns)).rawValue)
  }
}
