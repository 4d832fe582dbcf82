import Histogram

/// One run of one scenario, in nanoseconds.
struct Timings {
  /// How many round trips are timed as one where the clock is not to count.
  static let batch = 50

  /// Single round trips, each with the clock read once within it.
  private(set) var histogram = Histogram<UInt64>(highestTrackableValue: 3_600_000_000_000)
  /// The median batch divided by its length.
  private(set) var meanAmortised: Double

  init(of exchange: some Exchange, samples: Int) throws(BenchError) {
    var number: UInt32 = 1
    func trip() throws(BenchError) {
      try exchange.roundTrip(number)
      number += 1
    }

    // Caches, page tables and the other side's spinning have to settle first.
    for _ in 0..<max(100, samples / 10) { try trip() }

    // Nothing but the round trip lies between two readings: the histogram is filled afterwards.
    var singles = [UInt64](repeating: 0, count: samples)
    for index in singles.indices {
      let start = Clock.now()
      try trip()
      singles[index] = Clock.now() - start
    }

    var batches = [UInt64](repeating: 0, count: max(1, samples / Timings.batch))
    for index in batches.indices {
      let start = Clock.now()
      for _ in 0..<Timings.batch { try trip() }
      batches[index] = Clock.now() - start
    }

    for single in singles { histogram.record(single) }
    meanAmortised = Double(batches.sorted()[batches.count / 2]) / Double(Timings.batch)
  }

  /// Half of the round trips took no longer.
  var median: UInt64 { histogram.valueAtPercentile(50) }
}
