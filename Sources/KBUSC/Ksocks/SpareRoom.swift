// Memory that a Ksock keeps for the next message that C is to hold, so that a message at a time costs no allocation.

internal import CKBUS
internal import CShm

@safe struct SpareRoom: ~Copyable {
  // A word that is 1 while the room is in use, and the room.
  private let words = LocalArray<UInt64>(repeating: 0, count: 1 + bytes / 8)
  /// A header, what keeps the message, and a name that is not long.
  private static let bytes = 320

  deinit { words.deallocate() }

  /// Room for so many bytes; nil if there is no memory.
  @inline(__always) func take(_ count: Int) -> UnsafeMutableRawPointer? {
    if count <= Self.bytes, unsafe cshm_replace64(words.address(0), 0, 1) != 0 { return unsafe UnsafeMutableRawPointer(words.address(1)) }
    return unsafe malloc(count)
  }

  @inline(__always) func giveBack(_ room: UnsafeMutableRawPointer) {
    if unsafe room == UnsafeMutableRawPointer(words.address(1)) { unsafe cshm_store64(words.address(0), 0) } else { unsafe free(room) }
  }
}
