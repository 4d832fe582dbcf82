// Chunks of queues, and the entries in them (cshm_chunk, cshm_entry, cshm_node).

internal import CShm

/// A chunk: thirty-two entries of one queue, at consecutive positions.
struct ChunkRecord {
  let memory: BusMemory
  let at: Int
  let index: Int

  /// All of its words, whose bounds are checked together.
  @inline(__always) private var window: Window { memory.window(at, CSHM_CHUNK_SIZE + Int(CSHM_CHUNK_ENTRIES) * CSHM_ENTRY_SIZE) }

  @inline(__always) var owner: UInt64 { window.u64(CSHM_CHUNK_OWNER) }
  @inline(__always) var base: UInt64 { window.u64(CSHM_CHUNK_BASE) }
  @inline(__always) var next: UInt32 { window.acquire32(CSHM_CHUNK_NEXT) }

  /// The entry for a position, which must be one of this chunk's.
  @inline(__always) func entry(_ position: UInt64) -> EntryRecord {
    let place = Int(position % UInt64(CSHM_CHUNK_ENTRIES))
    return EntryRecord(memory: memory, at: at &+ CSHM_CHUNK_SIZE &+ place &* CSHM_ENTRY_SIZE)
  }

  /// Makes a free chunk ready: no entry of an earlier use may look published.
  func clear(base: UInt64) {
    window.store64(CSHM_CHUNK_BASE, base)
    window.store32(CSHM_CHUNK_NEXT, 0)
    for place in 0..<Int(CSHM_CHUNK_ENTRIES) { window.store64(CSHM_CHUNK_SIZE + place * CSHM_ENTRY_SIZE + CSHM_ENTRY_STAMP, 0) }
  }
}

/// One delivered copy, in a queue or in a node.
struct EntryRecord {
  let memory: BusMemory
  let at: Int

  /// All of its words, whose bounds are checked together.
  @inline(__always) var window: Window { memory.window(at, CSHM_ENTRY_SIZE) }

  @inline(__always) var stamp: UInt64 { window.acquire64(CSHM_ENTRY_STAMP) }
  @inline(__always) var binding: UInt64 { window.u64(CSHM_ENTRY_BINDING) }

  @inline(__always) var copy: Copy { Copy(window) }

  /// Everything but the stamp, direct: invisible until the stamp is committed.
  func write(_ copy: Copy) {
    let entry = window
    entry.store64(CSHM_ENTRY_BINDING, copy.binding)
    entry.store64(CSHM_ENTRY_SLOT, copy.slotWord)
    entry.store64(CSHM_ENTRY_META, copy.kindWord)
  }
}

extension Copy {
  @inline(__always) var isMessage: Bool { kind & UInt32(CSHM_ENTRY_KIND_MASK) == UInt32(CSHM_ENTRY_MESSAGE) }
  @inline(__always) var isYours: Bool { kind & UInt32(CSHM_ENTRY_YOURS) != 0 }
  @inline(__always) var isTombstone: Bool { kind & UInt32(CSHM_ENTRY_TOMBSTONE) != 0 }
}

/// A copy apart from the ring: urgent, or set aside.
struct NodeRecord {
  let memory: BusMemory
  let at: Int
  let index: Int

  /// All of its words, whose bounds are checked together.
  @inline(__always) private var window: Window { memory.window(at, CSHM_NODE_SIZE) }

  var owner: UInt64 { window.u64(CSHM_NODE_OWNER) }
  var next: UInt32 { window.u32(CSHM_NODE_NEXT) }
  var entry: EntryRecord { EntryRecord(memory: memory, at: at + CSHM_NODE_ENTRY) }

  func write(_ copy: Copy, next: UInt32) {
    window.store32(CSHM_NODE_NEXT, next)
    entry.write(copy)
  }
}

extension SharedBus {
  @inline(__always) func chunk(_ index: Int) -> ChunkRecord { ChunkRecord(memory: memory, at: geometry.chunks.at(index), index: index) }

  @inline(__always) func chunk(checking word: UInt32, _ operation: StaticString) throws(KBusError) -> ChunkRecord {
    guard let chunk = chunk(ifThere: word) else { throw .corrupt(.c2, operation) }
    return chunk
  }

  /// The chunk that a word of the file names (+1).
  @inline(__always) func chunk(ifThere word: UInt32) -> ChunkRecord? {
    word >= 1 && Int(word) <= geometry.chunks.count ? chunk(Int(word) &- 1) : nil
  }

  func urgentNode(_ index: Int) -> NodeRecord { NodeRecord(memory: memory, at: geometry.urgentNodes.at(index), index: index) }

  func urgentNode(checking word: UInt32, _ operation: StaticString) throws(KBusError) -> NodeRecord {
    guard word >= 1, Int(word) <= geometry.urgentNodes.count else { throw .corrupt(.n1, operation) }
    return urgentNode(Int(word) - 1)
  }

  func setAsideNode(_ index: Int) -> NodeRecord { NodeRecord(memory: memory, at: geometry.setAsideNodes.at(index), index: index) }

  func setAsideNode(checking word: UInt32, _ operation: StaticString) throws(KBusError) -> NodeRecord {
    guard word >= 1, Int(word) <= geometry.setAsideNodes.count else { throw .corrupt(.n1, operation) }
    return setAsideNode(Int(word) - 1)
  }

  /// Goes through the entries of a queue from head to tail, tombstones included.
  func forEachEntry(
    of ksock: KsockRecord, _ operation: StaticString, _ body: (UInt64, EntryRecord) throws(KBusError) -> Bool
  ) throws(KBusError) {
    try forEachEntry(of: ksock, from: ksock.head, operation, body)
  }

  func forEachEntry(
    of ksock: KsockRecord, from first: UInt64, _ operation: StaticString,
    _ body: (UInt64, EntryRecord) throws(KBusError) -> Bool
  ) throws(KBusError) {
    let tail = ksock.tail
    var position = max(first, ksock.head)
    guard tail &- position <= UInt64(geometry.chunks.count * Int(CSHM_CHUNK_ENTRIES)) else { throw .corrupt(.k2, operation) }
    if position == tail { return }
    var chunk = try chunk(holding: position, of: ksock, operation)
    while position < tail {
      if try !body(position, chunk.entry(position)) { return }
      position += 1
      if position < tail, position % UInt64(CSHM_CHUNK_ENTRIES) == 0 { chunk = try self.chunk(checking: chunk.next, operation) }
    }
  }

  /// The chunk of a queue that holds a position.
  func chunk(holding position: UInt64, of ksock: KsockRecord, _ operation: StaticString) throws(KBusError) -> ChunkRecord {
    var chunk = try chunk(checking: ksock.firstChunk, operation)
    var hops = 0
    while position &- chunk.base >= UInt64(CSHM_CHUNK_ENTRIES) {
      hops += 1
      guard hops <= geometry.chunks.count else { throw .corrupt(.c2, operation) }
      chunk = try self.chunk(checking: chunk.next, operation)
    }
    return chunk
  }
}
