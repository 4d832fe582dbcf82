// The C face of the bus, compiled with the core as Embedded Swift: libkbus.so needs libc alone. Declared in Sources/CKBUS.

internal import CKBUS
internal import CShm

@c(kbus_version) @implementation
public func kbus_version() -> UnsafePointer<CChar>! {
  unsafe UnsafeRawPointer(Bus.versionText.utf8Start).assumingMemoryBound(to: CChar.self)
}
