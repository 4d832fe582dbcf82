// A slot as the bus file holds it (cshm_slot, invariants S1 to S5): one message, for all of its recipients.

internal import CShm

/// What the sender, and the bus, say of a message in its slot's header.
struct SlotHeader: BitwiseCopyable {
  private let window: Window

  @inline(__always) init(_ window: Window) { self.window = window }

  @inline(__always) var id: MessageID { MessageID(word: window.u64(CSHM_SLOT_ID)) }
  @inline(__always) var inReplyTo: MessageID { MessageID(word: window.u64(CSHM_SLOT_IN_REPLY_TO)) }
  @inline(__always) var origFrom: Origin { Origin(word: window.u64(CSHM_SLOT_ORIG_FROM)) }
  @inline(__always) var finalTo: Origin { Origin(word: window.u64(CSHM_SLOT_FINAL_TO)) }
  @inline(__always) var to: UInt32 { window.u32(CSHM_SLOT_TO) }
  @inline(__always) var from: UInt32 { window.u32(CSHM_SLOT_FROM) }
  @inline(__always) var flags: MessageFlags { MessageFlags(rawValue: window.u32(CSHM_SLOT_FLAGS)) }
}

struct SlotRecord {
  let memory: BusMemory
  let at: Int
  let index: Int
  /// Where the payload lies, and how much room it has.
  let payload: Int
  let payloadBytes: Int

  /// All of its words, whose bounds are checked together.
  @inline(__always) var window: Window { memory.window(at, CSHM_SLOT_SIZE) }

  @inline(__always) var sender: UInt64 { window.u64(CSHM_SLOT_SENDER) }
  @inline(__always) var holders: UInt64 { window.acquire64(CSHM_SLOT_HOLDERS) }
  /// Whether using the payload cannot raise SIGBUS: small ones are reserved with the bus.
  var isBacked: Bool { payloadBytes <= Geometry.smallPayload || window.u32(CSHM_SLOT_BACKED) != 0 }

  /// Its pages are going back to the system (S4).
  var isReturning: Bool { sender == CSHM_SLOT_RETURNING }

  @inline(__always) var sequence: UInt64 { window.u64(CSHM_SLOT_SEQUENCE) }
  @inline(__always) var header: SlotHeader { SlotHeader(window) }

  /// The payload, as far as it lies within the slot (S3): lengths in the file are not believed.
  func data(_ operation: StaticString) throws(KBusError) -> (offset: Int, count: Int) {
    let count = Int(window.u32(CSHM_SLOT_DATA_BYTES))
    guard count <= payloadBytes else { throw .corrupt(.s3, operation) }
    return (payload, count)
  }

  /// Where the name is, and its length.
  func name(_ operation: StaticString) throws(KBusError) -> (offset: Int, count: Int) {
    let count = Int(window.u32(CSHM_SLOT_NAME_BYTES))
    if count <= Int(CSHM_SHORT_NAME) { return (at + CSHM_SLOT_NAME, count) }
    let place = Int(window.u32(CSHM_SLOT_DATA_BYTES))
    guard count <= MessageName.maximumLength, place + count <= payloadBytes else { throw .corrupt(.s3, operation) }
    return (payload + place, count)
  }

  func messageName(_ operation: StaticString) throws(KBusError) -> MessageName {
    let (offset, count) = try name(operation)
    return MessageName(bytes: memory.copyOut(offset, count: count))
  }

  /// Whether the name begins with this, or is this.
  func nameStarts(with prefix: MessageName, andEnds: Bool = false) -> Bool {
    guard let (offset, count) = try? name("receive") else { return false }
    return (andEnds ? count == prefix.bytes.count : count >= prefix.bytes.count) && memory.holds(prefix.bytes, at: offset)
  }

  // Filling a slot: direct, since nobody sees it before a commit.

