/// One figure held against another of the same run: the median over the runs of the ratio within each run, so that drift
/// between runs does not count. A limit that was measured around each run is taken as it was then.
struct Ratio {
  let of: Configuration
  let to: Configuration
  /// Of the figures of each run; single times have the clock's price in them.
  let ratio: Double
  /// Of what is known without the clock's price. The stricter of the two for short times: a price that both pay brings
  /// their ratio nearer to one.
  let amortised: Double?
  let goal: Goal?
  /// The ratio in each run, and the figures that it is of.
  let runs: [Double]
  private let ofRuns: [Double]
  private let toRuns: [Double]

  /// Nil if the standard was not measured: neither around the result's runs nor in turn with them.
  ///
  /// Of two that spin, each is taken as a multiple of the cache line around it: between their runs the processors may have moved closer
  /// together or further apart.
  private init?(of result: Result, to standard: Standard, among others: [Configuration: Result]) {
    of = result.configuration
    to = standard.configuration
    goal = standard.goal
    let toAmortised: [Double], ofAmortised: [Double]
    if result.bracket == to {
      ofRuns = result.runs
      toRuns = result.brackets.map { $0.figure }
      ofAmortised = result.amortisedRuns
      toAmortised = result.brackets.map { $0.amortised }
    } else {
      guard let other = others[to] else { return nil }
      let areMultiples = of.mode == .spin && result.bracket != nil && result.bracket == other.bracket
      ofRuns = areMultiples ? result.multiples : result.runs
      toRuns = areMultiples ? other.multiples : other.runs
      ofAmortised = areMultiples ? result.amortisedMultiples : result.amortisedRuns
      toAmortised = areMultiples ? other.amortisedMultiples : other.amortisedRuns
    }
    runs = zip(ofRuns, toRuns).map { $0 / $1 }
    ratio = runs.median
    let amortisedRuns = zip(ofAmortised, toAmortised).map { $0 / $1 }
    amortised = amortisedRuns.isEmpty ? nil : amortisedRuns.median
  }

  /// The figure that the goal is for: without the clock's price where times are short.
  var judged: Double { of.mode == .spin || of.mode == .none ? amortised ?? ratio : ratio }

  var isMet: Bool? { goal?.isMet(by: judged) }

  /// All ratios that these results allow.
  static func all(of results: [Result]) -> [Ratio] {
    let others = Dictionary(results.map { ($0.configuration, $0) }) { first, _ in first }
    return results.flatMap { result in
      result.standards.compactMap { Ratio(of: result, to: $0, among: others) }
    }
  }
}

extension Ratio: Encodable {
  private enum Key: String, CodingKey {
    case what, scenario, transport, mode, api, cores, payloadBytes, to, ratio, ratioAmortised, goal, goalIs, isMet, runs, ofRuns, toRuns
  }

  func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: Key.self)
    try container.encode("\(of.label) / \(to.label)", forKey: .what)
    try container.encode(of.scenario, forKey: .scenario)
    try container.encode(of.transport, forKey: .transport)
    try container.encode(of.mode, forKey: .mode)
    try container.encode(of.interface, forKey: .api)
    try container.encode(of.cores, forKey: .cores)
    try container.encode(of.payloadBytes, forKey: .payloadBytes)
    try container.encode(to.transport, forKey: .to)
    try container.encode(ratio, forKey: .ratio)
    if let amortised { try container.encode(amortised, forKey: .ratioAmortised) }
    if let goal, let isMet {
      try container.encode(goal.value, forKey: .goal)
      try container.encode(goal.comparison, forKey: .goalIs)
      try container.encode(isMet, forKey: .isMet)
    }
    try container.encode(runs, forKey: .runs)
    try container.encode(ofRuns, forKey: .ofRuns)
    try container.encode(toRuns, forKey: .toRuns)
  }
}

extension Goal {
  var comparison: String {
    switch self {
    case .atMost: "<="
    case .atLeast: ">="
    }
  }

  /// For readers.
  var sign: String {
    switch self {
    case .atMost: "\u{2264}"
    case .atLeast: "\u{2265}"
    }
  }

  var text: String { "\(comparison) \(value.fixed(2))" }
}
