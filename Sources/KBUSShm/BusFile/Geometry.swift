// Where everything lies in a bus file. Computed from a handful of limits, the same way by whoever opens the bus: the
// offsets in the header are compared with these, never believed (invariant H2).

internal import CShm

/// The places of all regions of a bus file, in bytes from its start. A class, since every access goes through it and it is
/// far too large to copy.
final class Geometry: Sendable {
  /// What a geometry is computed from.
  struct Limits: Sendable, Equatable {
    var ksocks: Int
    var bindings: Int
    var requests: Int
    var absoluteMaxMessage: Int
    var slots: [BusOptions.SlotClass]
  }

  /// A run of records of one size.
  struct Region: Sendable, BitwiseCopyable {
    let start: Int
    let stride: Int
    let count: Int

    @inline(__always) func at(_ index: Int) -> Int { start &+ index &* stride }
    var end: Int { start + stride * count }
  }

  /// One size class: its slot headers, and its payloads.
  struct SlotRegion: Sendable, BitwiseCopyable {
    let payloadBytes: Int
    let headers: Region
    let payloads: Region
    /// The number, among all slots of the bus, of the first slot of this class.
    let firstSlot: Int
    /// Payload pages of small classes are reserved with the bus; those of large ones when a slot is first used.
    let isReserved: Bool
  }

  static let page = 4096
  static let largestPayload = 1 << 40
  static let mostSlots = 1 << 20
  /// Payloads of up to this size are reserved when the bus is made, so that the bus can make messages under the lock.
  static let smallPayload = 4096
  /// Slots of this size and larger give their pages back when nobody uses them.
  static let largePayload = 1 << 20
  /// Behind the payload of a larger class there is always room for a name that is too long for the slot itself.
  static let longNameRoom = 1008
  /// The specification's lowest absolute maximum of a message, and its lowest maximum in force.
  static let lowestAbsoluteMaxMessage = 65_664
  static let lowestMaxMessage = 100

  let limits: Limits
  let lockLine: Int
  let state: Int
  let wideJournal: Int
  let wideJournalWords: Int
  let journals: Region
  let watchLine: Int
  let owners: Region
  let ksocks: Region
  let held: Region
  let chunks: Region
  let urgentNodes: Region
  let setAsideNodes: Region
  let bindings: Region
  let buckets: Region
  let longNames: Region
  let requests: Region
  let extensions: Region
  let classes: LocalArray<SlotRegion>
  /// Everything before this offset is reserved when the bus is made.
  let reservedBytes: Int
  let fileBytes: Int
  let slotCount: Int
  /// From here on slots are large. Never those of the smallest class, of which the bus makes its own messages under the lock.
  let firstLargeSlot: Int
  /// Slots of the smallest class, and their payload.
  private let smallestSlots: Int
  let smallestPayload: Int

  init(_ limits: Limits) {
    self.limits = limits
    var next = Self.page
    func region(_ stride: Int, _ count: Int) -> Region {
      let region = Region(start: next, stride: stride, count: count)
      next = Self.round(region.end, to: 64)
      return region
    }
    lockLine = region(CSHM_LOCK_LINE_SIZE, 1).start
    state = region(CSHM_STATE_SIZE, 1).start
    // At most: a copy for every binding, every word of its queue for every Ksock, and a few for the message itself; two words each.
    wideJournalWords = 4 * limits.bindings + 32 * limits.ksocks + 512
    wideJournal = region(CSHM_JOURNAL_SIZE + wideJournalWords * 8, 1).start
    journals = region(CSHM_JOURNAL_SIZE + Int(CSHM_JOURNAL_WORDS) * 8, limits.ksocks)
    watchLine = region(CSHM_WATCH_LINE_SIZE, 1).start
    owners = region(CSHM_OWNER_SIZE, limits.ksocks)
    ksocks = region(CSHM_KSOCK_SIZE, limits.ksocks)
    held = region(CSHM_HELD_SIZE, limits.ksocks * Int(CSHM_HELD))
    // Two for every Ksock that reads, and as many entries again as requests may be outstanding, twice.
    chunks = region(
      CSHM_CHUNK_SIZE + Int(CSHM_CHUNK_ENTRIES) * CSHM_ENTRY_SIZE,
      2 * limits.ksocks + max(256, limits.requests * 16 / Int(CSHM_CHUNK_ENTRIES)))
    urgentNodes = region(CSHM_NODE_SIZE, max(256, limits.requests))
    setAsideNodes = region(CSHM_NODE_SIZE, Int(CSHM_SET_ASIDE) + limits.ksocks)
    bindings = region(CSHM_BINDING_SIZE, limits.bindings)
    buckets = region(4, Self.powerOfTwo(atLeast: 2 * limits.bindings))
    longNames = region(CSHM_LONG_NAME_SIZE, max(64, limits.bindings / 16))
    requests = region(CSHM_REQUEST_SIZE, limits.requests)
    extensions = region(CSHM_EXTENSION_SIZE, max(1024, limits.bindings))

    var firstSlot = 0, largeFrom: Int?
    var headers: [Region] = []
    for slotClass in limits.slots { headers.append(region(CSHM_SLOT_SIZE, slotClass.count)) }
    var classes: [SlotRegion] = []
    next = Self.round(next, to: Self.page)
    var reserved = next
    for (slotClass, header) in zip(limits.slots, headers) {
      let isSmall = slotClass.bytes <= Self.smallPayload
      let bytes = isSmall ? slotClass.bytes : slotClass.bytes + Self.longNameRoom
      let payloads = region(Self.round(bytes, to: isSmall ? 64 : Self.page), slotClass.count)
      next = Self.round(next, to: Self.page)
      if isSmall { reserved = next }
      if largeFrom == nil, firstSlot > 0, bytes >= Self.largePayload { largeFrom = firstSlot }
      classes.append(
        SlotRegion(
          payloadBytes: bytes, headers: header, payloads: payloads, firstSlot: firstSlot, isReserved: isSmall))
      firstSlot += slotClass.count
    }
    self.classes = LocalArray(repeating: classes[0], count: classes.count)
    for (index, slotClass) in classes.enumerated() { self.classes[index] = slotClass }
    slotCount = firstSlot
    firstLargeSlot = largeFrom ?? firstSlot
    smallestSlots = classes[0].headers.count
    smallestPayload = classes[0].payloadBytes
    reservedBytes = reserved
    fileBytes = next
  }

