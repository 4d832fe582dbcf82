// `rtt`: a request and its reply.

enum RoundTrips {
  static let name = "rtt"
  static let sizes = [64, 1024, 65_536, 1 << 20, 12_441_600]

  /// All of them; each beside what it is held against.
  static let cases: [Case] = limits + bus + fromC + fromPython

  static let limits: [Case] =
    [
      (Transport.cacheLine, Mode.spin, 2), (.futex, .sleep, 1), (.futex, .sleep, 2), (.limit("eventfd"), .descriptor, 1),
      (.limit("fifo"), .descriptor, 1), (.limit("datagram"), .descriptor, 1), (.limit("eventfd"), .descriptor, 2),
      (.limit("datagram"), .descriptor, 2),
    ].map { roundTrip($0, $1, cores: $2) }
    + sizes.map { roundTrip(.limit("copy"), .spin, cores: 2, .copy, bytes: $0) }

  static let bus: [Case] = sizes.flatMap { bytes in
    Interface.allCases.flatMap { interface in
      [(Mode.spin, 2), (.sleep, 1), (.sleep, 2)].map { roundTrip(.bus, $0, cores: $1, interface, bytes: bytes) }
    }
  }

  /// The faces are not measured with every size: what they add does not depend on it.
  static let fromC: [Case] = Interface.allCases.flatMap { interface in
    [(Mode.spin, 2), (.sleep, 1), (.sleep, 2), (.descriptor, 1), (.descriptor, 2)].map {
      roundTrip(.busFromC, $0, cores: $1, interface)
    } + [1 << 20, 12_441_600].map { roundTrip(.busFromC, .spin, cores: 2, interface, bytes: $0) }
  }

  static let fromPython: [Case] = Interface.allCases.flatMap { interface in
    [(Mode.spin, 2), (.descriptor, 1), (.descriptor, 2)].map { roundTrip(.busFromPython, $0, cores: $1, interface) }
  }

  static func roundTrip(
    _ transport: Transport, _ mode: Mode, cores: Int, _ interface: Interface = .loan, bytes: Int = 64
  ) -> Case {
    let configuration = Configuration(
      scenario: name, transport: transport, mode: mode, interface: interface, cores: cores, payloadBytes: bytes)
    return Case(configuration: configuration, unit: .nanoseconds, standards: standards(of: configuration)) {
      stage throws(BenchError) in
      try Sample(times: stage.run(configuration, samples: samples(of: bytes, atMost: stage.samples)))
    }
  }

  /// As many as take about as long: a large payload is copied in the time of thousands of small round trips.
  private static func samples(of bytes: Int, atMost most: Int) -> Int {
    min(most, max(60, bytes <= 1024 ? most : bytes <= 65_536 ? most / 2 : bytes <= 1 << 20 ? most / 10 : most / 50))
  }

  private static func standards(of configuration: Configuration) -> [Standard] {
    guard !configuration.transport.isLimit else { return [] }
    var limit = configuration
    limit.transport = configuration.mode == .spin ? .cacheLine : .futex
    limit.mode = configuration.mode == .spin ? .spin : .sleep
    limit.interface = .loan
    limit.payloadBytes = 64
    var standards = [Standard(configuration: limit, goal: goal(of: configuration))]

    var other = configuration
    if configuration.transport == .busFromC, configuration.mode != .descriptor {
      other.transport = .bus
      standards.append(Standard(configuration: other, goal: .atMost(1.1)))
    }
    guard configuration.transport.isBus, configuration.mode == .spin else { return standards }
    if configuration.interface == .copy {
      other.transport = .limit("copy")
      standards.append(Standard(configuration: other, goal: configuration.payloadBytes == 1 << 20 ? .atMost(1.2) : nil))
    } else if configuration.payloadBytes != 64 {
      other = configuration
      other.payloadBytes = 64
      standards.append(Standard(configuration: other, goal: configuration.payloadBytes == 12_441_600 ? .atMost(1.5) : nil))
    }
    return standards
  }

  private static func goal(of configuration: Configuration) -> Goal? {
    guard configuration.payloadBytes == 64, configuration.interface == .loan else { return nil }
    return switch (configuration.transport, configuration.mode, configuration.cores) {
    case (.bus, .spin, _): .atMost(2.5)
    case (.bus, .sleep, 1): .atMost(1.2)
    case (.bus, .sleep, _): .atMost(1.10)
    case (.busFromC, .descriptor, 1): .atMost(2.1)
    default: nil
    }
  }
}
