import Glibc

/// A logarithmic axis over some length.
struct LogAxis {
  private let low: Double
  private let high: Double
  private let start: Double
  private let end: Double

  /// Wide enough for all these; whole decades, or parts of them where there is little to show.
  init(over values: [Double], from start: Double, to end: Double) {
    let positive = values.filter { $0 > 0 }
    let least = log10(positive.min() ?? 1), most = log10(positive.max() ?? 10)
    low = floor(least * 2) / 2
    high = max(low + 1, ceil(most * 2) / 2)
    self.start = start
    self.end = end
  }

  func place(_ value: Double) -> Double { start + (log10(max(value, 1e-9)) - low) / (high - low) * (end - start) }

  /// Where lines are drawn: at 1, 10, 100; and at 2 and 5 times that where there is room.
  var ticks: [Double] {
    let isShort = high - low <= 2.5
    var ticks: [Double] = []
    for decade in Int(floor(low))...Int(ceil(high)) {
      for factor in isShort ? [1.0, 2, 5] : [1.0] {
        let value = pow(10, Double(decade)) * factor
        if log10(value) >= low - 0.001, log10(value) <= high + 0.001 { ticks.append(value) }
      }
    }
    return ticks
  }
}

extension Double {
  /// A place in a drawing.
  var at: String { fixed(1) }
}
