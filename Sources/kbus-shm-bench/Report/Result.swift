import Histogram

/// All runs of one scenario.
struct Result {
  let scenario: Scenario
  private(set) var all = Histogram<UInt64>(highestTrackableValue: 3_600_000_000_000)
  /// The median of each run.
  private(set) var runs: [UInt64] = []
  private(set) var amortisedRuns: [Double] = []

  init(scenario: Scenario) { self.scenario = scenario }

  mutating func add(_ timings: Timings) {
    all.add(timings.histogram)
    runs.append(timings.median)
    amortisedRuns.append(timings.meanAmortised)
  }

  var meanAmortised: Double { amortisedRuns.median }
}

extension Result: Encodable {
  private enum Key: String, CodingKey {
    case scenario, transport, mode, cores, payloadBytes, unit, p50, p90, p99, p999, max, meanAmortised
    case samples, runs, runsAmortised
  }

  func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: Key.self)
    try container.encode("rtt", forKey: .scenario)
    try container.encode(scenario.transport, forKey: .transport)
    try container.encode(scenario.mode, forKey: .mode)
    try container.encode(scenario.cores, forKey: .cores)
    try container.encode(Payload.bytes, forKey: .payloadBytes)
    try container.encode("ns", forKey: .unit)
    try container.encode(all.valueAtPercentile(50), forKey: .p50)
    try container.encode(all.valueAtPercentile(90), forKey: .p90)
    try container.encode(all.valueAtPercentile(99), forKey: .p99)
    try container.encode(all.valueAtPercentile(99.9), forKey: .p999)
    try container.encode(all.max, forKey: .max)
    try container.encode(meanAmortised, forKey: .meanAmortised)
    try container.encode(all.totalCount, forKey: .samples)
    try container.encode(runs, forKey: .runs)
    try container.encode(amortisedRuns, forKey: .runsAmortised)
  }
}

extension [Double] {
  /// The middle value; between the two middle ones if their number is even.
  var median: Double {
    let sorted = sorted()
    let middle = sorted.count / 2
    return sorted.count.isMultiple(of: 2) ? (sorted[middle - 1] + sorted[middle]) / 2 : sorted[middle]
  }
}
