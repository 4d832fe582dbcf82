import CBench

/// CLOCK_MONOTONIC in nanoseconds. The standard library's clocks say the same at several times the price.
enum Clock {
  static func now() -> UInt64 { cbench_now() }

  /// What one reading costs, in nanoseconds: the best of several batches, so that an interruption does not count.
  static func cost() -> Double {
    let readings = 10_000
    var best = UInt64.max
    for _ in 0..<20 {
      let start = now()
      var last = start
      for _ in 0..<readings { last = now() }
      best = min(best, last - start)
    }
    return Double(best) / Double(readings)
  }
}
