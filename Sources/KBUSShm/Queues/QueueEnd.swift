// The writing end of a queue during one transaction. A transaction does not see its own changes, so what several copies to
// one Ksock change again and again - tail, chunks, counts - is kept here and logged once, at the end.

internal import CShm

/// The words of one Ksock's queue as they will be after the transaction.
struct QueueEnd: BitwiseCopyable {
  var ksock = 0
  var tail: UInt64 = 0
  var tailChunk: UInt32 = 0
  var end: UInt64 = 0
  var lastChunk: UInt32 = 0
  /// +1: the first chunk that this transaction links in behind those there are.
  var firstNewChunk: UInt32 = 0
  var lastPushed: UInt64 = 0
  var urgentHead: UInt32 = 0
  var urgentCount: UInt32 = 0
  var reserved: UInt32 = 0
  var setAsideHead: UInt32 = 0
  var setAsideTail: UInt32 = 0
  var setAsideCount: UInt32 = 0
  var lostSince: UInt64 = 0
  var missed: UInt64 = 0
}

/// What one delivered copy is: the words of an entry but for the stamp.
struct Copy: BitwiseCopyable {
  /// The binding that queues it; of a status the id of the request.
  let binding: UInt64
  /// Slot and holder, kind and request: two words each, as they lie in an entry.
  let slotWord: UInt64
  let kindWord: UInt64

  @inline(__always) init(
    kind: UInt32 = UInt32(CSHM_ENTRY_MESSAGE), slot: UInt32, holder: UInt32 = 0, binding: UInt64 = 0, request: UInt32 = 0
  ) {
    self.binding = binding
    slotWord = Window.word(slot, holder)
    kindWord = Window.word(kind, request)
  }

  /// What is in an entry, read once.
  @inline(__always) init(_ entry: Window) {
    binding = entry.u64(CSHM_ENTRY_BINDING)
    slotWord = entry.u64(CSHM_ENTRY_SLOT)
    kindWord = entry.u64(CSHM_ENTRY_META)
  }

  @inline(__always) var kind: UInt32 { Window.low(kindWord) }
  /// Slot + 1; of a message without a slot its serial.
  @inline(__always) var slot: UInt32 { Window.low(slotWord) }
  /// The holder bit; of a status its `from`.
  @inline(__always) var holder: UInt32 { Window.high(slotWord) }
  /// Request record + 1, of the copy that asks its reader to reply.
  @inline(__always) var request: UInt32 { Window.high(kindWord) }
}

/// The queues that one transaction adds to.
struct Deliveries: ~Copyable {
  private let borrowed: BorrowedBus
  private var bus: SharedBus { @inline(__always) get { borrowed.shared } }
  private let ends: LocalArray<QueueEnd>
  private let endOf: LocalArray<UInt32>
  private let ksocks: Geometry.Region
  private let chunks: Geometry.Region
  private let memory: BusMemory
  private(set) var count = 0
  // Begun when first needed, which for most messages is never.
  private var freeChunks: Pool.Search?
  private var freeUrgentNodes: Pool.Search?
  private var freeSetAsideNodes: Pool.Search?

  init(_ bus: SharedBus) {
    borrowed = BorrowedBus(bus)
    ends = bus.scratch.ends
    endOf = bus.scratch.endOf
    ksocks = bus.geometry.ksocks
    chunks = bus.geometry.chunks
    memory = bus.memory
  }

  deinit { for place in 0..<count { endOf[ends[place].ksock] = 0 } }

  /// The place, in the scratch space, of the writing end of this Ksock's queue.
  mutating func end(of ksock: KsockRecord) -> Int {
    let known = endOf[ksock.index]
    if known != 0 { return Int(known) - 1 }
    let place = count
    count += 1
    endOf[ksock.index] = UInt32(place) + 1
    ends[place] = QueueEnd(
      ksock: ksock.index, tail: ksock.tail, tailChunk: ksock.tailChunk, end: ksock.end, lastChunk: ksock.lastChunk,
      firstNewChunk: 0, lastPushed: ksock.lastPushed, urgentHead: ksock.urgentHead, urgentCount: ksock.urgentCount,
      reserved: ksock.reserved, setAsideHead: ksock.setAsideHead, setAsideTail: ksock.setAsideTail,
      setAsideCount: ksock.setAsideCount, lostSince: ksock.lostSince, missed: ksock.missed)
    return place
  }

