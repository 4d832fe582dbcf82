// Counts, limits and flags of a Ksock and its bus.

public import CKBUS
internal import CShm

@c(kbus_ksock_max_messages) @implementation
public func kbus_ksock_max_messages(_ ksock: kbus_ksock_t, _ max_messages: UnsafeMutablePointer<UInt32>!) -> CInt {
  call(on: ksock) { ksock throws(KBusError) in
    let place = unsafe try given(max_messages)
    unsafe place.pointee = try ksock.ksock.setMaxMessages(place.pointee)
    return 0
  }
}

@c(kbus_ksock_num_messages) @implementation
public func kbus_ksock_num_messages(_ ksock: kbus_ksock_t, _ num_messages: UnsafeMutablePointer<UInt32>!) -> CInt {
  call(on: ksock) { ksock throws(KBusError) in
    try ksock.ksock.settleRefusal()
    unsafe try given(num_messages).pointee = try ksock.ksock.numberOfMessages()
    return 0
  }
}

@c(kbus_ksock_num_unreplied_to) @implementation
public func kbus_ksock_num_unreplied_to(_ ksock: kbus_ksock_t, _ num_messages: UnsafeMutablePointer<UInt32>!) -> CInt {
  call(on: ksock) { ksock throws(KBusError) in
    unsafe try given(num_messages).pointee = try ksock.ksock.numberUnrepliedTo()
    return 0
  }
}

@c(kbus_ksock_max_message_size) @implementation
public func kbus_ksock_max_message_size(_ ksock: kbus_ksock_t, _ max_bytes: UnsafeMutablePointer<UInt32>!) -> CInt {
  call(on: ksock) { ksock throws(KBusError) in
    let place = unsafe try given(max_bytes)
    unsafe place.pointee = UInt32(clamping: try ksock.ksock.setMaxMessageSize(Int(place.pointee)))
    return 0
  }
}

@c(kbus_ksock_new_device) @implementation
public func kbus_ksock_new_device(_ ksock: kbus_ksock_t, _ device_number: UnsafeMutablePointer<UInt32>!) -> CInt {
  call(on: ksock) { ksock throws(KBusError) in
    unsafe try given(device_number).pointee = UInt32(try ksock.ksock.newBus())
    return 0
  }
}

@c(kbus_ksock_only_once) @implementation
public func kbus_ksock_only_once(_ ksock: kbus_ksock_t, _ request: UInt32) -> CInt {
  flag(
    of: ksock, request, ask: { ksock throws(KBusError) in try ksock.wantsMessagesOnce() },
    set: { ksock, isOn throws(KBusError) in _ = try ksock.setWantsMessagesOnce(isOn) })
}

@c(kbus_ksock_report_replier_binds) @implementation
public func kbus_ksock_report_replier_binds(_ ksock: kbus_ksock_t, _ request: UInt32) -> CInt {
  flag(
    of: ksock, request, ask: { ksock throws(KBusError) in try ksock.reportsReplierBinds() },
    set: { ksock, isOn throws(KBusError) in _ = try ksock.setReportsReplierBinds(isOn) })
}

@c(kbus_ksock_kernel_module_verbose) @implementation
public func kbus_ksock_kernel_module_verbose(_ ksock: kbus_ksock_t, _ request: UInt32) -> CInt {
  flag(
    of: ksock, request, ask: { ksock throws(KBusError) in try ksock.isVerbose() },
    set: { ksock, isOn throws(KBusError) in _ = try ksock.setVerbose(isOn) })
}

@c(kbus_set_spin_budget) @implementation
public func kbus_set_spin_budget(_ ksock: kbus_ksock_t, _ budget_ns: Int64) -> CInt {
  call(on: ksock) { ksock throws(KBusError) in
    ksock.ksock.setSpinBudget(.nanoseconds(max(0, budget_ns)))
    return 0
  }
}

@c(kbus_set_polled) @implementation
public func kbus_set_polled(_ ksock: kbus_ksock_t, _ is_polled: UInt32) -> CInt {
  call(on: ksock) { ksock throws(KBusError) in
    try ksock.ksock.setPolled(is_polled != 0)
    return 0
  }
}

/// A flag that is set by 1, cleared by 0, and asked for by 0xFFFFFFFF. Setting returns 0, asking the state (D-16).
private func flag(
  of number: kbus_ksock_t, _ request: UInt32, ask: (Ksock) throws(KBusError) -> Bool, set: (Ksock, Bool) throws(KBusError) -> Void
) -> CInt {
  call(on: number) { ksock throws(KBusError) in
    switch request {
    case 0, 1:
      try set(ksock.ksock, request == 1)
      return 0
    case .max: return try ask(ksock.ksock) ? 1 : 0
    default: throw .badValue("set", "\(request) is none of 0, 1 and 0xFFFFFFFF")
    }
  }
}
