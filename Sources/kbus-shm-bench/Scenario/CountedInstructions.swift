// Of `counts`: instructions, as valgrind's callgrind counts them, of what passes between two Ksocks of one process.

import FoundationEssentials

/// What passes.
enum Counted: String, CaseIterable {
  case lent = "an announcement"
  case copied = "an announcement, copied"
  case batch = "one of a batch of 64"
  case request = "request and reply"
  /// What the program that passes them does itself, stamping and checking and counting, without the bus.
  case ownWork = "without the bus"
  case ownWorkOfRequest = "request, without the bus"

  static let passing: [Counted] = [.lent, .copied, .batch, .request]

  fileprivate var interface: Interface { self == .copied ? .copy : self == .batch ? .batch : .loan }
  fileprivate var withoutTheBus: Counted { self == .request ? .ownWorkOfRequest : .ownWork }
  /// Messages that pass at once.
  fileprivate var messages: Double { self == .batch ? 64 : 1 }
}

extension Counts {
  /// Of the library; and with what the program does itself, which users have of their own.
  static func instructions(_ transport: Transport) -> [Case] {
    Counted.passing.flatMap { counted in
      let goal = counted == .lent ? Goal.atMost(900) : nil
      let library = Configuration(
        scenario: name, transport: transport, interface: counted.interface, variant: "instructions: " + counted.rawValue)
      var all = library
      all.variant += ", with the program's own"
      return [
        Case(
          configuration: library, unit: .count, goal: goal, ceiling: Ceiling.instructions[transport]?[counted], mostRuns: 1
        ) { stage throws(BenchError) in
          let own = try instructions(library, passing: counted.withoutTheBus, on: stage)
          return Sample(figure: (try instructions(library, passing: counted, on: stage) - own) / counted.messages)
        },
        Case(configuration: all, unit: .count, mostRuns: 1) { [all] stage throws(BenchError) in
          Sample(figure: try instructions(all, passing: counted, on: stage) / counted.messages)
        },
      ]
    }
  }

  /// What a 12.4 MB loan costs more than one of 64 bytes: nothing may go over all of a payload.
  static func flatness(_ transport: Transport) -> Case {
    let configuration = Configuration(
      scenario: name, transport: transport, payloadBytes: 12_441_600, variant: "instructions more than for 64 bytes")
    return Case(configuration: configuration, unit: .count, ceiling: Ceiling.instructionsOfLoan[transport], mostRuns: 1) {
      stage throws(BenchError) in
      var small = configuration
      small.payloadBytes = 64
      return try more(configuration, than: small, passing: Counted.lent.rawValue, on: stage)
    }
  }

  /// What a message costs more that nobody else on the bus has anything to do with, the more there are of them.
  static let besideOthers: [Case] = Routing.Recall.allCases.flatMap { recall in
    [(10_000, 1, 0), (10_000, 1000, 0), (10_000, 1000, 100)].map { bindings, bystanders, backlog in
      let configuration = Configuration(
        scenario: name, transport: .bus, bindings: bindings, bystanders: bystanders, backlog: backlog,
        variant: "instructions more than alone, \(recall.rawValue)")
      return Case(configuration: configuration, unit: .count, ceiling: Ceiling.instructionsBesideOthers[recall], mostRuns: 1) {
        stage throws(BenchError) in
        let alone = Configuration(scenario: name, transport: .bus)
        return try more(configuration, than: alone, passing: recall.rawValue, on: stage)
      }
    }
  }

  private static func more(
    _ one: Configuration, than other: Configuration, passing: String, on stage: Stage
  ) throws(BenchError) -> Sample {
    let more = try instructions(one, passing, on: stage) - instructions(other, passing, on: stage)
    return Sample(figure: max(0, more))
  }

  private static func instructions(
    _ configuration: Configuration, passing counted: Counted, on stage: Stage
  ) throws(BenchError) -> Double {
    try instructions(configuration, counted.rawValue, on: stage)
  }

  /// For each call that passes something.
  private static func instructions(
    _ configuration: Configuration, _ passing: String, on stage: Stage
  ) throws(BenchError) -> Double {
    try requireReleaseBuild()
    let calls = stage.askedSamples ?? 200
    var played = configuration
    played.scenario = "messages"
    played.variant = passing
    return try stage.inOwnDirectory { directory throws(BenchError) in
      let profile = directory + "/callgrind.out"
      let program = try Program.for(played.transport).underCallgrind(in: directory, writing: profile)
      _ = try program.run(stage.options(for: played, samples: calls), in: directory)
      guard let total = Callgrind.instructions(in: profile) else { throw BenchError("callgrind left no profile") }
      return Double(total) / Double(calls)
    }
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
