import ArgumentParser

/// What every measurement lets its user choose.
struct RunOptions: ParsableArguments {
  @Flag(help: "Print JSON instead of a table.")
  var json = false

  @Option(help: ArgumentHelp("The processors to use: the client's, then the server's.", valueName: "a,b"))
  var pin: CPUList?

  @Option(help: "How many times every scenario is measured, turn by turn with the others.")
  var runs = 9

  @Option(help: "How many round trips each of these times.")
  var samples = 10_000

  @Option(help: "Where the private directory of this run is made.")
  var directory = "/dev/shm"

  mutating func validate() throws {
    guard runs >= 1 else { throw ValidationError("--runs must be at least 1.") }
    guard samples >= 1 else { throw ValidationError("--samples must be at least 1.") }
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
}

extension Mode: ExpressibleByArgument {}
extension Transport: ExpressibleByArgument {}

extension CPUList: ExpressibleByArgument {
  init?(argument: String) {
    let numbers = argument.split(separator: ",", omittingEmptySubsequences: false).map { Int32($0) }
    guard (1...2).contains(numbers.count), Set(numbers).count == numbers.count, numbers.allSatisfy({ ($0 ?? -1) >= 0 })
    else { return nil }
    cpus = numbers.compactMap { $0 }
  }
}
