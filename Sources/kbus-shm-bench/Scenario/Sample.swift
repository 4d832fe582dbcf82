import Histogram

/// What one run of one case gives.
struct Sample {
  /// Single times in nanoseconds, each with the clock read once within it; nil if the case has none.
  var histogram: Histogram<UInt64>?
  /// The figure of this run: the median of single times, or a rate, or a size.
  var figure: Double
  /// The same without the clock's price, where that is known.
  var amortised: Double?
  /// The case's bracket, figure and amortised, as it was around this run.
  var bracket: (figure: Double, amortised: Double)?

  /// Messages a second that came through, where a rate was intended.
  var rate: Double?

  init(figure: Double) { self.figure = figure }

  /// Of what a part has written: single times; and how many were timed as one, followed by the times of batches.
  init(times lists: [[UInt64]]) throws(BenchError) {
    guard lists.count == 2 else { throw BenchError("a part left \(lists.count) lists of figures, and not 2") }
    if !lists[0].isEmpty {
      var histogram = Histogram<UInt64>(highestTrackableValue: Sample.longest)
      for time in lists[0] { histogram.record(min(time, Sample.longest)) }
      self.histogram = histogram
    }
    if let length = lists[1].first, length > 0, lists[1].count > 1 {
      let batches = lists[1].dropFirst().sorted()
      amortised = Double(batches[batches.count / 2]) / Double(length)
    }
    guard let figure = histogram.map({ Double($0.valueAtPercentile(50)) }) ?? amortised else {
      throw BenchError("a part left no figures")
    }
    self.figure = figure
  }

  /// An hour.
  static let longest: UInt64 = 3_600_000_000_000
}
