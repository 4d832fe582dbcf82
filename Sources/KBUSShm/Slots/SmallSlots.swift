internal import CShm

/// Where a slot is.
struct SlotPlace: BitwiseCopyable {
  let header: Window
  let payload: Window
  /// How much room the payload has.
  let room: Int
}

/// The slots of the smallest class, which most messages are in: one comparison checks a number, and nothing has to be looked up.
struct SmallSlots: BitwiseCopyable {
  private let headers: Window
  private let payloads: Window
  private let stride: Int
  private let count: Int
  private let room: Int

  init(_ memory: BusMemory, _ region: Geometry.SlotRegion) {
    count = region.headers.count
    stride = region.payloads.stride
    room = region.payloadBytes
    headers = memory.window(region.headers.start, count * CSHM_SLOT_SIZE)
    payloads = memory.window(region.payloads.start, (count - 1) * stride + room)
  }

  /// The slot that a word of the file names (+1), if it is one of these.
  @inline(__always) subscript(word: UInt32) -> SlotPlace? {
    let number = Int(word &- 1)
    guard number < count else { return nil }
    return SlotPlace(header: headers.advanced(by: number &* CSHM_SLOT_SIZE), payload: payloads.advanced(by: number &* stride), room: room)
  }
}

extension SharedBus {
  /// The slot that a word of the file names (+1), if there is such a one.
  @inline(__always) func slotPlace(_ word: UInt32) -> SlotPlace? { smallSlots[word] ?? largeSlotPlace(word) }

  @inline(never) private func largeSlotPlace(_ word: UInt32) -> SlotPlace? { slot(ifThere: word)?.place }
}

extension SlotRecord {
  var place: SlotPlace { SlotPlace(header: window, payload: memory.window(payload, payloadBytes), room: payloadBytes) }
}