  // Adding copies

  /// Puts a copy at the back of a queue. Returns its position.
  mutating func push(
    _ copy: Copy, id: UInt64, to ksock: KsockRecord, _ transaction: inout Transaction, _ operation: StaticString
  ) throws(KBusError) -> UInt64 {
    let place = end(of: ksock)
    // First the room: a reader leaves a chunk as soon as it has taken its last entry, so the chunk behind must be linked in
    // before that entry is published, and words are applied in the order in which they are logged.
    try keepRoom(place, ksock, entries: 1, &transaction, operation)
    var end = ends[place]
    let position = end.tail
    let chunk = try self.chunk(checking: end.tailChunk, operation)
    let entry = chunk.entry(position)
    entry.write(copy)
    transaction.set(entry.at + CSHM_ENTRY_STAMP, position &+ 1)
    end.tail &+= 1
    end.lastPushed = id
    if end.tail % UInt64(CSHM_CHUNK_ENTRIES) == 0 {
      // On to the chunk behind: linked before, or only now by this transaction.
      end.tailChunk = chunk.next != 0 ? chunk.next : end.firstNewChunk
    }
    ends[place] = end
    return position
  }

  /// Puts a copy in front of everything.
  mutating func pushUrgent(
    _ copy: Copy, id: UInt64, to ksock: KsockRecord, _ transaction: inout Transaction, _ operation: StaticString
  ) throws(KBusError) {
    let index = try Self.takeFree(bus, &freeUrgentNodes, bus.geometry.urgentNodes, .urgentNode, .urgentNodes, operation)
    let place = end(of: ksock)
    let node = bus.urgentNode(index)
    node.write(copy, next: ends[place].urgentHead)
    transaction.set(node.at + CSHM_NODE_OWNER, ksock.incarnation)
    ends[place].urgentHead = UInt32(index) + 1
    ends[place].urgentCount &+= 1
    ends[place].lastPushed = id
  }

  /// Puts a copy on the set-aside list of a Ksock.
  mutating func setAside(
    _ copy: Copy, for ksock: KsockRecord, _ transaction: inout Transaction, _ operation: StaticString
  ) throws(KBusError) {
    let index = try Self.takeFree(bus, &freeSetAsideNodes, bus.geometry.setAsideNodes, .setAsideNode, .setAsideNodes, operation)
    let place = end(of: ksock)
    let node = bus.setAsideNode(index)
    node.write(copy, next: 0)
    transaction.set(node.at + CSHM_NODE_OWNER, ksock.incarnation)
    let last = ends[place].setAsideTail
    if last == 0 {
      ends[place].setAsideHead = UInt32(index) + 1
    } else {
      transaction.set(try bus.setAsideNode(checking: last, operation).at + CSHM_NODE_NEXT, UInt32(index) + 1)
    }
    ends[place].setAsideTail = UInt32(index) + 1
    ends[place].setAsideCount &+= 1
  }

  /// Reserves a place for an answer (DESIGN R8), or gives one back.
  mutating func reserve(
    _ change: Int32, at ksock: KsockRecord, _ transaction: inout Transaction, _ operation: StaticString
  ) throws(KBusError) {
    let place = end(of: ksock)
    let reserved = Int64(ends[place].reserved) + Int64(change)
    guard reserved >= 0, reserved <= Int64(UInt32.max) else { throw .corrupt(.k4, operation) }
    ends[place].reserved = UInt32(reserved)
    if change > 0 { try keepRoom(place, ksock, entries: 0, &transaction, operation) }
  }

