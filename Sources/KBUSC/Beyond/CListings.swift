// What is on the buses, as text and as numbers.

public import CKBUS
internal import CShm

@c(kbus_list_bindings) @implementation
public func kbus_list_bindings(_ device_number: CInt, _ text: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>!) -> CInt {
  unsafe list(device_number, text) { bus, text in
    text += BindingInfo.header.bytes
    text.append(Ascii.newline)
    for binding in bus.bindings {
      text += binding.line.bytes
      text.append(Ascii.newline)
    }
  }
}

@c(kbus_list_statistics) @implementation
public func kbus_list_statistics(_ device_number: CInt, _ text: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>!) -> CInt {
  unsafe list(device_number, text) { bus, text in text += bus.statistics.text.bytes }
}

/// The listings of one bus or of all, in memory that C frees.
private func list(
  _ number: CInt, _ text: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?, _ add: (BusDescription, inout [UInt8]) -> Void
) -> CInt {
  call { () throws(KBusError) in
    let place = unsafe try given(text)
    var all: [UInt8] = []
    for bus in number < 0 ? try Bus.list() : [Int(number)] {
      do throws(KBusError) {
        add(try Bus.inspect(bus), &all)
      } catch  where error.code == .noSuchBus && number < 0 {}  // Removed meanwhile.
    }
    guard let copy = unsafe malloc(all.count + 1) else { throw .system(CInt(CSHM_ENOMEM), "list", "malloc") }
    unsafe all.withUnsafeBytes { unsafe copy.copyMemory(from: $0.baseAddress ?? UnsafeRawPointer(copy), byteCount: $0.count) }
    unsafe copy.storeBytes(of: 0, toByteOffset: all.count, as: UInt8.self)
    unsafe place.pointee = copy.assumingMemoryBound(to: CChar.self)
    return 0
  }
}

@c(kbus_ksock_counters) @implementation
public func kbus_ksock_counters(_ ksock: kbus_ksock_t, _ counters: UnsafeMutablePointer<kbus_counters_t>!, _ size: Int) -> CInt {
  call(on: ksock) { ksock throws(KBusError) in
    let place = unsafe try given(counters)
    let (own, recoveries, stalls, exhaustions) = try ksock.ksock.counters()
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
    counters.most_queued = UInt64(own.mostQueued)
    counters.oldest_unread_ns = own.oldestUnread.inNanoseconds
    counters.newly_missed = try ksock.ksock.newlyMissed(isTold: false)
    counters.bus_pool_exhaustions = exhaustions
    unsafe withUnsafeBytes(of: counters) {
      unsafe UnsafeMutableRawPointer(place).copyMemory(from: $0.baseAddress!, byteCount: min(max(0, size), $0.count))
    }
    return 0
  }
}

@c(kbus_ksock_newly_missed) @implementation
public func kbus_ksock_newly_missed(_ ksock: kbus_ksock_t, _ count: UnsafeMutablePointer<UInt64>!) -> CInt {
  call(on: ksock) { ksock throws(KBusError) in
    unsafe try given(count).pointee = ksock.ksock.newlyMissed()
    return 0
  }
}
