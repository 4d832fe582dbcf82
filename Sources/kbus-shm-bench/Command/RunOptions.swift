import ArgumentParser
import FoundationEssentials
import Glibc

/// What every measurement lets its user choose.
struct RunOptions: ParsableArguments {
  @Flag(help: "Print JSON instead of tables.")
  var json = false

  @Option(help: ArgumentHelp("The processors to use: the client's, then the server's.", valueName: "a,b"))
  var pin: CPUList?

  @Option(
    help: """
      How many times everything is measured, turn by turn. (default: 5; in `all`: 3; in `death`: 2; what does not change, a weight or \
      a count, once)
      """)
  var runs: Int?

  @Option(
    help: """
      How many round trips, messages or deaths each of these times or counts at most; `footprint` has none. (default: 10000, or fewer \
      that take long; in `death`: 100; in `counts`: 200 or 1000; in `oneway` and `throughput`: as many as the time allows)
      """)
  var samples: Int?

  @Option(
    help: "How many milliseconds each may take; what takes longer is timed less often. (default: 250; in `all`: 100; in `death`: 3000)")
  var milliseconds: Int?

  @Option(help: "Measure this transport only (kbus, kbus.c, limit.futex, peer.zeromq, ...). May be given again.")
  var only: [String] = []

  @Option(help: "Measure this mode only (spin, sleep, fd, fast, async, standard, none). May be given again.")
  var mode: [Mode] = []

  @Option(help: "Measure with this way to get at payloads only (copy, loan, batch). May be given again.")
  var api: [Interface] = []

  @Option(help: "Measure with this many processors only (1, 2).")
  var cores: Int?

  @Option(help: "Measure with payloads of this many bytes only. May be given again.")
  var bytes: [Int] = []

  @Flag(help: "Fail if anything that was chosen of the bus, of what is counted, or of transports named by --only, can't be measured here.")
  var complete = false

  @Option(help: "Where the private directory of this run is made.")
  var directory = "/dev/shm"

  mutating func validate() throws {
    guard runs ?? 1 >= 1 else { throw ValidationError("--runs must be at least 1.") }
    guard samples ?? 1 >= 1 else { throw ValidationError("--samples must be at least 1.") }
    guard milliseconds ?? 1 >= 1 else { throw ValidationError("--milliseconds must be at least 1.") }
  }

  /// The processors chosen, or the first two that this process may use.
  func cpus() throws(BenchError) -> CPUList {
    let allowed = try CPUList.allowed()
    guard let pin else { return CPUList(cpus: Array(allowed.cpus.prefix(2))) }
    for cpu in pin.cpus where !allowed.cpus.contains(cpu) {
      throw BenchError("this process may not run on processor \(cpu); choose among \(allowed)")
    }
    return pin
  }

  /// Whether it is among what was chosen.
  private func includes(_ configuration: Configuration) -> Bool {
    (only.isEmpty || only.contains(configuration.transport.rawValue))
      && (mode.isEmpty || mode.contains(configuration.mode))
      && (api.isEmpty || api.contains(configuration.interface))
      && (cores == nil || cores == configuration.cores)
      && (bytes.isEmpty || bytes.contains(configuration.payloadBytes))
  }

  /// What is chosen, and the limits that it is held against, but for those that are measured around it.
  private func choose(among cases: [Case]) -> [Case] {
    let chosen = cases.filter { includes($0.configuration) }
    var wanted = Set(chosen.map { $0.configuration })
    for one in chosen {
      for standard in one.standards where standard.configuration.transport.isLimit && standard.configuration != one.bracket {
        wanted.insert(standard.configuration)
      }
    }
    return cases.filter { wanted.contains($0.configuration) }.map { one in
      var one = one
      if runs != nil { one.mostRuns = .max }
      return one
    }
  }

  /// What holds unless the user says otherwise.
  struct Defaults {
    var runs = 5
    var samples = 10_000
    var milliseconds = 250
    /// How long a chapter may take; on a busy machine it then has fewer runs.
    var chapterSeconds = Double.infinity
  }

  /// Measures what is chosen of these, one chapter after the other.
  func measure(_ chapters: [(name: String, cases: [Case])], _ defaults: Defaults = Defaults()) throws -> Report {
    let cpus = try cpus()
    let chosen = chapters.map { (name: $0.name, cases: choose(among: $0.cases)) }.filter { !$0.cases.isEmpty }
    guard chosen.contains(where: { $0.cases.contains { $0.configuration.cores <= cpus.cpus.count } }) else {
      throw BenchError("nothing fits these options on this machine")
    }
    let machine = Machine.describe(cpus: cpus)
    let directory = try PrivateDirectory(in: directory)
    defer { directory.remove() }
    // What is measured starts no reaper of its own, which would outlive it for a while.
    _ = unsafe setenv("KBUS_REAPER", "", 1)
    let stage = Stage(
      directory: directory.path, cpus: cpus, samples: samples ?? defaults.samples, askedSamples: samples,
      timeLimit: UInt64(milliseconds ?? defaults.milliseconds) * 1_000_000)
    let runs = runs ?? defaults.runs
    let runner = Runner(budget: self.runs == nil ? defaults.chapterSeconds : .infinity)
    var report = Report(machine: machine, chapters: chosen.map { runner.run($0.name, $0.cases, runs: runs, on: stage) })
    report.fail { complete && mustBeMeasured($0) }
    return report
  }

  private func mustBeMeasured(_ omission: Omission) -> Bool {
    omission.transport.isBus || omission.scenario == Counts.name || only.contains(omission.transport.rawValue)
  }

  /// Measures what is chosen of these and prints it. Fails if something failed that should have worked.
  func report(_ name: String, _ cases: [Case], _ defaults: Defaults = Defaults()) throws {
    let report = try measure([(name, cases)], defaults)
    print(json ? try report.json() : report.tables)
    if report.hasFailures { throw ExitCode.failure }
  }
}

extension Mode: ExpressibleByArgument {}
extension Interface: ExpressibleByArgument {}

extension CPUList: ExpressibleByArgument {
  init?(argument: String) {
    let numbers = argument.split(separator: ",", omittingEmptySubsequences: false).map { Int32($0) }
    guard (1...2).contains(numbers.count), Set(numbers).count == numbers.count, numbers.allSatisfy({ ($0 ?? -1) >= 0 })
    else { return nil }
    cpus = numbers.compactMap { $0 }
  }
}
