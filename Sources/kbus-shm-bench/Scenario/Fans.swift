// `oneway` and `throughput`: from senders to listeners.

enum OneWay {
  static let name = "oneway"
  static let rates = [1000, 10_000, 100_000, 1_000_000]

  /// A loop that does not wait for anybody: a message is late from the moment at which it was to be sent, whatever keeps the
  /// sender from sending it.
  static let cases: [Case] = rates.flatMap { rate in
    [Mode.spin, .sleep].flatMap { mode in
      ([Transport.ring, .bus, .busFromC] + (rate <= 10_000 ? [.busFromPython] : [])).map { oneWay($0, mode, rate: rate) }
    }
  }

  static func oneWay(_ transport: Transport, _ mode: Mode, rate: Int) -> Case {
    var configuration = Configuration(scenario: name, transport: transport, mode: mode, cores: 2, rate: rate)
    configuration.interface = .loan
    var limit = configuration
    limit.transport = .ring
    return Case(
      configuration: configuration, unit: .nanoseconds,
      standards: transport == .ring ? [] : [Standard(configuration: limit)]
    ) { [configuration] stage throws(BenchError) in
      // For twice the time that a run may take, since the slowest rate gives few samples.
      let count = min(stage.askedSamples ?? .max, max(1, Int(UInt64(rate) * stage.timeLimit / 500_000_000)))
      let doubled = Stage(
        directory: stage.directory, cpus: stage.cpus, samples: count, askedSamples: stage.askedSamples, timeLimit: stage.timeLimit * 2)
      let lists = try doubled.run(configuration)
      try Throughput.checkNothingLost(lists)
      var sample = try Sample(times: [lists[0], []])
      sample.rate = Throughput.rate(lists)
      return sample
    }
  }
}

enum Throughput {
  static let name = "throughput"
  static let crowds = [(1, 1), (1, 4), (1, 16), (2, 1), (4, 1), (2, 4), (4, 4), (2, 16), (4, 16)]

  static let cases: [Case] = crowds.flatMap { senders, listeners in
    [throughput(.ring, senders: senders, listeners: listeners), throughput(.bus, senders: senders, listeners: listeners)]
      + [throughput(.bus, .batch, senders: senders, listeners: listeners)]
      + (senders == 1 ? [throughput(.bus, .copy, senders: senders, listeners: listeners)] : [])
      + (senders == 1 ? faces(listeners: listeners) : [])
  }

  /// Python has to start an interpreter for each listener.
  private static func faces(listeners: Int) -> [Case] {
    ([Transport.busFromC] + (listeners <= 4 ? [.busFromPython] : [])).flatMap { transport in
      [Interface.loan, .batch, .copy].map { throughput(transport, $0, senders: 1, listeners: listeners) }
    }
  }

  static func throughput(
    _ transport: Transport, _ interface: Interface = .loan, senders: Int, listeners: Int, against others: [Standard] = []
  ) -> Case {
    let configuration = Configuration(
      scenario: name, transport: transport, mode: .standard, interface: interface, cores: 2, senders: senders,
      listeners: listeners)
    var limit = configuration
    limit.transport = .ring
    limit.interface = .loan
    return Case(
      configuration: configuration, unit: .messagesPerSecond,
      standards: (transport.isLimit ? [] : [Standard(configuration: limit)]) + others
    ) { stage throws(BenchError) in
      // As many as it can in the time.
      let lists = try stage.run(configuration, samples: stage.askedSamples ?? 1 << 40)
      try checkNothingLost(lists)
      return Sample(figure: rate(lists))
    }
  }

  /// Messages a second that came through, in what a fan leaves.
  static func rate(_ lists: [[UInt64]]) -> Double { Double(lists[1][1]) * 1e9 / Double(max(1, lists[1][0])) }

  static func checkNothingLost(_ lists: [[UInt64]]) throws(BenchError) {
    guard lists.count == 2, lists[1].count == 4 else { throw BenchError("a part left other figures than it should") }
    guard lists[1][3] == 0 else { throw BenchError("\(lists[1][3]) messages were lost or out of order") }
  }
}

extension Transport {
  /// Slots in shared memory that each listener reads for itself.
  static let ring = limit("ring")
}
