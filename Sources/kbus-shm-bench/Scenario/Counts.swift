// `counts`: what a message costs that a clock is not needed for. The same on every run and on a busy machine, so that a build can be
// held to it.

import FoundationEssentials

enum Counts {
  static let name = "counts"

  /// What no build may exceed. Lower these whenever something gets better.
  enum Ceiling {
    /// Of one send and one receive.
    static let instructions: [Transport: Double] = [.bus: 1075, .busFromC: 1800]
    /// That a large loan takes more than a small one.
    static let instructionsOfLoan: [Transport: Double] = [.bus: 250, .busFromC: 250]
    /// A helper, which is another thread, may allocate now and then.
    static let allocations = 0.05
    /// Of a Request and its Reply, both sides together. Spinning: none, but that who holds the lock may lose its processor, and the
    /// other then sleeps. Asleep: one to wake the other and one to sleep, on each side; and now and then the lock's.
    static let systemCallsSpinning = 0.1
    static let systemCallsAsleep = 4.2
    /// In epoll, on each side: one to wait, one to ring, one to drain; with the full descriptor one more, to see that the socket
    /// to ring with is ours, and now and then a look at a descriptor that is readable by mistake, and the helper's at a Replier's, four
    /// times a second.
    static let systemCallsInEpoll: [Mode: Double] = [.fastDescriptor: 6.1, .descriptor: 8.5]
    /// Of one message, to the one process that sleeps.
    static let wakes = 1.0
    /// How often a payload is copied.
    static let copiesOfLoan = 0.0
    static let copies = 2.0
  }

  private static let transports: [Transport] = [.bus, .busFromC]

  static let cases: [Case] = transports.flatMap { transport in
    systemCalls(transport) + [instructions(transport), allocations(transport)]
      + [Interface.loan, .copy].map { copies(transport, $0) } + [flatness(transport)]
  }

  // System calls

  private static func systemCalls(_ transport: Transport) -> [Case] {
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
    let trips = 1000
    let configuration = Configuration(scenario: name, transport: transport, mode: mode, cores: 2, variant: variant)
    var played = configuration
    played.scenario = "calls"
    return Case(configuration: configuration, unit: .count, ceiling: ceiling, mostRuns: 1) { [played] stage throws(BenchError) in
      let lists = try stage.run(played, samples: trips)
      guard let counts = lists.first, counts.count == 4 else { throw BenchError("it left no figures") }
      // At the edges of the count a call may fall in whose round trip does not.
      let sum = sum(counts.map { Double($0) })
      return Sample(figure: ((sum - 1) / Double(trips)).rounded(.up, toPlaces: 2))
    }
  }

  // Allocations and copies: counted by a preloaded library

  private static func allocations(_ transport: Transport) -> Case {
    let configuration = Configuration(scenario: name, transport: transport, variant: "allocations per message")
    return Case(configuration: configuration, unit: .count, goal: .atMost(0.05), ceiling: Ceiling.allocations, mostRuns: 1) {
      stage throws(BenchError) in
      try requireReleaseBuild()
      let counts = try countedMessages(configuration, on: stage)
      return Sample(figure: (Double(counts[1]) / Double(counts[0])).rounded(.toNearestOrEven, toPlaces: 2))
    }
  }

  /// How many bytes are copied for each byte of payload, of what a larger payload adds.
  private static func copies(_ transport: Transport, _ interface: Interface) -> Case {
    var configuration = Configuration(
      scenario: name, transport: transport, interface: interface, payloadBytes: 65_536, variant: "copies of the payload")
    configuration.cores = 1
    let ceiling = interface == .loan ? Ceiling.copiesOfLoan : Ceiling.copies
    return Case(configuration: configuration, unit: .count, goal: .atMost(ceiling), ceiling: ceiling, mostRuns: 1) {
      [configuration] stage throws(BenchError) in
      var less = configuration
      less.payloadBytes = 32_768
      let large = try countedMessages(configuration, on: stage), small = try countedMessages(less, on: stage)
      let added = Double(large[2]) / Double(large[0]) - Double(small[2]) / Double(small[0])
      // What is copied now and then does not count.
      return Sample(figure: (added / Double(configuration.payloadBytes - less.payloadBytes)).rounded(.toNearestOrEven, toPlaces: 3))
    }
  }

  private static func countedMessages(_ configuration: Configuration, on stage: Stage) throws(BenchError) -> [UInt64] {
    var played = configuration
    played.scenario = "messages"
    let library = try Program.builtFile("libcounting.so", toMeasure: configuration.transport)
    let program = try Program.for(configuration.transport).preloading(library)
    let lists = try stage.run(program, stage.options(for: played, samples: 1000))
    guard let counts = lists.first, counts.count == 3, counts[0] > 0 else { throw BenchError("it left no figures") }
    return counts
  }

  // Instructions: counted by callgrind

  private static func instructions(_ transport: Transport) -> Case {
    let configuration = Configuration(scenario: name, transport: transport, variant: "instructions per message")
    return Case(configuration: configuration, unit: .count, goal: .atMost(900), ceiling: Ceiling.instructions[transport], mostRuns: 1) {
      stage throws(BenchError) in
      Sample(figure: try instructions(of: configuration, on: stage))
    }
  }

  /// What a 12.4 MB loan costs more than one of 64 bytes: nothing may go over all of a payload.
  private static func flatness(_ transport: Transport) -> Case {
    let configuration = Configuration(
      scenario: name, transport: transport, payloadBytes: 12_441_600, variant: "instructions more than for 64 bytes")
    return Case(configuration: configuration, unit: .count, ceiling: Ceiling.instructionsOfLoan[transport], mostRuns: 1) {
      stage throws(BenchError) in
      var small = configuration
      small.payloadBytes = 64
      let more = try instructions(of: configuration, on: stage) - instructions(of: small, on: stage)
      return Sample(figure: max(0, more))
    }
  }

  private static func instructions(of configuration: Configuration, on stage: Stage) throws(BenchError) -> Double {
    try requireReleaseBuild()
    let messages = 200
    var played = configuration
    played.scenario = "messages"
    return try stage.inOwnDirectory { directory throws(BenchError) in
      let profile = directory + "/callgrind.out"
      let program = try Program.for(configuration.transport).underCallgrind(in: directory, writing: profile)
      _ = try program.run(stage.options(for: played, samples: messages), in: directory)
      guard let total = Callgrind.instructions(in: profile) else { throw BenchError("callgrind left no profile") }
      return Double(total) / Double(messages)
    }
  }

  private static func requireReleaseBuild() throws(BenchError) {
    #if DEBUG
      throw BenchError("a debug build says nothing about this", isUnavailable: true)
    #endif
  }
}

enum Callgrind {
  /// The sum of all instructions that were collected: the line `summary: N` or `totals: N`.
  static func instructions(in path: String) -> UInt64? {
    let text = (try? String(contentsOfFile: path, encoding: .utf8)) ?? ""
    for line in text.split(separator: "\n") where line.hasPrefix("totals:") || line.hasPrefix("summary:") {
      if let number = line.split(separator: " ").last.flatMap({ UInt64($0) }) { return number }
    }
    return nil
  }
}

extension Double {
  fileprivate func rounded(_ rule: FloatingPointRoundingRule, toPlaces places: Int) -> Double {
    var scale = 1.0
    for _ in 0..<places { scale *= 10 }
    return Swift.max(0, (self * scale).rounded(rule) / scale)
  }
}