  /// How much payload a message needs: a long name lies behind the data.
  static func payloadBytes(nameLength: Int, dataLength: Int) -> Int {
    nameLength <= Int(CSHM_SHORT_NAME) ? dataLength : dataLength + nameLength
  }

  func write(_ header: OutgoingHeader, name: RawSpan, dataCount: Int) {
    window.write(header, nameCount: name.byteCount, dataCount: dataCount)
    memory.write(
      origFrom: header.origFrom.word, finalTo: header.finalTo.word, name: name, dataCount: dataCount, in: window, payload: payload)
  }

  /// What the bus says of it. Before the holders (S2).
  func stamp(id: MessageID, from: UInt32, sequence: UInt64) {
    let line = memory.window(at, CSHM_SLOT_SIZE)
    line.store64(CSHM_SLOT_SEQUENCE, sequence)
    line.store64(CSHM_SLOT_ID, id.word)
    line.store32(CSHM_SLOT_FROM, from)
  }
}

extension Window {
  /// What the sender says in the header of most messages.
  @inline(__always) func write(_ header: OutgoingHeader, nameCount: Int, dataCount: Int) {
    store64(CSHM_SLOT_IN_REPLY_TO, header.inReplyTo.word)
    store32(CSHM_SLOT_TO, header.to)
    store32(CSHM_SLOT_FLAGS, header.flags.rawValue)
    store32(CSHM_SLOT_DATA_BYTES, UInt32(dataCount))
    store32(CSHM_SLOT_NAME_BYTES, UInt32(truncatingIfNeeded: nameCount))
  }
}

extension BusMemory {
  /// The name, and what is said for other networks. A slot used again often has all of this already; not to write it again leaves the
  /// line where it is.
  func write(origFrom: UInt64, finalTo: UInt64, name: RawSpan, dataCount: Int, in line: Window, payload: Int) {
    line.store64(CSHM_SLOT_ORIG_FROM, origFrom, unlessSame: true)
    line.store64(CSHM_SLOT_FINAL_TO, finalTo, unlessSame: true)
    if name.byteCount <= Int(CSHM_SHORT_NAME) {
      line.copyIn(name, to: CSHM_SLOT_NAME, room: Int(CSHM_SHORT_NAME))
    } else {
      copyIn(name, at: payload &+ dataCount, unlessSame: true)
    }
  }
}

/// What the sender says in the header of a message.
struct OutgoingHeader {
  var id = MessageID.none
  var inReplyTo = MessageID.none
  var to: UInt32 = 0
  var origFrom = Origin.none
  var finalTo = Origin.none
  var flags = MessageFlags()

  init() {}

  /// Whether it says nothing for other networks.
  @inline(__always) var isLocal: Bool { origFrom.word | finalTo.word == 0 }

  /// Takes over what the sender may say; the bus alone says SYNTHETIC and WANT_YOU_TO_REPLY.
  init(_ message: Message) {
    id = message.id
    inReplyTo = message.inReplyTo
    to = message.to
    origFrom = message.origFrom
    finalTo = message.finalTo
    flags = message.flags.subtracting([.synthetic, .wantYouToReply])
  }
}

extension SharedBus {
  @inline(__always) func slot(_ index: Int) -> SlotRecord {
    let region = geometry.classes[geometry.slotClass(of: index)], place = index &- region.firstSlot
    return SlotRecord(
      memory: memory, at: region.headers.at(place), index: index, payload: region.payloads.at(place),
      payloadBytes: region.payloadBytes)
  }

  /// The slot that a word of the file names (+1).
  @inline(__always) func slot(checking word: UInt32, _ operation: StaticString) throws(KBusError) -> SlotRecord {
    guard let slot = slot(ifThere: word) else { throw .corrupt(.s1, operation) }
    return slot
  }

  @inline(__always) func slot(ifThere word: UInt32) -> SlotRecord? {
    word >= 1 && Int(word) <= geometry.slotCount ? slot(Int(word) &- 1) : nil
  }
}
