// `routing`, `fanout` and `hold`: what a send costs its sender, and everybody else.

enum Routing {
  static let name = "routing"
  static let bindings = [10, 100, 1000, 10_000, 100_000]

  static let cases: [Case] = lock + routing + fanOut + hold

  /// What a send can't do without: the lock.
  private static let lock = [Limits.limit("lock")]

  /// Whether a sender knows the recipients from the last message to the name, as most do; or has to look them up for each message.
  enum Recall: String, CaseIterable {
    case remembered
    case lookedUp = "looked up"

    init(in variant: String) { self = variant.hasSuffix(Recall.lookedUp.rawValue) ? .lookedUp : .remembered }
  }

  /// The kinds of binding.
  static let forms = ["exact", "%", "*"]

  static func variant(_ form: String, _ recall: Recall) -> String { "\(form), \(recall.rawValue)" }

  static func form(in variant: String) -> String { forms.first { variant.hasPrefix($0) } ?? "exact" }

  private static let routing: [Case] = Recall.allCases.flatMap { recall in
    forms.flatMap { form in bindings.map { send(variant(form, recall), bindings: $0) } } + crowded(recall)
  }

  /// The bystanders' bindings are spread over as many Ksocks as a bus has by default; and these have full queues.
  private static func crowded(_ recall: Recall) -> [Case] {
    [0, 100].map { send(variant("exact", recall), bindings: 10_000, bystanders: 1000, backlog: $0) }
  }

  private static func send(_ variant: String, bindings: Int, bystanders: Int = 1, backlog: Int = 0) -> Case {
    let configuration = Configuration(
      scenario: name, transport: .bus, bindings: bindings, bystanders: bystanders, backlog: backlog, variant: variant)
    let ten = Configuration(scenario: name, transport: .bus, bindings: 10, variant: variant)
    return Case(
      configuration: configuration, unit: .nanoseconds,
      standards: configuration == ten
        ? [Standard(configuration: lock[0].configuration)]
        : [Standard(configuration: ten, goal: bindings == 10_000 ? .atMost(1.2) : nil)],
      play: { stage throws(BenchError) in try Sample(times: stage.run(configuration)) })
  }

  /// Up to 20 recipients are remembered with the name; to more of them each send goes the long way.
  private static let mostRemembered = 20

  private static let fanOut: [Case] = [1, 4, 16, mostRemembered, mostRemembered + 1, 32, 64].map { listeners in
    let configuration = Configuration(scenario: "fanout", transport: .bus, listeners: listeners)
    var one = configuration
    one.listeners = 1
    var standards =
      listeners == 1
      ? [Standard(configuration: lock[0].configuration)] : [Standard(configuration: one, goal: listeners == 16 ? .atMost(6) : nil)]
    if listeners == mostRemembered + 1 {
      var remembered = configuration
      remembered.listeners = mostRemembered
      standards.append(Standard(configuration: remembered))
    }
    return Case(
      configuration: configuration, unit: .nanoseconds, standards: standards,
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
