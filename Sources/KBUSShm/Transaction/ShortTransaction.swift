// A transaction whose few words are known beforehand, in the sender's own journal. It logs runs of words, and whoever uses it
// applies them itself, from where it has them: the journal is read only by recovery.

internal import CShm

struct ShortTransaction: ~Copyable {
  private let journal: Window
  /// Where the next word of the log goes, in bytes from the journal's start.
  private var next = CSHM_JOURNAL_SIZE

  /// The most words that the log holds. Who begins a short transaction knows that it needs no more.
  static let mostWords = Int(CSHM_JOURNAL_WORDS)

  /// The journal of one Ksock, with its log.
  static func journal(_ bus: SharedBus, of ksock: Int) -> Window {
    bus.memory.window(bus.geometry.journals.at(ksock), CSHM_JOURNAL_SIZE + mostWords * 8)
  }

  /// In the journal that has this number (L1).
  @inline(__always) init(_ journal: Window, _ number: UInt32, _ line: Window) {
    self.journal = journal
    if line.u32(CSHM_LOCK_LINE_JOURNAL) != number { line.store32(CSHM_LOCK_LINE_JOURNAL, number) }
  }

  /// Notes that holder bits of this slot are about to be set, direct: dropped with the transaction (J2).
  @inline(__always) func willPublish(slot: UInt32) { journal.store64(CSHM_JOURNAL_PHASE, UInt64(slot) &+ 1) }

  @inline(__always) private mutating func log(_ word: UInt64) {
    journal.store64(next, word)
    next &+= 8
  }

  @inline(__always) mutating func set(_ offset: Int, _ word: UInt64) {
    log(UInt64(truncatingIfNeeded: offset))
    log(word)
  }

  @inline(__always) mutating func set32(_ offset: Int, _ word: UInt32) {
    log(UInt64(truncatingIfNeeded: offset) | UInt64(CSHM_STORE_32))
    log(UInt64(word))
  }

  @inline(__always) mutating func set(_ offset: Int, _ first: UInt64, _ second: UInt64) {
    log(UInt64(truncatingIfNeeded: offset) | CSHM_RUN)
    log(first)
    log(second)
  }

  @inline(__always) mutating func set(_ offset: Int, _ first: UInt64, _ second: UInt64, _ third: UInt64) {
    log(UInt64(truncatingIfNeeded: offset) | 2 * CSHM_RUN)
    log(first)
    log(second)
    log(third)
  }

  @inline(__always) mutating func set(_ offset: Int, _ first: UInt64, _ second: UInt64, _ third: UInt64, _ fourth: UInt64) {
    log(UInt64(truncatingIfNeeded: offset) | 3 * CSHM_RUN)
    log(first)
    log(second)
    log(third)
    log(fourth)
  }

  /// From here on it has happened; the caller stores what it has logged.
  @inline(__always) borrowing func commit() {
    journal.store64(CSHM_JOURNAL_PHASE, CSHM_COMMITTED | UInt64((next &- CSHM_JOURNAL_SIZE) / 8))
  }

  /// The caller has stored everything.
  @inline(__always) consuming func end() { journal.store64(CSHM_JOURNAL_PHASE, 0) }
}