  deinit { classes.deallocate() }

  /// The slot class for so many bytes of payload; nil if none is large enough.
  @inline(__always) func slotClass(for bytes: Int) -> Int? {
    for index in 0..<classes.count where bytes <= classes[index].payloadBytes { return index }
    return nil
  }

  /// The slot class that holds slot number `slot`.
  @inline(__always) func slotClass(of slot: Int) -> Int {
    // The small ones are the most, and sent most.
    if slot < smallestSlots { return 0 }
    return largerSlotClass(of: slot)
  }

  @inline(never) private func largerSlotClass(of slot: Int) -> Int {
    var index = classes.count - 1
    while index > 0, slot < classes[index].firstSlot { index -= 1 }
    return index
  }

  private static func round(_ value: Int, to unit: Int) -> Int { (value + unit - 1) / unit * unit }

  private static func powerOfTwo(atLeast least: Int) -> Int {
    var power = 64
    while power < least { power *= 2 }
    return power
  }
}

extension Geometry.Limits {
  /// Checks options and turns them into limits.
  init(_ options: BusOptions) throws(KBusError) {
    func check(_ value: Int, _ range: ClosedRange<Int>, _ what: StaticString) throws(KBusError) {
      guard range.contains(value) else {
        throw .badOption(
          what.description.bytes, "is \(value): it must be from \(range.lowerBound) to \(range.upperBound)")
      }
    }
    try check(options.maxKsocks, 1...65_536, "--max-ksocks")
    try check(options.maxBindings, 1...1_000_000, "--max-bindings")
    try check(options.maxRequests, 1...1_000_000, "--max-requests")
    try check(options.slots.count, 1...Int(CSHM_CLASSES), "the number of --slots")
    try check(Int(options.mode), 0...0o777, "--mode")
    var slots: [BusOptions.SlotClass] = []
    for slot in options.slots { slots.insert(slot, at: slots.firstIndex { $0.bytes > slot.bytes } ?? slots.count) }
    for (index, slot) in slots.enumerated() {
      try check(slot.bytes, 64...Geometry.largestPayload, "the size of --slots")
      try check(slot.count, 1...Geometry.mostSlots, "the count of --slots")
      guard index == 0 || slots[index - 1].bytes < slot.bytes else {
        throw .badOption("--slots".bytes, "names \(slot.bytes) bytes twice")
      }
    }
    try self.init(options, sorted: slots)
  }

  /// Header and final guard: what an entire message has beside its name and data.
  private static let frame = MessageSize.header + 4

  private init(_ options: BusOptions, sorted: [BusOptions.SlotClass]) throws(KBusError) {
    var slots = sorted
    // What the largest class holds, or what was asked for: then a class is added if none is large enough.
    let largest = slots[slots.count - 1]
    let largestMessage = largest.bytes + Geometry.longNameRoom + Self.frame
    let maximum = (max(options.maxMessageSize ?? largestMessage, 0) + 3) / 4 * 4
    if let asked = options.maxMessageSize, asked < Geometry.lowestAbsoluteMaxMessage {
      throw .badOption(
        "--max-message-size".bytes, "is \(asked): a bus takes messages of at least \(Geometry.lowestAbsoluteMaxMessage)")
    }
    absoluteMaxMessage = max(maximum, Geometry.lowestAbsoluteMaxMessage)
    if largestMessage < absoluteMaxMessage {
      guard slots.count < Int(CSHM_CLASSES) else {
        throw .badOption("--slots".bytes, "has no class that holds a message of \(absoluteMaxMessage) bytes")
      }
      slots.append(BusOptions.SlotClass(bytes: absoluteMaxMessage, count: largest.count))
    }
    ksocks = options.maxKsocks
    bindings = options.maxBindings
    requests = options.maxRequests
    self.slots = slots
  }
}
