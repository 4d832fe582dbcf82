import Histogram

/// All runs of one case.
struct Result {
  let configuration: Configuration
  let unit: Unit
  let goal: Goal?
  let ceiling: Double?
  let standards: [Standard]
  private(set) var histogram: Histogram<UInt64>?
  /// The figure of each run.
  private(set) var runs: [Double] = []
  private(set) var amortisedRuns: [Double] = []
  private var rates: [Double] = []
  let bracket: Configuration?
  /// What the bracket was around each run.
  private(set) var brackets: [(figure: Double, amortised: Double)] = []

  init(_ measured: Case) {
    configuration = measured.configuration
    unit = measured.unit
    goal = measured.goal
    ceiling = measured.ceiling
    standards = measured.standards
    bracket = measured.bracket
  }

  mutating func add(_ sample: Sample) {
    if let more = sample.histogram {
      if histogram == nil { histogram = Histogram(highestTrackableValue: Sample.longest) }
      histogram?.add(more)
    }
    runs.append(sample.figure)
    if let amortised = sample.amortised { amortisedRuns.append(amortised) }
    if let bracket = sample.bracket { brackets.append(bracket) }
    if let rate = sample.rate { rates.append(rate) }
  }

  /// The median of the runs.
  var figure: Double { runs.median }
  var isTooHigh: Bool { ceiling.map { figure > $0 } ?? false }
  var amortised: Double? { amortisedRuns.isEmpty ? nil : amortisedRuns.median }

  /// Messages a second that came through, where a rate was intended.
  var rate: Double? { rates.isEmpty ? nil : rates.median }

  /// Each run as a multiple of the bracket around it.
  var multiples: [Double] { zip(runs, brackets).map { $0 / $1.figure } }
  var amortisedMultiples: [Double] { zip(amortisedRuns, brackets).map { $0 / $1.amortised } }

  static let percentiles = [50, 90, 99, 99.9, 99.99]

  /// Of all single times of all runs; the last is the longest. Nil where there are too few times to have one that is so rare.
  var percentiles: [UInt64?]? {
    histogram.map { histogram in
      Result.percentiles.map { percentile in
        Double(histogram.totalCount) * (100 - percentile) >= 99.999 ? histogram.valueAtPercentile(percentile) : nil
      } + [histogram.max]
    }
  }

  /// One of them with its unit.
  func percentileText(_ place: Int) -> String { percentiles?[place].map { unit.text(Double($0)) } ?? "-" }
}

extension Result: Encodable {
  private enum Key: String, CodingKey {
    case scenario, transport, mode, api, cores, senders, listeners, bindings, bystanders, backlog, payloadBytes, rate, memoryBytes,
      requests, variant, unit, value, runs, achievedRate
    case p50, p90, p99, p999, p9999, max, samples, meanAmortised, runsAmortised, goal, goalIs, isMet, ceiling
  }

  func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: Key.self)
    try container.encode(configuration.scenario, forKey: .scenario)
    try container.encode(configuration.transport, forKey: .transport)
    try container.encode(configuration.mode, forKey: .mode)
    try container.encode(configuration.interface, forKey: .api)
    try container.encode(configuration.cores, forKey: .cores)
    try container.encode(configuration.senders, forKey: .senders)
    try container.encode(configuration.listeners, forKey: .listeners)
    try container.encode(configuration.bindings, forKey: .bindings)
    if configuration.bystanders != 1 { try container.encode(configuration.bystanders, forKey: .bystanders) }
    if configuration.backlog != 0 { try container.encode(configuration.backlog, forKey: .backlog) }
    try container.encode(configuration.payloadBytes, forKey: .payloadBytes)
    if configuration.rate != 0 { try container.encode(configuration.rate, forKey: .rate) }
    if configuration.memoryBytes != 0 { try container.encode(configuration.memoryBytes, forKey: .memoryBytes) }
    if configuration.requests != 1 { try container.encode(configuration.requests, forKey: .requests) }
    if !configuration.variant.isEmpty { try container.encode(configuration.variant, forKey: .variant) }
    try container.encode(unit, forKey: .unit)
    try container.encode(figure, forKey: .value)
    try container.encode(runs, forKey: .runs)
    try container.encodeIfPresent(rate, forKey: .achievedRate)
    try container.encodeIfPresent(ceiling, forKey: .ceiling)
    if let goal {
      try container.encode(goal.value, forKey: .goal)
      try container.encode(goal.comparison, forKey: .goalIs)
      try container.encode(goal.isMet(by: figure), forKey: .isMet)
    }
    if let histogram, let percentiles {
      for (key, value) in zip([Key.p50, .p90, .p99, .p999, .p9999, .max], percentiles) {
        try container.encodeIfPresent(value, forKey: key)
      }
      try container.encode(histogram.totalCount, forKey: .samples)
    }
    if let amortised {
      try container.encode(amortised, forKey: .meanAmortised)
      try container.encode(amortisedRuns, forKey: .runsAmortised)
    }
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
