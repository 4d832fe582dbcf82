// `routing`, `fanout` and `hold`: what a send costs its sender, and everybody else.

enum Routing {
  static let name = "routing"
  static let bindings = [10, 100, 1000, 10_000, 100_000]

  static let cases: [Case] = lock + routing + fanOut + hold

  /// What a send can't do without: the lock.
  private static let lock = [Limits.limit("lock")]

  private static let routing: [Case] = ["exact", "%", "*"].flatMap { variant in
    bindings.map { bindings in
      let configuration = Configuration(
        scenario: name, transport: .bus, bindings: bindings, variant: variant)
      var ten = configuration
      ten.bindings = 10
      return Case(
        configuration: configuration, unit: .nanoseconds,
        standards: bindings == 10
          ? [Standard(configuration: lock[0].configuration)]
          : [Standard(configuration: ten, goal: bindings == 10_000 ? .atMost(1.2) : nil)],
        play: { stage throws(BenchError) in try Sample(times: stage.run(configuration)) })
    }
  }

  private static let fanOut: [Case] = [1, 4, 16].map { listeners in
    let configuration = Configuration(scenario: "fanout", transport: .bus, listeners: listeners)
    var one = configuration
    one.listeners = 1
    return Case(
      configuration: configuration, unit: .nanoseconds,
      standards: listeners == 1
        ? [Standard(configuration: lock[0].configuration)]
        : [Standard(configuration: one, goal: listeners == 16 ? .atMost(6) : nil)],
      play: { stage throws(BenchError) in try Sample(times: stage.run(configuration)) })
  }

  /// How long a send keeps everybody else out, and what holding the lock for nothing comes to when it is measured alike.
  private static let hold: [Case] = [Transport.limit("hold"), .busFromC].map { transport in
    let configuration = Configuration(scenario: "hold", transport: transport)
    var nothing = configuration
    nothing.transport = .limit("hold")
    return Case(
      configuration: configuration, unit: .nanoseconds, goal: transport.isLimit ? nil : .atMost(150),
      standards: transport.isLimit ? [] : [Standard(configuration: nothing)],
      play: { stage throws(BenchError) in
        let program = try Program.built("lock-hold", toMeasure: .busFromC)
        return try Sample(times: stage.run(program, stage.options(for: configuration)))
      })
  }
}
