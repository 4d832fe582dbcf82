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
  /// Words of the log.
  private var count = 0

  /// Begins a transaction in the journal of one Ksock, for few words, or in the wide journal of the bus.
  init(_ bus: borrowing SharedBus, journalOf ksock: Int?) {
    memory = bus.memory
    if let ksock {
      journal = bus.geometry.journals.at(ksock)
      capacity = Int(CSHM_JOURNAL_WORDS)
    } else {
      journal = bus.geometry.wideJournal
      capacity = bus.geometry.wideJournalWords
    }
    let word = bus.geometry.lockLine + CSHM_LOCK_LINE_JOURNAL, number = ksock.map { UInt32($0) + 1 } ?? 0
    if memory.u32(word) != number { memory.store32(word, number) }
  }

  #if hasFeature(Embedded)
    // A hundred copies of this are a good part of libkbus.so.
    @inline(never)
  #else
    @inline(__always)
  #endif
  private mutating func log(_ place: UInt64, _ value: UInt64) {
    precondition(count &+ 2 <= capacity, "a transaction outgrew its journal")
    memory.storePair64(journal &+ CSHM_JOURNAL_SIZE &+ count &* 8, place, value)
    count &+= 2
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
  @inline(__always) func willPublish(slot: Int) { memory.store64(journal + CSHM_JOURNAL_PHASE, UInt64(slot) + 1) }

  /// From here on it has happened.
  consuming func commit() {
    memory.store64(journal + CSHM_JOURNAL_PHASE, CSHM_COMMITTED | UInt64(count))
    Self.apply(memory, journal, count)
    memory.store64(journal + CSHM_JOURNAL_PHASE, 0)
  }

  /// The place that the first word of an entry names, and how many words of 64 bits there are beyond the first.
  private static func decode(_ word: UInt64) -> (offset: Int, further: Int) {
    (Int(truncatingIfNeeded: word & (CSHM_RUN - 1) & ~3), Int(truncatingIfNeeded: word / CSHM_RUN))
  }

  /// Stores every entry: in `commit`, and again in recovery. Absolute values, so once more does no harm.
  private static func apply(_ memory: BusMemory, _ journal: Int, _ count: Int) {
    var word = journal &+ CSHM_JOURNAL_SIZE
    let end = word &+ count &* 8
    while word < end {
      let (place, value) = memory.pair64(word), (offset, further) = decode(place)
      switch place & 3 {
      case 0: memory.store64(offset, value)
      case UInt64(CSHM_STORE_32): memory.store32(offset, UInt32(truncatingIfNeeded: value))
      default: memory.clearBits(offset, value)
      }
      word &+= 16
      for number in 0..<further {
        memory.store64(offset &+ 8 &* (number &+ 1), memory.u64(word))
        word &+= 8
      }
    }
  }

  /// Finishes or drops what a dead holder of the lock left in its journal.
  static func recover(_ bus: borrowing SharedBus) throws(KBusError) {
    let memory = bus.memory, geometry = bus.geometry
    let number = Int(memory.u32(geometry.lockLine + CSHM_LOCK_LINE_JOURNAL))
    guard number <= geometry.limits.ksocks else { throw .corrupt(.l1, "recover") }
    let journal = number == 0 ? geometry.wideJournal : geometry.journals.at(number - 1)
    let phase = memory.u64(journal + CSHM_JOURNAL_PHASE)
    if phase < CSHM_COMMITTED {
      guard phase <= UInt64(geometry.slotCount) else { throw .corrupt(.j2, "recover") }
      if phase != 0 { bus.dropHolders(bus.slot(Int(phase) - 1)) }
    } else {
      let count = Int(truncatingIfNeeded: phase & 0xFFFF_FFFF)
      guard phase & ~0xFFFF_FFFF == CSHM_COMMITTED, count <= (number == 0 ? geometry.wideJournalWords : Int(CSHM_JOURNAL_WORDS)) else {
        throw .corrupt(.j1, "recover")
      }
      try check(bus, journal, count)
      apply(memory, journal, count)
    }
    memory.store64(journal + CSHM_JOURNAL_PHASE, 0)
  }

  /// Whether every entry leads into the bus file, and the last ends where the log does.
  private static func check(_ bus: borrowing SharedBus, _ journal: Int, _ count: Int) throws(KBusError) {
    let memory = bus.memory
    var word = 0
    while word < count {
      let place = memory.u64(journal + CSHM_JOURNAL_SIZE + word * 8), (offset, further) = decode(place)
      // The lock itself is the first word of all that transactions change.
      guard offset >= bus.geometry.lockLine + CSHM_LOCK_LINE_SEQUENCE, place & 3 != 3, further < Int(CSHM_LONGEST_RUN),
        further == 0 || place & 3 == 0, offset <= memory.count - 16 - 8 * further
      else { throw .corrupt(.j1, "recover") }
      word += 2 + further
    }
    guard word == count else { throw .corrupt(.j1, "recover") }
  }
}
