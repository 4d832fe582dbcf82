// Routing by hash against the rule itself: who receives a message must be who a look at every binding says.

import KBUSShm
import Testing

@Suite("Who receives a message", .timeLimit(.minutes(10))) struct RoutingTests {
  /// A generator that gives the same each time, so that a failure can be seen again.
  struct Dice: RandomNumberGenerator {
    private var state: UInt64
    init(seed: UInt64) { state = seed &* 0x9E37_79B9_7F4A_7C15 &+ 1 }
    mutating func next() -> UInt64 {
      state ^= state << 13
      state ^= state >> 7
      state ^= state << 17
      return state
    }
  }

  struct Bound {
    let ksock: Int
    let name: MessageName
    let kind: Ksock.BindingKind
  }

  /// Few words, so that names are often alike; up to 14 deep, which is beyond what a name key keeps hashes of.
  private func randomName(_ dice: inout Dice, wildcards: Bool) -> MessageName {
    let depth = Bool.random(using: &dice) ? Int.random(in: 1...3, using: &dice) : Int.random(in: 1...14, using: &dice)
    var words = (0..<depth).map { _ in ["a", "b", "ab"].randomElement(using: &dice)! }
    // Deep names with a common beginning, or no two would ever match.
    if depth > 3 { for place in 0..<(depth - 2) { words[place] = "a" } }
    if depth > 4, Int.random(in: 0..<4, using: &dice) == 0 { words[0] = String(repeating: "a", count: 70) }
    if wildcards {
      switch Int.random(in: 0..<4, using: &dice) {
      case 0: words[depth - 1] = "*"
      case 1: words[depth - 1] = "%"
      default: break
      }
    }
    return MessageName("$." + words.joined(separator: "."))
  }

  /// The Replier that section 8 chooses: exact before `%` before the newest `*`.
  private func replier(for name: MessageName, among bound: [Bound]) -> Int? {
    let candidates = bound.filter { $0.kind == .replier && $0.name.matches(name) }
    let rank: (MessageName.Form) -> Int = { $0 == .plain ? 0 : $0 == .child ? 1 : 2 }
    // `bound` has the oldest first.
    return candidates.reversed().min { rank($0.name.form) < rank($1.name.form) }?.ksock
  }

  @Test("each binding that matches gets its copy, in the order of the specification, and the right Replier the request", arguments: 1...12)
  func deliveries(seed: Int) throws {
    var dice = Dice(seed: UInt64(seed))
    var options = BusOptions.small
    options.maxBindings = 400
    options.slots = [.init(bytes: 256, count: 32), .init(bytes: 4096, count: 16), .init(bytes: 65_536, count: 2)]
    let bus = try TemporaryBus(options)
    let ksocks = try (0..<5).map { _ in try bus.open() }
    for ksock in ksocks { try ksock.setMaxMessages(10_000) }
    let sender = try bus.open()
    var bound: [Bound] = []
    for round in 0..<400 {
      switch Int.random(in: 0..<10, using: &dice) {
      case 0..<4 where bound.count < 300:
        let new = Bound(
          ksock: Int.random(in: 0..<5, using: &dice), name: randomName(&dice, wildcards: true),
          kind: Int.random(in: 0..<3, using: &dice) == 0 ? .replier : .listener)
        let isTaken = new.kind == .replier && bound.contains { $0.kind == .replier && $0.name == new.name }
        if isTaken {
          expectFailure(.alreadyBound, errno: 98) { try ksocks[new.ksock].bind(new.name, as: .replier) }
        } else {
          try ksocks[new.ksock].bind(new.name, as: new.kind)
          bound.append(new)
        }
      case 4 where !bound.isEmpty:
        let old = bound.randomElement(using: &dice)!
        try ksocks[old.ksock].unbind(old.name, as: old.kind)
        // The newest of those that are the same goes.
        bound.remove(at: bound.lastIndex { $0.ksock == old.ksock && $0.name == old.name && $0.kind == old.kind }!)
      default:
        try expectDelivery(of: randomName(&dice, wildcards: false), among: bound, ksocks, sender, "seed \(seed), round \(round)")
      }
    }
    try bus.expectSound()
  }

  private func expectDelivery(
    of name: MessageName, among bound: [Bound], _ ksocks: [Ksock], _ sender: Ksock, _ round: Comment
  ) throws {
    let replier = replier(for: name, among: bound)
    #expect((try? sender.waitForReplier(name, within: .zero)) == replier.map { ksocks[$0].id }, round)
    if replier == nil {
      expectFailure(.noReplier, errno: 99) { try sender.send(Request(name)) }
    }
    let id = try replier == nil ? sender.send(Announcement(name)) : sender.send(Request(name))
    var request: Message?
    for (number, ksock) in ksocks.enumerated() {
      let copies = bound.count { $0.ksock == number && $0.kind == .listener && $0.name.matches(name) }
      var expected = Array(repeating: false, count: copies)
      if replier == number { expected.insert(true, at: 0) }
      var found: [Bool] = []
      while let message = try ksock.receive() {
        #expect(message.id == id && message.name == name, round)
        found.append(message.wantsUsToReply)
        if message.wantsUsToReply { request = message }
      }
      // The copy that asks for a reply comes first.
      #expect(found == expected, "\(name) at Ksock \(number): \(round)")
    }
    guard let replier, let request else { return }
    try ksocks[replier].send(Reply(to: request))
    #expect(try sender.receive()?.inReplyTo == id, round)
    for ksock in ksocks { while try ksock.receive() != nil {} }
  }
}
