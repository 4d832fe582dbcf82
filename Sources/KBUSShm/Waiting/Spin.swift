// Spinning: looking again and again for a short while before sleeping. Where another core is about to answer this is hundreds
// of times quicker than a sleep.

internal import CShm

struct Spin {
  private var until: UInt64
  private var looks = 0

  /// No budget, or a deadline in the past: no spinning at all.
  init(budget: UInt64, _ deadline: Deadline) {
    guard budget > 0, !deadline.isPast else {
      until = 0
      return
    }
    let (sum, overflow) = cshm_now().addingReportingOverflow(budget)
    until = min(overflow ? .max : sum, deadline.nanoseconds)
  }

  /// Pauses for a moment; false when the budget is spent. The clock costs more than a look, so it is read now and then.
  @inline(__always) mutating func goesOn() -> Bool {
    if until == 0 { return false }
    cshm_pause()
    looks &+= 1
    return looks & 63 != 0 || cshm_now() < until
  }
}
