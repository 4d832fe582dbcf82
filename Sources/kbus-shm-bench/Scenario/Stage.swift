import FoundationEssentials

/// Where cases are played: a directory, two processors, and how long each may take.
struct Stage: Sendable {
  let directory: String
  let cpus: CPUList
  let samples: Int
  /// The same, if the user has asked for it: then no case has its own idea of how many are enough.
  let askedSamples: Int?
  let timeLimit: UInt64

  /// The options that tell a part which case it plays. Single-core cases have everybody on the first processor.
  func options(for configuration: Configuration, samples: Int? = nil) -> [String] {
    var options = [
      configuration.scenario, "--transport", configuration.transport.rawValue, "--mode", configuration.mode.rawValue,
      "--api", configuration.interface.rawValue, "--bytes", "\(configuration.payloadBytes)",
      "--samples", "\(samples ?? self.samples)", "--time-limit", "\(timeLimit)",
      "--client", "\(cpus.cpus[0])", "--server", "\(cpus.cpus[configuration.cores - 1])",
    ]
    if configuration.senders != 1 { options += ["--senders", "\(configuration.senders)"] }
    if configuration.listeners != 1 { options += ["--listeners", "\(configuration.listeners)"] }
    if configuration.bindings != 1 { options += ["--bindings", "\(configuration.bindings)"] }
    if configuration.bystanders != 1 { options += ["--bystanders", "\(configuration.bystanders)"] }
    if configuration.backlog != 0 { options += ["--backlog", "\(configuration.backlog)"] }
    if configuration.rate != 0 { options += ["--rate", "\(configuration.rate)"] }
    if configuration.memoryBytes != 0 { options += ["--memory", "\(configuration.memoryBytes)"] }
    if configuration.requests != 1 { options += ["--requests", "\(configuration.requests)"] }
    if !configuration.variant.isEmpty { options += ["--variant", configuration.variant] }
    return options
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
