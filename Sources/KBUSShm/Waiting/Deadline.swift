// Time limits. A relative one is a Duration in the API; inside it is turned once into an absolute one.

internal import CShm

/// A point in time on CLOCK_MONOTONIC, in nanoseconds.
struct Deadline {
  let nanoseconds: UInt64

  static let never = Deadline(nanoseconds: .max)
  static let now = Deadline(nanoseconds: 0)

  /// So far from now; nil is never, a negative duration is now.
  static func after(_ duration: Duration?) -> Deadline {
    guard let duration else { return .never }
    let span = duration.inNanoseconds
    guard span > 0 else { return .now }
    let (sum, overflow) = cshm_now().addingReportingOverflow(span)
    return overflow ? .never : Deadline(nanoseconds: sum)
  }

  init(nanoseconds: UInt64) { self.nanoseconds = nanoseconds }

  var isPast: Bool { nanoseconds == 0 || (nanoseconds != .max && cshm_now() >= nanoseconds) }
}

extension Duration {
  /// Whole nanoseconds; 0 if negative, the largest number if it does not fit.
  var inNanoseconds: UInt64 {
    let (seconds, attoseconds) = components
    guard seconds >= 0, attoseconds >= 0 else { return 0 }
    let (product, overflow) = UInt64(seconds).multipliedReportingOverflow(by: 1_000_000_000)
    return overflow ? .max : product &+ UInt64(attoseconds / 1_000_000_000)
  }
}
