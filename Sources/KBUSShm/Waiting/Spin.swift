// Spinning: looking again and again for a short while before sleeping. Where another core is about to answer this is hundreds
// of times quicker than a sleep.

internal import CShm

struct Spin {
  private let budget: UInt64
  private let deadline: Deadline
  /// Known when the clock has been read, which is not before the first few looks.
  private var until: UInt64 = 0
  private var looks = 0

  /// No budget: no spinning at all.
  init(budget: UInt64, _ deadline: Deadline) {
    self.budget = budget
    self.deadline = deadline
  }

  /// Pauses for a moment; false when the budget is spent. The clock costs more than a look, so it is read now and then.
  @inline(__always) mutating func goesOn() -> Bool {
    if budget == 0 { return false }
    cshm_pause()
    looks &+= 1
    return looks & 63 != 0 || isWithin()
  }

  @inline(never) private mutating func isWithin() -> Bool {
    let now = cshm_now()
    if until == 0 {
      let (sum, overflow) = now.addingReportingOverflow(budget)
      until = min(overflow ? .max : sum, deadline.nanoseconds)
    }
    return now < until
  }
}

/// How long the waits of one Ksock spin. Spinning in vain takes the processor from whoever is to send; so as long as nothing is said
/// about it, waits in which nothing came meanwhile make the next ones shorter, until something comes soon again.
@safe struct SpinBudget: @unchecked Sendable {
  // Sendable: words that threads read and write as a whole; a word that is lost costs a few microseconds.
  private let words: LocalArray<UInt64>

  private enum Word: Int, CaseIterable { case most, now, isFixed }

  /// Nothing is spared below so many nanoseconds.
  private static let least: UInt64 = 1000
  /// A sleep that is over after so many budgets would better have been a spin: most of it was waking up.
  private static let shortSleep: UInt64 = 2

  init(_ nanoseconds: UInt64) {
    words = LocalArray(repeating: 0, count: Word.allCases.count)
    self[.most] = nanoseconds
    self[.now] = nanoseconds
  }

  func deallocate() { words.deallocate() }

  private subscript(word: Word) -> UInt64 {
    get { unsafe cshm_load64(words.address(word.rawValue)) }
    nonmutating set { unsafe cshm_store64(words.address(word.rawValue), newValue) }
  }

  /// From now on always this.
  func fix(_ nanoseconds: UInt64) {
    self[.isFixed] = 1
    self[.most] = nanoseconds
    self[.now] = nanoseconds
  }

  /// For a wait whose end is known to be near, such as that for a reply.
  var most: UInt64 { self[.most] }
  /// For a wait for whatever comes.
  var now: UInt64 { self[.now] }

  /// Nothing came within the budget.
  func noteFailure() {
    guard self[.isFixed] == 0 else { return }
    let less = self[.now] / 4
    self[.now] = less < Self.least ? 0 : less
  }

  /// When a sleep begins, if that is of interest; else 0.
  var sleepBegins: UInt64 { self[.now] < self[.most] ? cshm_now() : 0 }

  /// Something came at the end of a sleep.
  func noteSleep(since began: UInt64) {
    if began != 0, cshm_now() &- began < Self.shortSleep &* self[.most] { noteSuccess() }
  }

  /// Something came within the budget.
  func noteSuccess() {
    let now = self[.now], most = self[.most]
    if now < most { self[.now] = min(most, max(Self.least, now * 2)) }
  }
}
