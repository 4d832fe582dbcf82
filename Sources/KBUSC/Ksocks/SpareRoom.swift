// Memory that a Ksock keeps for the next message that C is to hold, so that a message at a time costs no allocation.

internal import CKBUS
internal import CShm

@safe struct SpareRoom: ~Copyable {
  // One piece of memory, or 0 while it is in use; exchanged, so that it has one taker.
  private let place = LocalArray<UInt64>(repeating: 0, count: 1)
  /// A header, what keeps the message, and a name that is not long.
  static let bytes = 320

  deinit {
    if place[0] != 0 { unsafe free(UnsafeMutableRawPointer(bitPattern: UInt(place[0]))) }
    place.deallocate()
  }

  /// Room for so many bytes.
  @inline(__always) func take(_ count: Int) throws(KBusError) -> UnsafeMutableRawPointer {
    if count <= Self.bytes, let spare = unsafe UnsafeMutableRawPointer(bitPattern: UInt(cshm_exchange64(place.address(0), 0))) {
      return unsafe spare
    }
    guard let new = unsafe malloc(max(count, Self.bytes)) else { throw .noMemory }
    return unsafe new
  }

  /// All pieces have at least the bytes of a spare one.
  @inline(__always) func giveBack(_ room: UnsafeMutableRawPointer) {
    let old = unsafe cshm_exchange64(place.address(0), UInt64(UInt(bitPattern: room)))
    if old != 0 { unsafe free(UnsafeMutableRawPointer(bitPattern: UInt(old))) }
  }
}
