internal import CShm

/// The slots of the smallest class, which most messages are in: one comparison checks a number, and nothing has to be looked up.
struct SmallSlots: BitwiseCopyable {
  private let headers: Window
  private let payloads: Window
  private let stride: Int
  private let count: Int
  /// How much room a payload has.
  let room: Int

  init(_ memory: BusMemory, _ region: Geometry.SlotRegion) {
    count = region.headers.count
    stride = region.payloads.stride
    room = region.payloadBytes
    headers = memory.window(region.headers.start, count * CSHM_SLOT_SIZE)
    payloads = memory.window(region.payloads.start, (count - 1) * stride + room)
  }

  /// The slot that a word of the file names (+1), if it is one of these.
  @inline(__always) subscript(word: UInt32) -> (header: Window, payload: Window)? {
    let number = Int(word &- 1)
    guard number < count else { return nil }
    return (headers.advanced(by: number &* CSHM_SLOT_SIZE), payloads.advanced(by: number &* stride))
  }
}
