// What is on the buses, as text and as numbers.

public import CKBUS
internal import CShm

@c(kbus_list_bindings) @implementation
public func kbus_list_bindings(_ device_number: CInt, _ text: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>!) -> CInt {
  unsafe list(device_number, text) { bus in
    var text = BindingInfo.header + "\n"
    for binding in bus.bindings { text += binding.line + "\n" }
    return text
  }
}

@c(kbus_list_statistics) @implementation
public func kbus_list_statistics(_ device_number: CInt, _ text: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>!) -> CInt {
  unsafe list(device_number, text) { $0.statistics.text }
}

/// The listings of one bus or of all, in memory that C frees.
private func list(
  _ number: CInt, _ text: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?, _ line: (BusDescription) -> String
) -> CInt {
  call { () throws(KBusError) in
    let place = unsafe try given(text)
    var all = ""
    for bus in number < 0 ? try Bus.list() : [Int(number)] {
      do throws(KBusError) {
        all += line(try Bus.inspect(bus))
      } catch  where error.code == .noSuchBus && number < 0 {}  // Removed meanwhile.
    }
    guard let copy = unsafe all.withCString({ unsafe strdup($0) }) else { throw .system(CInt(CSHM_ENOMEM), "list", "malloc") }
    unsafe place.pointee = copy
    return 0
  }
}

@c(kbus_ksock_counters) @implementation
public func kbus_ksock_counters(_ ksock: kbus_ksock_t, _ counters: UnsafeMutablePointer<kbus_counters_t>!, _ size: Int) -> CInt {
  call(on: ksock) { ksock throws(KBusError) in
    let place = unsafe try given(counters)
    let (own, recoveries, stalls) = try ksock.ksock.counters()
    var counters = kbus_counters_t()
    counters.queued = own.queued
    counters.max_messages = own.maxMessages
    counters.set_aside = own.setAside
    counters.outstanding = own.outstanding
    counters.outstanding_max = own.outstandingMax
    counters.unreplied = own.unreplied
    counters.missed = own.missed
    counters.bus_recoveries = recoveries
    counters.bus_lock_stalls = stalls
    unsafe withUnsafeBytes(of: counters) { unsafe UnsafeMutableRawPointer(place).copyMemory(from: $0.baseAddress!, byteCount: min(max(0, size), $0.count)) }
    return 0
  }
}
