// `rtt`: a request and its reply.

enum RoundTrips {
  static let name = "rtt"
  static let sizes = [64, 1024, 65_536, 1 << 20, 12_441_600]

  /// All of them. What is held against each other stands side by side.
  static let cases: [Case] = limits + ours.sorted { isBefore($0.configuration, $1.configuration) }

  static let ours = bus + fromC + fromPython

  static let limits: [Case] =
    [
      (Transport.cacheLine, Mode.spin, 2), (.futex, .sleep, 1), (.futex, .sleep, 2), (.limit("eventfd"), .descriptor, 1),
      (.limit("fifo"), .descriptor, 1), (.limit("datagram"), .descriptor, 1), (.limit("eventfd"), .descriptor, 2),
      (.limit("datagram"), .descriptor, 2),
    ].map { roundTrip($0, $1, cores: $2) }
    + sizes.map { roundTrip(.limit("copy"), .spin, cores: 2, .copy, bytes: $0) }
    + sizes.filter { isLong($0) }.flatMap { bytes in
      [1, 2].map { roundTrip(.limit("copy"), .sleep, cores: $0, .copy, bytes: bytes) }
    }

  static let bus: [Case] =
    sizes.flatMap { bytes in
      [Interface.loan, .copy].flatMap { interface in
        [(Mode.spin, 2), (.sleep, 1), (.sleep, 2)].map { roundTrip(.bus, $0, cores: $1, interface, bytes: bytes) }
      }
    }
    + [(Mode.fastDescriptor, 1), (.fastDescriptor, 2), (.async, 1), (.async, 2)].flatMap { mode, cores in
      [Interface.loan, .copy].map { roundTrip(.bus, mode, cores: cores, $0) }
        + [1 << 20, 12_441_600].map { roundTrip(.bus, mode, cores: cores, bytes: $0) }
    }
    + [1, 2].map { roundTrip(.bus, .standard, cores: $0) }

  /// The faces are not measured with every size: what they add does not depend on it.
  static let fromC: [Case] = [Interface.loan, .copy].flatMap { interface in
    [
      (Mode.spin, 2), (.sleep, 1), (.sleep, 2), (.descriptor, 1), (.descriptor, 2), (.fastDescriptor, 1), (.fastDescriptor, 2),
    ].map {
      roundTrip(.busFromC, $0, cores: $1, interface)
    } + sizes.dropFirst().map { roundTrip(.busFromC, .spin, cores: 2, interface, bytes: $0) }
  }

  /// A task has messages as copies only.
  static let fromPython: [Case] =
    [Interface.loan, .copy].flatMap { interface in
      [(Mode.spin, 2), (.sleep, 1), (.sleep, 2), (.descriptor, 1), (.descriptor, 2), (.fastDescriptor, 1)].map {
        roundTrip(.busFromPython, $0, cores: $1, interface)
      }
    } + [1, 2].map { roundTrip(.busFromPython, .async, cores: $0, .copy) }

  private static func isBefore(_ one: Configuration, _ other: Configuration) -> Bool {
    func rank(_ configuration: Configuration) -> [Int] {
      [
        configuration.payloadBytes, configuration.interface == .loan ? 0 : 1,
        Mode.allCases.firstIndex(of: configuration.mode)!, configuration.cores, configuration.transport.rawValue.count,
      ]
    }
    return rank(one).lexicographicallyPrecedes(rank(other))
  }

  static func roundTrip(
    _ transport: Transport, _ mode: Mode, cores: Int, _ interface: Interface = .loan, bytes: Int = 64
  ) -> Case {
    let configuration = Configuration(
      scenario: name, transport: transport, mode: mode, interface: interface, cores: cores, payloadBytes: bytes)
    return Case(
      configuration: configuration, unit: .nanoseconds, standards: standards(of: configuration),
      bracket: transport.isLimit && transport != .limit("copy") ? nil : limit(of: configuration)
    ) { stage throws(BenchError) in
      try Sample(times: stage.run(configuration, samples: stage.askedSamples ?? samples(of: bytes, atMost: stage.samples)))
    }
  }

  /// Copying it takes longer than the exchange.
  private static func isLong(_ bytes: Int) -> Bool { bytes > 1024 }

  /// As many as take about as long: a large payload is copied in the time of thousands of small round trips.
  private static func samples(of bytes: Int, atMost most: Int) -> Int {
    min(most, max(60, bytes <= 1024 ? most : bytes <= 65_536 ? most / 2 : bytes <= 1 << 20 ? most / 10 : most / 50))
  }

  /// What nothing that waits in this way can beat.
  static func limit(of configuration: Configuration) -> Configuration {
    Configuration(
      scenario: name, transport: configuration.mode == .spin ? .cacheLine : .futex,
      mode: configuration.mode == .spin ? .spin : .sleep, cores: configuration.cores)
  }

  private static func standards(of configuration: Configuration) -> [Standard] {
    guard !configuration.transport.isLimit else { return [] }
    var standards: [Standard] = []
    var other = configuration
    let isGoal = configuration.transport == .bus
    let isLong = isLong(configuration.payloadBytes)
    let hasCopies = configuration.mode == .spin || configuration.mode == .sleep && isLong
    if configuration.transport.isBus, configuration.interface == .copy, hasCopies {
      other.transport = .limit("copy")
      let isJudged = isGoal && configuration.mode == .spin && configuration.payloadBytes == 1 << 20
      standards.append(Standard(configuration: other, goal: isJudged ? .atMost(1.2) : nil))
    }
    // Copying takes its time: with much to copy, the exchange alone is no limit.
    if configuration.interface == .loan || !isLong || configuration.transport.isPeer {
      standards.append(Standard(configuration: limit(of: configuration), goal: goal(of: configuration)))
    }
    if configuration.transport == .busFromC, configuration.mode != .descriptor {
      // The full descriptor is C's alone.
      other.transport = .bus
      standards.append(Standard(configuration: other, goal: configuration.payloadBytes == 64 ? .atMost(1.1) : nil))
    }
    if configuration.transport.isBus, configuration.mode == .spin, configuration.interface == .loan, configuration.payloadBytes != 64 {
      other = configuration
      other.payloadBytes = 64
      standards.append(Standard(configuration: other, goal: isGoal && configuration.payloadBytes == 12_441_600 ? .atMost(1.5) : nil))
    }
    return standards
  }

  private static func goal(of configuration: Configuration) -> Goal? {
    guard configuration.payloadBytes == 64, configuration.interface == .loan else { return nil }
    return switch (configuration.transport, configuration.mode, configuration.cores) {
    case (.bus, .spin, _): .atMost(2.5)
    case (.bus, .sleep, 1): .atMost(1.2)
    case (.bus, .sleep, _): .atMost(1.10)
    case (.bus, .fastDescriptor, 1): .atMost(1.5)
    case (.busFromC, .descriptor, 1): .atMost(2.1)
    default: nil
    }
  }
}
