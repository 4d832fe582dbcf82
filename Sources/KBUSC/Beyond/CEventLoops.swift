// Waiting for several Ksocks, and beside other things.

public import CKBUS

@c(kbus_wait_any) @implementation
public func kbus_wait_any(
  _ ksocks: UnsafePointer<kbus_ksock_t>!, _ count: Int, _ wait_for: CInt, _ timeout_ns: Int64, _ ready: UnsafeMutablePointer<CInt>!
) -> CInt {
  call { () throws(KBusError) in
    let numbers = unsafe try given(ksocks), ready = unsafe try given(ready)
    let what = Ksock.Readiness(rawValue: Int(wait_for)).intersection([.readable, .writable])
    guard !what.isEmpty, count > 0 else { throw .badValue("wait", "there is nothing to wait for") }
    var ksocks: [Ksock] = []
    for place in 0..<count {
      let cell = unsafe try KsockTable.find(numbers[place], looking: true)
      cell.with { ksocks.append($0.ksock) }
      cell.leave()
    }
    let found = try Ksock.readiness(any: ksocks, for: what, within: limit(timeout_ns))
    for place in 0..<count { unsafe ready[place] = CInt(found[place].rawValue) }
    return found.reduce(0) { $1.isEmpty ? $0 : $0 + 1 }
  }
}

@c(kbus_ksock_fast_descriptor) @implementation
public func kbus_ksock_fast_descriptor(_ ksock: kbus_ksock_t) -> CInt {
  call(on: ksock) { ksock throws(KBusError) in try ksock.ksock.fastDescriptor() }
}
