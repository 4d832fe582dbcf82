import FoundationEssentials

/// Where cases are played: a directory, two processors, and how long each may take.
struct Stage: Sendable {
  let directory: String
  let cpus: CPUList
  let samples: Int
  let timeLimit: UInt64

  /// The options that tell a part which case it plays. Single-core cases have everybody on the first processor.
  func options(for configuration: Configuration, samples: Int? = nil) -> [String] {
    [
      configuration.scenario, "--transport", configuration.transport.rawValue, "--mode", configuration.mode.rawValue,
      "--api", configuration.interface.rawValue, "--bytes", "\(configuration.payloadBytes)",
      "--samples", "\(samples ?? self.samples)", "--time-limit", "\(timeLimit)",
      "--client", "\(cpus.cpus[0])", "--server", "\(cpus.cpus[configuration.cores - 1])",
      "--senders", "\(configuration.senders)", "--listeners", "\(configuration.listeners)", "--rate", "\(configuration.rate)",
      "--memory", "\(configuration.memoryBytes)", "--requests", "\(configuration.requests)", "--bindings", "\(configuration.bindings)", "--variant", configuration.variant,
    ]
  }

  /// A case's own directory, for as long as it is played.
  func inOwnDirectory<T>(_ body: (String) throws(BenchError) -> T) throws(BenchError) -> T {
    let own = directory + "/case"
    PrivateDirectory.removeTree(own)
    try PrivateDirectory.make(own)
    defer { PrivateDirectory.removeTree(own) }
    return try body(own)
  }

  /// Has a program play a case in a directory of its own, and returns what it leaves.
  func run(_ program: Program, _ options: [String]) throws(BenchError) -> [[UInt64]] {
    try inOwnDirectory { directory throws(BenchError) in try program.run(options, in: directory) }
  }

  /// Has the program of the case's transport play it.
  func run(_ configuration: Configuration, samples: Int? = nil) throws(BenchError) -> [[UInt64]] {
    try run(Program.for(configuration.transport), options(for: configuration, samples: samples))
  }
}
