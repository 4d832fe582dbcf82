// A random play for several processes: each step is an order for one of them, together with the answer that the model gives.

import KBUSShm

/// What one process is told, and what it must answer.
struct Step {
  /// Which of the processes.
  let process: Int
  let order: String
  let expected: String
}

/// SplitMix64: the same steps for the same seed, everywhere.
struct SeededRandom: RandomNumberGenerator {
  private var state: UInt64

  init(seed: UInt64) { state = seed }

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var word = state
    word = (word ^ (word >> 30)) &* 0xBF58_476D_1CE4_E5B9
    word = (word ^ (word >> 27)) &* 0x94D0_49BB_1331_11EB
    return word ^ (word >> 31)
  }
}

struct RandomScript {
  /// A Ksock of the play: its process, and its id on the bus once it has been open.
  struct Actor {
    let label: String
    let process: Int
    var id: UInt32 = 0
  }

  /// A message taken in place by a process.
  struct Held {
    let process: Int
    let place: String
    let message: Message
    /// Whose message it is.
    let ksock: UInt32
  }

  var random: SeededRandom
  var model: BusModel
  var actors: [Actor]
  var held: [Held] = []
  let pids: [Int32]
  var placesUsed = 0

  static let messageNames = ["$.A", "$.A.B", "$.A.B.C", "$.A.C", "$.D", "$.D.E.F.G"]
  static let bindingNames =
    messageNames + ["$.*", "$.%", "$.A.*", "$.A.%", "$.A.B.*", "$.A.B.%", "$.D.E.*", "$.KBUS.*", "$.KBUS.%", "$.KBUS.ReplierBindEvent"]
  static let badNames = ["", "$", "$.", "Fred", "$.A.", "$.A..B", "$.A_B", "$.*.A", "$.A.**", "$." + String(repeating: "x", count: 999)]

  /// `pids` are the processes, of which each gets two Ksocks.
  init(seed: UInt64, model: BusModel, pids: [Int32]) {
    random = SeededRandom(seed: seed)
    self.model = model
    self.pids = pids
    actors = (0..<2 * pids.count).map { Actor(label: "k\($0)", process: $0 % pids.count) }
  }

  // MARK: Choosing

  mutating func chance(_ percent: Int) -> Bool { Int.random(in: 0..<100, using: &random) < percent }

  mutating func pick<Value>(_ values: [Value]) -> Value { values[Int.random(in: 0..<values.count, using: &random)] }

  mutating func name(_ names: [String], badPercent: Int = 1) -> String { chance(badPercent) ? pick(Self.badNames) : pick(names) }

  func isOpen(_ actor: Int) -> Bool { model.isOpen(actors[actor].id) }

  /// Weighted kinds of steps. What is received has to keep up with what is sent.
  private static let kinds: [(weight: Int, make: @Sendable (inout RandomScript, Int) -> Step)] = [
    (26, { $0.receive($1) }), (20, { $0.announce($1) }), (14, { $0.request($1) }), (14, { $0.reply($1) }),
    (5, { $0.retry($1) }), (4, { $0.wait($1) }), (5, { $0.bind($1) }), (5, { $0.unbind($1) }),
    (4, { $0.setMaxMessages($1) }), (2, { $0.setOnlyOnce($1) }), (1, { $0.reportBinds($1) }), (1, { $0.close($1) }),
    (2, { $0.setMaxSize($1) }), (1, { $0.setVerbose($1) }), (1, { $0.findReplier($1) }), (5, { $0.holdOrEnd($1) }),
    (6, { $0.counts($1) }), (1, { $0.statistics($1) }), (1, { $0.bindings($1) }),
  ]

  /// The next step.
  mutating func next() -> Step {
    let actor = Int.random(in: 0..<actors.count, using: &random)
    if actors[actor].id == 0 { return open(actor) }
    // A closed Ksock is tried once in a while, and then opened again.
    if !isOpen(actor), chance(80) { return open(actor) }
    var lot = Int.random(in: 0..<Self.kinds.reduce(0) { $0 + $1.weight }, using: &random)
    for kind in Self.kinds {
      if lot < kind.weight { return kind.make(&self, actor) }
      lot -= kind.weight
    }
    fatalError("a lot beyond all weights")
  }

  // MARK: Answers

  /// The step in which an actor does `order`, with the answer of the model. A closed Ksock refuses everything.
  mutating func step(
    _ actor: Int, _ order: String, _ answer: (inout BusModel, UInt32) throws(Refused) -> String
  ) -> Step {
    let verb = order.prefix { $0 != " " }
    let line = "\(verb) \(actors[actor].label)\(order.dropFirst(verb.count))"
    let expected: String
    if isOpen(actor) {
      do throws(Refused) { expected = try answer(&model, actors[actor].id) } catch { expected = "error \(error.errno)" }
    } else {
      expected = "error EBADF"
    }
    return Step(process: actors[actor].process, order: line, expected: expected)
  }

  static func text(_ message: Message?) -> String {
    guard let message else { return "nothing" }
    return "message \(message.description(dataLimit: .max))"
  }
}
