// `death`: how soon a requester knows that its Replier has been killed.

enum Deaths {
  static let name = "death"
  static let large = 256 << 20
  /// A run takes seconds, and has many deaths.
  private static let mostRuns = 2

  static let cases: [Case] = [0, large].flatMap { memory in
    limits(memory)
      + ["reaper", "no reaper"].flatMap { watcher in
        [1, 100].map { death(watcher, requests: $0, memory: memory) }
      }
  }

  /// What the kernel has to offer: nothing in user space learns of a death sooner than by a lock, or for certain before the pidfd says so.
  static func limits(_ memory: Int) -> [Case] {
    ["robust", "pidfd"].map { kind in
      let configuration = limit(kind, memory)
      return Case(configuration: configuration, unit: .nanoseconds, mostRuns: mostRuns) { stage throws(BenchError) in
        try Sample(times: patient(stage).run(configuration))
      }
    }
  }

  private static func limit(_ kind: String, _ memory: Int) -> Configuration {
    Configuration(scenario: name, transport: .limit(kind), mode: .sleep, cores: 2, memoryBytes: memory)
  }

  private static func death(_ watcher: String, requests: Int, memory: Int) -> Case {
    let configuration = Configuration(
      scenario: name, transport: .bus, mode: .sleep, cores: 2, memoryBytes: memory, requests: requests, variant: watcher)
    let isGoal = watcher == "reaper" && requests == 1
    return Case(
      configuration: configuration, unit: .nanoseconds,
      standards: [
        Standard(configuration: limit("robust", memory), goal: isGoal ? .atMost(2) : nil),
        Standard(configuration: limit("pidfd", memory), goal: isGoal && memory > 0 ? .atMost(0.02) : nil),
      ], mostRuns: mostRuns
    ) { stage throws(BenchError) in
      try Sample(times: patient(stage).run(configuration))
    }
  }

  /// Each death needs a process to be started: a run takes a while.
  private static func patient(_ stage: Stage) -> Stage {
    let samples = stage.askedSamples ?? min(stage.samples, 200)
    return Stage(
      directory: stage.directory, cpus: stage.cpus, samples: samples, askedSamples: stage.askedSamples, timeLimit: stage.timeLimit * 10)
  }
}
