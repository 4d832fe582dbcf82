// The C face of the bus, compiled with the core as Embedded Swift: libkbus.so needs libc alone.

internal import CShm

/// Opens a Ksock on a bus, closes it again, and returns its id; a negative errno if that fails. Proof that the whole core works
/// in this build; the API of C programs is built on the same ground.
@c(kbus_probe)
public func kbusProbe(_ bus: UInt32) -> Int64 {
  do throws(KBusError) {
    let ksock = try Ksock(bus: Int(bus))
    defer { ksock.close() }
    try ksock.bind("$.KBUS.Probe")
    try ksock.send(Announcement("$.KBUS.Probe", "probe"))
    guard let message = try ksock.receive(), message.text.utf8.count == 5 else { return -Int64(CSHM_EIO) }
    return Int64(ksock.id)
  } catch {
    return -Int64(error.errno)
  }
}
