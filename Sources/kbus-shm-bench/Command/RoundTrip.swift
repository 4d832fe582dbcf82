import ArgumentParser

/// Request and reply, there and back, beside the limits of cache line and futex.
struct RoundTrip: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "rtt",
    abstract: "Times a Request and its Reply between two processes.",
    discussion: """
      A Request of 64 bytes and a Reply of 64 bytes, both filled and read in place, with every guarantee of the bus; \
      both ends check the first and last 8 bytes. Beside it, in the same run and turn by turn: two processes passing a cache \
      line to and fro (spinning), and two processes waking each other by futex (sleeping).

      Percentiles come from single round trips and hold the price of reading the clock once each, the limits' like the \
      bus's. `mean_amortised` holds none of it: batches of \(Timings.batch) round trips are timed as one, and the median \
      batch is divided by its length. Where a round trip takes as little as reading the clock does, compare these.
      """)

  @OptionGroup var options: RunOptions

  @Option(help: "Measure this transport only (kbus, limit.cacheline, limit.futex). May be given again.")
  var only: [Transport] = []

  @Option(help: "Measure this mode only (spin, sleep).")
  var mode: Mode?

  @Option(help: "Measure with this many processors only (1, 2).")
  var cores: Int?

  func run() throws {
    let cpus = try options.cpus()
    let scenarios = Scenario.roundTrips.filter { scenario in
      (only.isEmpty || only.contains(scenario.transport))
        && (mode == nil || mode == scenario.mode)
        && (cores == nil || cores == scenario.cores)
        && scenario.cores <= cpus.cpus.count
    }
    guard !scenarios.isEmpty else { throw BenchError("no scenario fits these options on this machine") }

    var results = scenarios.map { Result(scenario: $0) }
    do {
      let directory = try PrivateDirectory(in: options.directory)
      defer { directory.remove() }
      let stage = try Stage(directory: directory.path, cpus: cpus)
      for run in 0..<options.runs {
        // Every other run goes backwards, so that none always has the same neighbour before it.
        for index in run.isMultiple(of: 2) ? Array(results.indices) : results.indices.reversed() {
          results[index].add(try stage.measure(results[index].scenario, samples: options.samples))
        }
      }
    }
    let report = Report(machine: Machine.describe(cpus: cpus), results: results)
    print(options.json ? try report.json() : report.table)
  }
}
