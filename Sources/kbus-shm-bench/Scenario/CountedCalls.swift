// Of `counts`: system calls, and whom they wake, as ptrace sees them.

extension Counts {
  static func systemCalls(_ transport: Transport) -> [Case] {
    [
      systemCalls("system calls per round trip", transport, .spin, ceiling: Ceiling.systemCallsSpinning) {
        $0[1] + $0[2] + $0[3]
      },
      systemCalls("system calls per round trip", transport, .sleep, ceiling: Ceiling.systemCallsAsleep) {
        $0[1] + $0[2] + $0[3]
      },
      // Two messages make a round trip.
      systemCalls("wakes per message", transport, .sleep, ceiling: Ceiling.wakes) { $0[1] / 2 },
    ]
      + [Mode.fastDescriptor, .descriptor].filter { transport == .busFromC || $0 == .fastDescriptor }.map {
        systemCalls("system calls per round trip", transport, $0, ceiling: Ceiling.systemCallsInEpoll[$0]) { $0[1] + $0[2] + $0[3] }
      }
  }

  private static func systemCalls(
    _ variant: String, _ transport: Transport, _ mode: Mode, ceiling: Double?, _ sum: @escaping @Sendable ([Double]) -> Double
  ) -> Case {
    let configuration = Configuration(scenario: name, transport: transport, mode: mode, cores: 2, variant: variant)
    var played = configuration
    played.scenario = "calls"
    return Case(configuration: configuration, unit: .count, ceiling: ceiling, mostRuns: 1) { [played] stage throws(BenchError) in
      let trips = stage.askedSamples ?? 1000
      let lists = try stage.run(played, samples: trips)
      guard let counts = lists.first, counts.count == 4 else { throw BenchError("it left no figures") }
      // At the edges of the count a call may fall in whose round trip does not.
      let sum = sum(counts.map { Double($0) })
      return Sample(figure: ((sum - 1) / Double(trips)).rounded(.up, toPlaces: 2))
    }
  }

  /// Each message wakes each of its recipients that sleep, once; and so does each batch.
  static func wakes(_ transport: Transport) -> [Case] {
    [(1, Interface.loan), (4, .loan), (16, .loan), (1, .batch)].map { listeners, interface in
      let configuration = Configuration(
        scenario: name, transport: transport, mode: .sleep, interface: interface, cores: 2, listeners: listeners,
        variant: interface == .batch ? "wakes per batch and sleeper" : "wakes per message and sleeper")
      var played = configuration
      played.scenario = "wakes"
      return Case(configuration: configuration, unit: .count, ceiling: Ceiling.wakes, mostRuns: 1) { [played] stage throws(BenchError) in
        let sends = stage.askedSamples ?? 200
        let lists = try stage.run(played, samples: sends)
        guard let counts = lists.first, counts.count == 4 else { throw BenchError("it left no figures") }
        let due = sends * listeners
        guard counts[1] >= due else { throw BenchError("\(due) sleepers were woken by \(counts[1]) calls") }
        // A helper may wake somebody of its own now and then.
        return Sample(figure: (Double(counts[1] - 1) / Double(due)).rounded(.up, toPlaces: 2))
      }
    }
  }

  /// Who is woken would want the lock, or the processor of whoever has it.
  static let wakesUnderTheLock: Case = {
    let configuration = Configuration(scenario: name, transport: .busFromC, mode: .sleep, variant: "wakes per message, lock held")
    var played = configuration
    played.scenario = "wakes"
    return Case(configuration: configuration, unit: .count, ceiling: Ceiling.wakesUnderTheLock, mostRuns: 1) {
      [played] stage throws(BenchError) in
      let program = try Program.built("lock-hold", toMeasure: .busFromC)
      let lists = try stage.run(program, stage.options(for: played, samples: stage.askedSamples ?? 200))
      guard let counts = lists.first, counts.count == 3, counts[0] > 0 else { throw BenchError("it left no figures") }
      guard counts[1] >= counts[0] else { throw BenchError("\(counts[0]) messages to a sleeper made \(counts[1]) calls that wake") }
      return Sample(figure: Double(counts[2]) / Double(counts[0]))
    }
  }()
}
