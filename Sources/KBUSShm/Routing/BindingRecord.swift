// A binding as the bus file holds it (cshm_binding, invariants B1 and B2).

internal import CShm

struct BindingRecord {
  let memory: BusMemory
  let at: Int
  let index: Int
  let longNames: Geometry.Region

  /// All of its words, whose bounds are checked together.
  @inline(__always) private var window: Window { memory.window(at, CSHM_BINDING_SIZE) }

  @inline(__always) var sequence: UInt64 { window.u64(CSHM_BINDING_SEQUENCE) }
  @inline(__always) var hash: UInt64 { window.u64(CSHM_BINDING_HASH) }
  var incarnation: UInt64 { window.u64(CSHM_BINDING_INCARNATION) }
  @inline(__always) var ksock: UInt32 { window.u32(CSHM_BINDING_KSOCK) }
  @inline(__always) var kind: UInt32 { window.u32(CSHM_BINDING_KIND) }
  @inline(__always) var chainNext: UInt32 { window.u32(CSHM_BINDING_CHAIN_NEXT) }
  var chainPrevious: UInt32 { window.u32(CSHM_BINDING_CHAIN_PREV) }
  var ownNext: UInt32 { window.u32(CSHM_BINDING_OWN_NEXT) }
  var ownPrevious: UInt32 { window.u32(CSHM_BINDING_OWN_PREV) }
  var longName: UInt32 { window.u32(CSHM_BINDING_LONG_NAME) }

  @inline(__always) var isReplier: Bool { kind & UInt32(CSHM_BINDING_REPLIER) != 0 }

  var form: MessageName.Form {
    if kind & UInt32(CSHM_BINDING_CHILD) != 0 { return .child }
    return kind & UInt32(CSHM_BINDING_DESCENDANTS) != 0 ? .descendants : .plain
  }

  /// Where the name is, and its length.
  @inline(__always) func nameBytes(_ operation: StaticString) throws(KBusError) -> (offset: Int, count: Int) {
    let count = Int(window.u32(CSHM_BINDING_NAME_BYTES))
    if count <= Int(CSHM_INLINE_NAME) { return (at + CSHM_BINDING_NAME, count) }
    let long = Int(longName)
    guard count <= MessageName.maximumLength, long >= 1, long <= longNames.count else { throw .corrupt(.b2, operation) }
    return (longNames.at(long - 1) + CSHM_LONG_NAME_BYTES, count)
  }

  func name(_ operation: StaticString) throws(KBusError) -> MessageName {
    let (offset, count) = try nameBytes(operation)
    return MessageName(bytes: memory.copyOut(offset, count: count))
  }

  /// Whether this is a binding to exactly this name.
  func isNamed(_ name: [UInt8], _ operation: StaticString) throws(KBusError) -> Bool {
    let (offset, count) = try nameBytes(operation)
    return count == name.count && memory.holds(name, at: offset)
  }
}

extension SharedBus {
  @inline(__always) func binding(_ index: Int) -> BindingRecord {
    BindingRecord(memory: memory, at: geometry.bindings.at(index), index: index, longNames: geometry.longNames)
  }

  /// The binding that a word of the file names (+1).
  @inline(__always) func binding(checking word: UInt32, _ operation: StaticString) throws(KBusError) -> BindingRecord {
    guard word >= 1, Int(word) <= geometry.limits.bindings else { throw .corrupt(.b2, operation) }
    return binding(Int(word) - 1)
  }

  @inline(__always) func bucket(_ hash: UInt64) -> Int {
    geometry.buckets.at(Int(truncatingIfNeeded: (hash ^ hash >> 32) & UInt64(geometry.buckets.count - 1)))
  }

  /// The bindings filed under a hash, newest first.
  @inline(__always) func bindings(filed hash: UInt64) -> BindingChain {
    BindingChain(bus: BorrowedBus(self), hash: hash, word: memory.u32(bucket(hash)), left: geometry.limits.bindings)
  }
}

/// The bindings of one bucket that bear one hash.
struct BindingChain {
  fileprivate let bus: BorrowedBus
  fileprivate let hash: UInt64
  fileprivate var word: UInt32
  /// How many steps the chain can still have: it may be damaged, and lead in a circle.
  fileprivate var left: Int

  @inline(__always) mutating func next(_ operation: StaticString) throws(KBusError) -> BindingRecord? {
    while word != 0 {
      let binding = try bus.shared.binding(checking: word, operation)
      guard left > 0 else { throw .corrupt(.b2, operation) }
      left -= 1
      word = binding.chainNext
      if binding.hash == hash { return binding }
    }
    return nil
  }
}
