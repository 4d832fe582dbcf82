import KBUSShm
import Testing

@Suite("Message names") struct MessageNameTests {
  struct Case: Sendable, CustomTestStringConvertible {
    let name: MessageName
    let form: MessageName.Form
    init(_ name: String, _ form: MessageName.Form) { self.init(bytes: Array(name.utf8), form) }
    init(bytes: [UInt8], _ form: MessageName.Form) {
      name = MessageName(bytes: bytes)
      self.form = form
    }
    var testDescription: String { "\"\(name.description.prefix(40))\" (\(name.bytes.count) bytes): \(form)" }
  }

  static let plain = ["$.a", "$.9", "$.A1.b2", "$.QuiteLongWordsAreAllowedInNames", "$.a.b.c.d.e.f.g.h.i.j.k.l", "$.0.0"].map {
    Case($0, .plain)
  }
  static let wildcards = [
    Case("$.*", .descendants), Case("$.%", .child), Case("$.a.*", .descendants), Case("$.a.b.%", .child),
  ]
  static let invalid =
    [
      "$.", "$", "", "Fred", "$x", "$a.b", ".a.b", "$..", "$.a.", "$.a..", "$.a..b", "$..*", "$.a*", "$.*.a", "$.a.%.b", "$.*.*",
      "$.a.**", "$.%*", "$.a.*.", "$.a_b", "$.a-b", "$.a b", "$.#", "$.café", "$.a\0", "$.\0", " $.a", "$.a ", "$.a.%%", "$%", "$*", "%",
      "*",
      "$.a.\n", "£.a", "$,a", "$.a/b", "$.a:b", "$.a@b", "$.a[b", "$.a`b", "$.a{b",
    ].map { Case($0, .invalid) } + [Case(bytes: Array("$.caf".utf8) + [0xE9], .invalid), Case(bytes: Array("$.".utf8) + [0xC0], .invalid)]

  @Test("the grammar of names (specification, 2.1)", arguments: plain + wildcards + invalid)
  func grammar(of example: Case) { #expect(example.name.form == example.form) }

  @Test("every byte but letters, digits and dots makes a name invalid")
  func everyByte() {
    for byte in UInt8.min...UInt8.max {
      let isWord = (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte)
      for name in [[byte], [0x61, byte, 0x61], [byte, 0x61], [0x61, byte]].map({ Array("$.w.".utf8) + $0 }) {
        let expected: MessageName.Form
        if isWord {
          expected = .plain
        } else if name == Array("$.w.*".utf8) {
          expected = .descendants
        } else if name == Array("$.w.%".utf8) {
          expected = .child
        } else {
          expected = byte == UInt8(ascii: ".") && name == Array("$.w.a.a".utf8) ? .plain : .invalid
        }
        #expect(MessageName(bytes: name).form == expected, "\(name)")
      }
    }
  }

  @Test("a name has at most 1000 bytes, and up to then words of any length")
  func lengths() throws {
    let longest = MessageName("$." + String(repeating: "x", count: 998))
    #expect(longest.form == .plain && longest.bytes.count == MessageName.maximumLength)
    let tooLong = MessageName("$." + String(repeating: "x", count: 999))
    let bus = try TemporaryBus()
    let ksock = try bus.open()
    try ksock.bind(longest)
    try ksock.send(Announcement(longest))
    #expect(try ksock.receive()?.name == longest)
    expectFailure(.nameTooLong, errno: 36, saying: ["1001", "1000"]) { try ksock.bind(tooLong) }
    expectFailure(.nameTooLong, errno: 36) { try ksock.unbind(tooLong) }
    expectFailure(.nameTooLong, errno: 36) { try ksock.send(Announcement(tooLong)) }
    expectFailure(.nameTooLong, errno: 36) { try ksock.findReplier(tooLong) }
    // Length is looked at before grammar.
    expectFailure(.nameTooLong, errno: 36) { try ksock.bind(MessageName(String(repeating: "?", count: 10_000))) }
  }

  @Test("what can't be bound or sent is refused with its errno (specification, 2.2)", arguments: invalid)
  func refusal(of example: Case) throws {
    let bus = try TemporaryBus()
    let ksock = try bus.open()
    for kind in [Ksock.BindingKind.listener, .replier] {
      expectFailure(.badName, errno: 74) { try ksock.bind(example.name, as: kind) }
      expectFailure(.badName, errno: 74) { try ksock.unbind(example.name, as: kind) }
    }
    if example.name.bytes.isEmpty {
      expectFailure(.badValue, errno: 22) { try ksock.send(Announcement(example.name)) }
      expectFailure(.nameTooLong, errno: 36) { try ksock.findReplier(example.name) }
    } else {
      expectFailure(.badName, errno: 74) { try ksock.send(Announcement(example.name)) }
      expectFailure(.badName, errno: 74) { try ksock.loan(Announcement(example.name), bytes: 4) }
      #expect(try ksock.findReplier(example.name) == nil)
    }
  }

  @Test("a wildcard can be bound to, and not be sent to", arguments: wildcards)
  func wildcard(_ example: Case) throws {
    let bus = try TemporaryBus()
    let ksock = try bus.open()
    expectFailure(.badName, errno: 74) { try ksock.send(Announcement(example.name)) }
    try ksock.bind(example.name)
    try ksock.bind(example.name, as: .replier)
    #expect(try ksock.findReplier(example.name) == ksock.id)
  }

  struct Match: Sendable, CustomTestStringConvertible {
    let binding: MessageName
    let matching: [MessageName]
    let others: [MessageName]
    var testDescription: String { "\(binding)" }
  }

  @Test(
    "a binding matches as the specification says (2.3)",
    arguments: [
      Match(binding: "$.Fred", matching: ["$.Fred"], others: ["$.fred", "$.Fred.Jim", "$.Fre", "$.Fredd", "$.F"]),
      Match(
        binding: "$.Fred.*", matching: ["$.Fred.Jim", "$.Fred.Jim.Bob"], others: ["$.Fred", "$.Freddy", "$.Freddy.Jim", "$.fred.Jim"]),
      Match(binding: "$.Fred.%", matching: ["$.Fred.Jim", "$.Fred.1"], others: ["$.Fred", "$.Fred.Jim.Bob", "$.Freddy.Jim", "$.Jim"]),
      Match(binding: "$.*", matching: ["$.a", "$.Fred", "$.Fred.Jim.Bob", "$.KBUS.Any"], others: []),
      Match(binding: "$.%", matching: ["$.a", "$.Fred"], others: ["$.Fred.Jim"]),
      Match(binding: "$.a*", matching: [], others: ["$.a", "$.ab", "$.a.b"]),
    ])
  func matching(_ match: Match) {
    for name in match.matching { #expect(match.binding.matches(name), "\(name)") }
    for name in match.others { #expect(!match.binding.matches(name), "\(name)") }
  }
}
