// One order for everybody: four processes send at once, four listen under different wildcards, and what any two of them
// both hear, they hear in the same order. Nothing is lost.

import KBUSShm
import TestPeer
import Testing

@Suite(.timeLimit(.minutes(10)), .serialized) struct OrderTests {
  /// How it comes that no listener misses anything.
  enum Flow: String, CaseIterable {
    /// Short queues; who finds one full waits for room. Ids are given before the wait, so they may arrive out of order.
    case waiting
    /// Queues that are never full. Ids are given in the order of the sends.
    case longQueues
  }

  private static let sent = 25_000
  /// The names of one sender's messages, in turn.
  private static func names(_ sender: Int) -> [String] { ["$.Order.S\(sender)", "$.Order.S\(sender).Deep", "$.Other.S\(sender)"] }
  /// What each listener is bound to, and which of the names that matches.
  private static let wildcards: [(name: String, matches: Set<Int>)] = [
    ("$.*", [0, 1, 2]), ("$.Order.*", [0, 1]), ("$.Order.%", [0]), ("$.Other.%", [2]),
  ]

  @Test("100,000 messages by four processes reach four others in one order, and all of them", arguments: Flow.allCases)
  func oneOrder(flow: Flow) throws {
    var options = BusOptions()
    options.slots = [BusOptions.SlotClass(bytes: 256, count: 65_536), BusOptions.SlotClass(bytes: 65_536, count: 16)]
    let bus = try PrivateBus(options)
    let senders = try (0..<4).map { _ in try bus.peer() }, listeners = try (0..<4).map { _ in try bus.peer() }
    for (listener, wildcard) in zip(listeners, Self.wildcards) {
      #expect(try listener.ask("open l").hasPrefix("ok"))
      #expect(try listener.ask("bind l name=\(wildcard.name)") == "ok")
      #expect(try listener.ask("max-messages l count=\(flow == .waiting ? 500 : 1_000_000)").hasPrefix("ok"))
      let expected = (0..<Self.sent).count { wildcard.matches.contains($0 % 3) } * senders.count
      try listener.order("collect l count=\(expected) within=60000")
    }
    for sender in senders { #expect(try sender.ask("open s").hasPrefix("ok")) }
    let flags = flow == .waiting ? MessageFlags.allOrWait : MessageFlags.allOrFail
    for (number, sender) in senders.enumerated() {
      let names = Self.names(number).joined(separator: ",")
      try sender.order("burst s count=\(Self.sent) names=\(names) flags=\(flags.rawValue) within=60000")
    }
    let sent = try senders.map { try serials($0.answer(within: 120)) }
    let heard = try listeners.map { try serials($0.answer(within: 120)) }

    for (heard, wildcard) in zip(heard, Self.wildcards) {
      let expected = Set(sent.flatMap { serials in serials.indices.filter { wildcard.matches.contains($0 % 3) }.map { serials[$0] } })
      let distinct = Set(heard)
      let lost = expected.subtracting(distinct).count, foreign = distinct.subtracting(expected).count
      #expect(lost == 0 && foreign == 0 && heard.count == distinct.count, "\(wildcard.name) heard \(heard.count)")
    }
    // The listener to everything has heard the total order. Everybody else's is a part of it.
    var place = [Int](repeating: -1, count: 1 + Int(heard[0].max() ?? 0))
    for (position, serial) in heard[0].enumerated() { place[Int(serial)] = position }
    var inversions = 0
    for list in heard.dropFirst() + sent { inversions += Self.falls(list.map { place[Int($0)] }) }
    if flow == .longQueues { inversions += heard.reduce(0) { $0 + Self.falls($1.map(Int.init)) } }
    #expect(inversions == 0)

    // Had one sender simply followed the other, the order would mean nothing.
    let turns = Self.turns(heard[0], sent)
    #expect(turns > senders.count)
    let copies = heard.reduce(0) { $0 + $1.count }
    print("order: \(flow), \(sent.reduce(0) { $0 + $1.count }) messages, \(copies) copies, \(inversions) inversions, \(turns) turns")
    let violations = try bus.violations().map(\.description)
    #expect(violations == [])
  }

  private func serials(_ answer: String) throws -> [UInt32] {
    try #require(answer.hasPrefix("ok "), "\(answer.prefix(200))")
    return answer.dropFirst(3).split(separator: ",").compactMap { UInt32($0) }
  }

  /// How often a later one stands before an earlier one.
  private static func falls(_ places: [Int]) -> Int { zip(places, places.dropFirst()).count { $0 >= $1 } }

  /// How often the sender changes along the total order.
  private static func turns(_ order: [UInt32], _ sent: [[UInt32]]) -> Int {
    var sender = [Int](repeating: -1, count: 1 + Int(order.max() ?? 0))
    for (number, serials) in sent.enumerated() { for serial in serials where Int(serial) < sender.count { sender[Int(serial)] = number } }
    return zip(order, order.dropFirst()).count { sender[Int($0)] != sender[Int($1)] }
  }
}
