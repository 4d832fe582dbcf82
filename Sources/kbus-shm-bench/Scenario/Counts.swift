// `counts`: what a message costs that a clock is not needed for. The same on every run and on a busy machine, so that a build can be
// held to it.

import FoundationEssentials

enum Counts {
  static let name = "counts"

  /// What no build may exceed. Lower these whenever something gets better.
  enum Ceiling {
    /// Of the library, for one message.
    static let instructions: [Transport: [Counted: Double]] = [
      .bus: [.lent: 1000, .copied: 2800, .batch: 1090, .request: 3280],
      .busFromC: [.lent: 1760, .copied: 2470, .batch: 2310, .request: 3800],
    ]
    /// That a large loan takes more than a small one.
    static let instructionsOfLoan: [Transport: Double] = [.bus: 250, .busFromC: 250]
    /// That a send takes more beside many bindings, Ksocks and messages. Looking up: hashes differ from bus to bus, and now and then
    /// somebody else's binding stands before ours.
    static let instructionsBesideOthers: [Routing.Recall: Double] = [.remembered: 50, .lookedUp: 250]
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
    static let wakesUnderTheLock = 0.0
    /// How often a payload is copied.
    static let copiesOfLoan = 0.0
    static let copies = 2.0
  }

  static let transports: [Transport] = [.bus, .busFromC]

  static let cases: [Case] = transports.flatMap(cases) + [wakesUnderTheLock] + besideOthers

  private static func cases(_ transport: Transport) -> [Case] {
    let copied = [Interface.loan, .copy].map { copies(transport, $0) }
    return systemCalls(transport) + wakes(transport) + instructions(transport) + [allocations(transport)] + copied + [flatness(transport)]
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
    let lists = try stage.run(program, stage.options(for: played, samples: stage.askedSamples ?? 1000))
    guard let counts = lists.first, counts.count == 3, counts[0] > 0 else { throw BenchError("it left no figures") }
    return counts
  }

  static func requireReleaseBuild() throws(BenchError) {
    #if DEBUG
      throw BenchError("a debug build says nothing about this", isUnavailable: true)
    #endif
  }
}

extension Double {
  func rounded(_ rule: FloatingPointRoundingRule, toPlaces places: Int) -> Double {
    var scale = 1.0
    for _ in 0..<places { scale *= 10 }
    return Swift.max(0, (self * scale).rounded(rule) / scale)
  }
}
