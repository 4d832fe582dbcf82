// Random operations, carried out by several processes on a real bus and by a model made of plain arrays. One at a time, so
// that the model knows the order; whatever can be observed must agree after each.

import Foundation
import Glibc
import KBUSShm
import TestPeer
import Testing

@Suite(.timeLimit(.minutes(10)), .serialized) struct ModelTests {
  private static let fixedSeeds: [UInt64] = [1, 2, 3]

  /// The fixed ones and a fresh one, or those of one's own choice: `KBUS_MODEL_SEED=17 swift test --filter ModelTests`.
  private static let seeds: [UInt64] = {
    let chosen = ProcessInfo.processInfo.environment["KBUS_MODEL_SEED"]?.split(separator: ",").compactMap { UInt64($0) } ?? []
    return chosen.isEmpty ? fixedSeeds + [UInt64.random(in: 4...999_999)] : chosen
  }()

  @Test("10,000 random operations by four processes end as a model in plain arrays says", arguments: seeds)
  func randomOperations(seed: UInt64) throws {
    let play = try Play(seed: seed)
    for round in 0..<10 {
      if round % 4 == 3 {
        for step in play.script.tooManyEvents() { try play.perform(step) }
        try play.compareAll()
      }
      for _ in 0..<500 { try play.perform(play.script.next()) }
      for isReplaced in [false, true] {
        for step in play.script.pendingRequest(isReplaced: isReplaced) { try play.perform(step) }
      }
      for _ in 0..<500 { try play.perform(play.script.next()) }
      try play.compareAll()
    }
    for step in play.script.endHeld() + play.script.drain() { try play.perform(step) }
    try play.compareAll()
    let violations = try play.bus.violations().map(\.description)
    #expect(violations == [])
    if Self.fixedSeeds.contains(seed) { #expect(play.lacks() == []) }
    print("model: seed \(seed), \(play.performed) operations, \(play.script.model.lastSerial) messages, \(play.summary)")
  }
}

/// The processes, the script, and what has happened so far.
private final class Play {
  let bus: PrivateBus
  var script: RandomScript
  private let seed: UInt64
  private let here: Orders
  private let peers: [Peer]
  private var history: [String] = []
  private var tally: [String: Int] = [:]

  var performed: Int { history.count }

  init(seed: UInt64) throws {
    self.seed = seed
    bus = try PrivateBus()
    here = Orders(directory: bus.directory)
    peers = try (0..<3).map { [bus] _ in try bus.peer() }
    let probe = try bus.open()
    let model = BusModel(absoluteMaxMessageSize: try probe.absoluteMaxMessageSize())
    probe.close()
    script = RandomScript(seed: seed, model: model, pids: [getpid()] + peers.map(\.pid))
    // The probe was the first Ksock.
    script.model.lastKsock = 1
  }

  /// How often each outcome came, so that one sees what was tried.
  var summary: String {
    tally.sorted { $0.value > $1.value }.map { "\($0.key) \($0.value)" }.joined(separator: ", ")
  }

  /// What sort of answer this is: an errno, or the kind of message.
  private static func outcome(_ answer: String) -> String {
    if answer.hasPrefix("error") { return String(answer.dropFirst("error ".count)) }
    guard answer.hasPrefix("message <") else { return String(answer.prefix { $0 != " " }) }
    // Of the bus's own messages the name, which is in quotes.
    for name in Self.namesOfTheBus where answer.contains("'$.KBUS.\(name)'") { return name }
    return String(answer.dropFirst("message <".count).prefix { $0 != " " }) + (answer.contains(",YOU") ? " YOU" : "")
  }

  private static let namesOfTheBus = [
    "Replier.GoneAway", "Replier.Ignored", "Replier.Unbound", "Replier.Disappeared", "ErrorSending", "UnbindEventsLost",
  ]

  /// What a play that deserves the name comes upon.
  func lacks() -> [String] {
    let errnos = [
      "EADDRINUSE", "EADDRNOTAVAIL", "EAGAIN", "EALREADY", "EBADF", "EBADMSG", "EBUSY", "ECONNREFUSED", "EINVAL", "EMSGSIZE",
      "ENAMETOOLONG", "ENOLCK", "ENOMSG", "EPIPE", "ETIMEDOUT",
    ]
    let messages = ["Announcement", "Request", "Request YOU", "Reply", "ReplierBindEvent", "nothing"] + Self.namesOfTheBus
    return (errnos + messages).filter { tally[$0] == nil }
  }

  func perform(_ step: Step) throws {
    let answer = step.process == 0 ? here.answer(step.order) : try peers[step.process - 1].ask(step.order)
    history.append("\(step.process): \(step.order) -> \(answer)")
    tally[Self.outcome(answer), default: 0] += 1
    guard answer != step.expected else { return }
    throw Disagreement(
      description: """
        seed \(seed), step \(history.count): expected \(step.expected)
        \(history.suffix(20).joined(separator: "\n"))
        The model now, newest Ksock first:
        \(script.model.ksocks.map(\.description).joined(separator: "\n"))
        set aside: \(script.model.setAside.prefix(12).map { "\($0.copy.message.id) for \($0.ksock)" })
        The bus now:
        \((try? Bus.inspect(0, in: bus.directory).statistics.text) ?? "")
        """)
  }

  /// The state of the whole bus, asked of every process.
  func compareAll() throws {
    for actor in script.actors.indices where script.isOpen(actor) {
      try perform(script.counts(actor))
      try perform(script.statistics(actor))
      try perform(script.bindings(actor))
    }
  }
}

/// The bus and the model differ.
private struct Disagreement: Error, CustomStringConvertible {
  let description: String
}
