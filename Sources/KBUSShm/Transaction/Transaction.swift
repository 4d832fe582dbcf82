// One transaction: plan, log, commit, apply (DESIGN R3).
//
// Whoever holds the bus lock computes, read-only, every word that is to change, and logs each as (place, new value).
// Nothing of the bus has changed until `commit`, so an error before it costs nothing: the transaction is dropped. `commit`
// is one store; from then on the words will be stored, by us or by whoever finds us dead. A transaction does not see its own
// changes: what it needs of them again it keeps in locals (`QueueEnd`).

internal import CShm

struct Transaction: ~Copyable {
  let memory: BusMemory
  private let journal: Int
  private let capacity: Int
  private var count = 0

  /// Begins a transaction in the journal of one Ksock, for few words, or in the wide journal of the bus.
  init(_ bus: borrowing SharedBus, journalOf ksock: Int?) {
    memory = bus.memory
    let number: UInt32
    if let ksock {
      journal = bus.geometry.journals.at(ksock)
      capacity = Int(CSHM_JOURNAL_ENTRIES)
      number = UInt32(ksock) + 1
    } else {
      journal = bus.geometry.wideJournal
      capacity = bus.geometry.wideJournalEntries
      number = 0
    }
    let word = bus.geometry.lockLine + CSHM_LOCK_LINE_JOURNAL
    if memory.u32(word) != number { memory.store32(word, number) }
  }

  #if hasFeature(Embedded)
    // A hundred copies of this are a good part of libkbus.so.
    @inline(never)
  #else
    @inline(__always)
  #endif
  private mutating func log(_ place: UInt64, _ value: UInt64) {
    precondition(count < capacity, "a transaction outgrew its journal")
    let entry = journal &+ CSHM_JOURNAL_SIZE &+ count &* CSHM_JOURNAL_ENTRY_SIZE
    memory.storePair64(entry, place, value)
    count &+= 1
  }

  /// A 64-bit word is to become `value`.
  @inline(__always) mutating func set(_ offset: Int, _ value: UInt64) { log(UInt64(offset), value) }

  /// A 32-bit word is to become `value`.
  @inline(__always) mutating func set(_ offset: Int, _ value: UInt32) {
    log(UInt64(offset) | UInt64(CSHM_STORE_32), UInt64(value))
  }

  /// These bits of a word that others clear as well are to be cleared.
  @inline(__always) mutating func clear(_ offset: Int, bits: UInt64) { log(UInt64(offset) | UInt64(CSHM_CLEAR_BITS), bits) }

  /// Notes that holder bits of this slot are about to be set, direct: dropped with the transaction (J2).
  @inline(__always) func willPublish(slot: Int) { memory.store64(journal + CSHM_JOURNAL_SLOT, UInt64(slot) + 1) }

  /// From here on it has happened.
  consuming func commit() {
    memory.store64(journal + CSHM_JOURNAL_PHASE, CSHM_COMMITTED | UInt64(count))
    Self.apply(memory, journal, count)
    memory.store64(journal + CSHM_JOURNAL_SLOT, 0)
    memory.store64(journal + CSHM_JOURNAL_PHASE, 0)
  }

  /// Stores every entry: in `commit`, and again in recovery. Absolute values, so once more does no harm.
  private static func apply(_ memory: BusMemory, _ journal: Int, _ count: Int) {
    var entry = journal &+ CSHM_JOURNAL_SIZE
    for _ in 0..<count {
      let (place, value) = memory.pair64(entry)
      let offset = Int(truncatingIfNeeded: place & ~3)
      switch place & 3 {
      case 0: memory.store64(offset, value)
      case UInt64(CSHM_STORE_32): memory.store32(offset, UInt32(truncatingIfNeeded: value))
      default: memory.clearBits(offset, value)
      }
      entry &+= CSHM_JOURNAL_ENTRY_SIZE
    }
  }

  /// Finishes or drops what a dead holder of the lock left in its journal.
  static func recover(_ bus: borrowing SharedBus) throws(KBusError) {
    let memory = bus.memory, geometry = bus.geometry
    let number = Int(memory.u32(geometry.lockLine + CSHM_LOCK_LINE_JOURNAL))
    guard number <= geometry.limits.ksocks else { throw .corrupt(.l1, "recover") }
    let journal = number == 0 ? geometry.wideJournal : geometry.journals.at(number - 1)
    let capacity = number == 0 ? geometry.wideJournalEntries : Int(CSHM_JOURNAL_ENTRIES)
    let phase = memory.u64(journal + CSHM_JOURNAL_PHASE)
    if phase == 0 {
      let slot = memory.u64(journal + CSHM_JOURNAL_SLOT)
      guard slot <= UInt64(geometry.slotCount) else { throw .corrupt(.j2, "recover") }
      if slot != 0 { bus.slot(Int(slot) - 1).dropHolders() }
    } else {
      let count = Int(truncatingIfNeeded: phase & 0xFFFF_FFFF)
      guard phase & ~0xFFFF_FFFF == CSHM_COMMITTED, count <= capacity else { throw .corrupt(.j1, "recover") }
      for index in 0..<count {
        let place = memory.u64(journal + CSHM_JOURNAL_SIZE + index * CSHM_JOURNAL_ENTRY_SIZE + CSHM_JOURNAL_ENTRY_PLACE)
        guard place >= UInt64(Geometry.page), place & 3 != 3, place & ~3 <= UInt64(memory.count - 16) else {
          throw .corrupt(.j1, "recover")
        }
      }
      apply(memory, journal, count)
    }
    memory.store64(journal + CSHM_JOURNAL_SLOT, 0)
    memory.store64(journal + CSHM_JOURNAL_PHASE, 0)
  }
}
