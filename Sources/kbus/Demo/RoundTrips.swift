import Histogram

/// How long answers took.
struct RoundTrips {
  // From 1 ns to a minute, with three digits.
  private var histogram = Histogram<UInt64>(highestTrackableValue: 60_000_000_000)

  mutating func record(_ duration: Duration) {
    let (seconds, attoseconds) = duration.components
    histogram.record(UInt64(max(0, seconds * 1_000_000_000 + attoseconds / 1_000_000_000)))
  }

  /// For example `p50 31.2 us, p90 44.0 us, p99 81.5 us, max 102.4 us`.
  var text: String {
    let percentiles = [50, 90, 99].map { "p\(Int($0)) \(Self.microseconds(histogram.valueAtPercentile($0)))" }
    return (percentiles + ["max \(Self.microseconds(histogram.max))"]).joined(separator: ", ")
  }

  var isEmpty: Bool { histogram.totalCount == 0 }

  private static func microseconds(_ nanoseconds: UInt64) -> String {
    let tenths = (nanoseconds + 50) / 100
    return "\(tenths / 10).\(tenths % 10) us"
  }
}
