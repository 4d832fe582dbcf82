/// How many times its limit the bus costs: the median over the runs of the ratio within each run, so that drift between
/// runs does not count.
struct Ratio: Encodable {
  var what: String
  var mode: Mode
  var cores: Int
  /// Of the medians of single round trips, both with the clock's price in them.
  var ratio: Double
  /// Of `mean_amortised`, without the clock's price. The stricter of the two when spinning: a price that both sides pay
  /// brings their ratio nearer to one.
  var ratioAmortised: Double
  var goal: Double
  /// The ratio in each run.
  var runs: [Double]

  /// Nil if only one of the two was measured.
  init?(_ bus: Result, among results: [Result]) {
    guard bus.scenario.transport == .bus,
      let limit = results.first(where: { $0.scenario == bus.scenario.limit })
    else { return nil }
    let scenario = bus.scenario
    what = "kbus / \(limit.scenario.transport.rawValue), \(scenario.mode.rawValue), \(scenario.coresText)"
    mode = scenario.mode
    cores = scenario.cores
    runs = zip(bus.runs, limit.runs).map { Double($0) / Double($1) }
    ratio = runs.median
    ratioAmortised = zip(bus.amortisedRuns, limit.amortisedRuns).map { $0 / $1 }.median
    goal = scenario.goal
  }
}

extension Scenario {
  var coresText: String { cores == 1 ? "one core" : "two cores" }
}
