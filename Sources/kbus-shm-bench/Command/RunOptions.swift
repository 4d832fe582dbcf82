import ArgumentParser
import FoundationEssentials
import Glibc

/// What every measurement lets its user choose.
struct RunOptions: ParsableArguments {
  @Flag(help: "Print JSON instead of tables.")
  var json = false

  @Option(help: ArgumentHelp("The processors to use: the client's, then the server's.", valueName: "a,b"))
  var pin: CPUList?

  @Option(help: "How many times everything is measured, turn by turn.")
  var runs = 5

  @Option(help: "How many round trips, or messages, each of these times at most.")
  var samples = 10_000

  @Option(help: "How many milliseconds each of these may take; what takes longer is timed less often.")
  var milliseconds = 250

  @Option(help: "Measure this transport only (kbus, kbus.c, limit.futex, peer.zeromq, ...). May be given again.")
  var only: [String] = []

  @Option(help: "Measure this mode only (spin, sleep, fd, ...). May be given again.")
  var mode: [Mode] = []

  @Option(help: "Measure with this way to get at payloads only (copy, loan). May be given again.")
  var api: [Interface] = []

  @Option(help: "Measure with this many processors only (1, 2).")
  var cores: Int?

  @Option(help: "Measure with payloads of this many bytes only. May be given again.")
  var bytes: [Int] = []

  @Option(help: "Where the private directory of this run is made.")
  var directory = "/dev/shm"

  mutating func validate() throws {
    guard runs >= 1 else { throw ValidationError("--runs must be at least 1.") }
    guard samples >= 1 else { throw ValidationError("--samples must be at least 1.") }
    guard milliseconds >= 1 else { throw ValidationError("--milliseconds must be at least 1.") }
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

  /// Whether it is among what was chosen, and can be done with so many processors.
  private func includes(_ configuration: Configuration, cpus: CPUList) -> Bool {
    (only.isEmpty || only.contains(configuration.transport.rawValue))
      && (mode.isEmpty || mode.contains(configuration.mode))
      && (api.isEmpty || api.contains(configuration.interface))
      && (cores == nil || cores == configuration.cores)
      && (bytes.isEmpty || bytes.contains(configuration.payloadBytes))
      && configuration.cores <= cpus.cpus.count
  }

  /// Measures what is chosen of these.
  func measure(_ cases: [Case]) throws -> Report {
    let cpus = try cpus()
    let chosen = cases.filter { includes($0.configuration, cpus: cpus) }
    guard !chosen.isEmpty else { throw BenchError("nothing fits these options on this machine") }
    let machine = Machine.describe(cpus: cpus)
    let directory = try PrivateDirectory(in: directory)
    defer { directory.remove() }
    // What is measured starts no reaper of its own, which would outlive it for a while.
    _ = unsafe setenv("KBUS_REAPER", "", 1)
    let stage = Stage(
      directory: directory.path, cpus: cpus, samples: samples, timeLimit: UInt64(milliseconds) * 1_000_000)
    return Report(machine: machine, Runner().run(chosen, runs: runs, on: stage))
  }

  /// Measures what is chosen of these and prints it. Fails if something failed that should have worked.
  func report(_ cases: [Case]) throws {
    let report = try measure(cases)
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