  /// Room for one copy more, beside what is reserved.
  mutating func makeRoom(at ksock: KsockRecord, _ transaction: inout Transaction, _ operation: StaticString) throws(KBusError) {
    try keepRoom(end(of: ksock), ksock, entries: 1, &transaction, operation)
  }

  /// A free record; none twice in one transaction, which does not see its own claims.
  private static func takeFree(
    _ bus: SharedBus, _ search: inout Pool.Search?, _ region: Geometry.Region, _ hint: Scratch.Hint,
    _ pool: ExhaustiblePool, _ operation: StaticString
  ) throws(KBusError) -> Int {
    var begun = search ?? bus.freeOnes(region, hint)
    guard let index = begun.take() else { throw bus.exhausted(pool, operation) }
    search = begun
    bus.scratch.hints[hint.rawValue] = begun.next
    return index
  }

  /// Links chunks in until more entries are free than answers may come (K3), after so many entries more.
  private mutating func keepRoom(
    _ place: Int, _ ksock: KsockRecord, entries: UInt64, _ transaction: inout Transaction, _ operation: StaticString
  ) throws(KBusError) {
    while ends[place].end &- ends[place].tail <= UInt64(ends[place].reserved) &+ entries {
      try addChunk(place, ksock, &transaction, operation)
    }
  }

  private mutating func addChunk(
    _ place: Int, _ ksock: KsockRecord, _ transaction: inout Transaction, _ operation: StaticString
  ) throws(KBusError) {
    let index = try Self.takeFree(bus, &freeChunks, bus.geometry.chunks, .chunk, .chunks, operation)
    var end = ends[place]
    if end.firstNewChunk == 0 {
      bus.noteBacklog(of: ksock)
      try trim(ksock, &transaction, operation)
    }
    let chunk = bus.chunk(index)
    chunk.clear(base: end.end)
    transaction.set(chunk.at + CSHM_CHUNK_OWNER, ksock.incarnation)
    let last = try self.chunk(checking: end.lastChunk, operation)
    if end.firstNewChunk == 0 {
      transaction.set(last.at + CSHM_CHUNK_NEXT, UInt32(index) + 1)
      end.firstNewChunk = UInt32(index) + 1
    } else {
      // The chunk before is new as well: nobody sees it before the commit.
      last.memory.store32(last.at + CSHM_CHUNK_NEXT, UInt32(index) + 1)
    }
    end.lastChunk = UInt32(index) + 1
    end.end &+= UInt64(CSHM_CHUNK_ENTRIES)
    ends[place] = end
  }

  /// Frees the oldest chunks that their reader is done with: two at most, so that a queue shrinks while it moves on.
  private mutating func trim(
    _ ksock: KsockRecord, _ transaction: inout Transaction, _ operation: StaticString
  ) throws(KBusError) {
    let head = ksock.head
    var word = ksock.firstChunk
    for _ in 0..<2 {
      let chunk = try self.chunk(checking: word, operation)
      guard chunk.isDone(head: head) else { break }
      transaction.set(chunk.at + CSHM_CHUNK_OWNER, 0 as UInt64)
      bus.scratch.hints[Scratch.Hint.chunk.rawValue] = chunk.index
      word = chunk.next
    }
    if word != ksock.firstChunk { transaction.set(ksock.at + CSHM_KSOCK_FIRST_CHUNK, word) }
  }

  // Ending

  @inline(__always) private func chunk(checking word: UInt32, _ operation: StaticString) throws(KBusError) -> ChunkRecord {
    guard word >= 1, Int(word) <= chunks.count else { throw .corrupt(.c2, operation) }
    return ChunkRecord(memory: memory, at: chunks.at(Int(word) - 1), index: Int(word) - 1)
  }

  @inline(__always) private func ksock(_ index: Int) -> KsockRecord {
    KsockRecord(memory: memory, at: ksocks.at(index), index: index)
  }

