// Opening and closing Ksocks by number.

public import CKBUS
internal import CShm

@c(kbus_ksock_open) @implementation
public func kbus_ksock_open(_ device_number: UInt32, _ flags: CInt) -> kbus_ksock_t {
  call { () throws(KBusError) in
    let ksock = try Ksock.open(bus: Int(device_number), mode: mode(flags))
    do throws(KBusError) {
      let number = try ksock.openDescriptor()
      KsockTable.insert(OpenKsock(ksock), at: number)
      return number
    } catch {
      ksock.close()
      throw error
    }
  }
}

/// O_RDONLY is 0, so it takes the mask to tell it.
private func mode(_ flags: CInt) -> Ksock.Mode {
  switch flags & O_ACCMODE {
  case O_RDONLY: .readOnly
  case O_WRONLY: .writeOnly
  default: .readWrite
  }
}

@c(kbus_ksock_open_by_name) @implementation
public func kbus_ksock_open_by_name(_ device_name: UnsafePointer<CChar>!, _ flags: CInt) -> kbus_ksock_t {
  do throws(KBusError) {
    return unsafe kbus_ksock_open(try deviceNumber(device_name), flags)
  } catch {
    return fail(error)
  }
}

/// The number in `/dev/kbus<N>`.
private func deviceNumber(_ device: UnsafePointer<CChar>?) throws(KBusError) -> UInt32 {
  let bytes = unsafe try name(device).bytes, prefix = MessageName("/dev/kbus").bytes
  guard bytes.starts(with: prefix), bytes.count > prefix.count, bytes.count <= prefix.count + 3 else {
    throw .noSuchDevice(MessageName(bytes: bytes))
  }
  var number: UInt32 = 0
  for byte in bytes[prefix.count...] {
    guard byte >= 0x30, byte <= 0x39 else { throw .noSuchDevice(MessageName(bytes: bytes)) }
    number = number * 10 + UInt32(byte - 0x30)
  }
  return number
}

@c(kbus_ksock_close) @implementation
public func kbus_ksock_close(_ ksock: kbus_ksock_t) -> CInt {
  call { () throws(KBusError) in
    try KsockTable.close(ksock)
    return 0
  }
}

@c(kbus_ksock_id) @implementation
public func kbus_ksock_id(_ ksock: kbus_ksock_t, _ ksock_id: UnsafeMutablePointer<UInt32>!) -> CInt {
  call(on: ksock) { ksock throws(KBusError) in
    unsafe try given(ksock_id).pointee = ksock.ksock.id
    return 0
  }
}
