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