  /// Logs what has changed of every queue.
  borrowing func log(_ transaction: inout Transaction) {
    for place in 0..<count {
      let end = ends[place]
      let ksock = ksock(end.ksock)
      let at = ksock.at
      if end.tail != ksock.tail { transaction.set(at + CSHM_KSOCK_TAIL, end.tail) }
      if end.lastPushed != ksock.lastPushed { transaction.set(at + CSHM_KSOCK_LAST_PUSHED, end.lastPushed) }
      if end.reserved != ksock.reserved {
        transaction.set(at + CSHM_KSOCK_RESERVED, end.reserved)
        if end.reserved > ksock.reservedMax { memory.store32(at + CSHM_KSOCK_RESERVED_MAX, end.reserved) }
      }
      if end.tailChunk != ksock.tailChunk { transaction.set(at + CSHM_KSOCK_TAIL_CHUNK, end.tailChunk) }
      if end.end != ksock.end {
        transaction.set(at + CSHM_KSOCK_END, end.end)
        transaction.set(at + CSHM_KSOCK_LAST_CHUNK, end.lastChunk)
      }
      if end.missed != ksock.missed { transaction.set(at + CSHM_KSOCK_MISSED, end.missed) }
      if end.urgentCount != ksock.urgentCount || end.setAsideCount != ksock.setAsideCount || end.lostSince != ksock.lostSince {
        logLists(end, ksock, &transaction)
      }
    }
  }

  private borrowing func logLists(_ end: QueueEnd, _ ksock: KsockRecord, _ transaction: inout Transaction) {
    transaction.set(ksock.at + CSHM_KSOCK_URGENT_HEAD, end.urgentHead)
    transaction.set(ksock.at + CSHM_KSOCK_URGENT_COUNT, end.urgentCount)
    transaction.set(ksock.at + CSHM_KSOCK_SET_ASIDE_HEAD, end.setAsideHead)
    transaction.set(ksock.at + CSHM_KSOCK_SET_ASIDE_TAIL, end.setAsideTail)
    transaction.set(ksock.at + CSHM_KSOCK_SET_ASIDE_COUNT, end.setAsideCount)
    transaction.set(ksock.at + CSHM_KSOCK_LOST_SINCE, end.lostSince)
    var special = ksock.special & ~UInt32(CSHM_SPECIAL_URGENT | CSHM_SPECIAL_SET_ASIDE)
    if end.urgentCount != 0 { special |= UInt32(CSHM_SPECIAL_URGENT) }
    if end.setAsideCount != 0 { special |= UInt32(CSHM_SPECIAL_SET_ASIDE) }
    transaction.set(ksock.at + CSHM_KSOCK_SPECIAL, special)
  }

  /// After the commit: rings every Ksock that has got something. Each bell is a word of its own right, not part of the
  /// transaction: ringing once too often does no harm, and recovery rings them all.
  consuming func ring(_ rings: inout Rings) {
    for place in 0..<count {
      let ksock = ksock(ends[place].ksock)
      if ksock.sleepers != 0 || ksock.isPolled { bus.noteBacklog(of: ksock) }
      rings.add(ksock)
    }
  }
}

extension SharedBus {
  func freeOnes(_ region: Geometry.Region, _ hint: Scratch.Hint) -> Pool.Search {
    Pool(region: region, memory: memory).freeOnes(from: scratch.hints[hint.rawValue])
  }
}

extension Window {
  /// Room for one more message, by what was seen of the reader's progress last, if that will do (K9). Of a Ksock.
  @inline(__always) func hasRoom(_ tail: UInt64, _ reserved: UInt32) -> Bool {
    let others = Int(u32(CSHM_KSOCK_URGENT_COUNT)) &+ Int(reserved), most = Int(u32(CSHM_KSOCK_MAX_MESSAGES))
    let put = tail &- u64(CSHM_KSOCK_TOMBSTONES)
    let ring = Int(truncatingIfNeeded: put &- u64(CSHM_KSOCK_PASSED_SEEN))
    if ring >= 0, ring &+ others < most { return true }
    let passed = acquire64(CSHM_KSOCK_PASSED)
    store64(CSHM_KSOCK_PASSED_SEEN, passed)
    return max(0, Int(truncatingIfNeeded: put &- passed)) &+ others < most
  }
}
