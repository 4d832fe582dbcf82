// Buses made and removed, and the library itself.

internal import CKBUS

@c(kbus_bus_create) @implementation
public func kbus_bus_create(_ device_number: UInt32, _ options: UnsafePointer<CChar>!) -> CInt {
  call { () throws(KBusError) in
    let text = unsafe options == nil ? Machine.environment("KBUS_CREATE") ?? "" : String(characters: options)
    try Bus.create(Int(device_number), options: BusOptions(parsing: text))
    return 0
  }
}

@c(kbus_bus_remove) @implementation
public func kbus_bus_remove(_ device_number: UInt32) -> CInt {
  call { () throws(KBusError) in
    try Bus.remove(Int(device_number))
    return 0
  }
}

@c(kbus_owner_crashing) @implementation
public func kbus_owner_crashing() { Ksock.ownerIsCrashing() }

@c(kbus_version) @implementation
public func kbus_version() -> UnsafePointer<CChar>! {
  unsafe UnsafeRawPointer(Bus.versionText.utf8Start).assumingMemoryBound(to: CChar.self)
}
