// Of which names a Ksock remembers what follows from them.

@testable import KBUSShm
import Testing

@Suite("Names that a sender remembers") struct RememberedNamesTests {
  private let names = KnownNames()

  private func isKnown(_ name: String) -> Bool { unsafe names.find(Array(name.utf8).span.bytes) != nil }
  private func reference(_ name: String) -> NameReference? { unsafe names.find(Array(name.utf8).span.bytes)?.value.reference }
  private func learn(_ name: String) -> Bool { unsafe names.learn(Array(name.utf8).span.bytes, seed: 1) != nil }

  @Test("a name is known from when it is learnt until another takes its place")
  func oneName() {
    defer { names.deallocate() }
    #expect(!isKnown("$.Bench.Target.Name"))
    #expect(learn("$.Bench.Target.Name") && isKnown("$.Bench.Target.Name"))
    #expect(learn("$.Bench.Target.Other"), "whose last letter gives it another place")
    #expect(isKnown("$.Bench.Target.Name") && isKnown("$.Bench.Target.Other"))
  }

  @Test("names alike do not turn each other out, until there are too many; then the one learnt first goes")
  func alike() throws {
    defer { names.deallocate() }
    let alike = (1...5).map { "$.Sensors.S\($0).Heat" }
    for name in alike.prefix(4) { #expect(learn(name)) }
    let references = alike.prefix(4).map { reference($0) }
    #expect(alike.prefix(4).allSatisfy(isKnown) && !isKnown(alike[4]))
    #expect(learn(alike[0]) && reference(alike[0]) == references[0], "it is known")
    #expect(learn(alike[4]))
    #expect(alike.map(isKnown) == [false, true, true, true, true])
    let first = try #require(references[0]), second = try #require(references[1])
    #expect(names[first] == nil && names[second] != nil, "a reference to one that went leads nowhere")
  }

  // kbus-shm-bench (BusSends) sends to these in turn, to time sends that look their recipients up.
  @Test("eight names of one length whose last letters lie 4 apart are forgotten when each of them is used in turn")
  func forgotten() {
    defer { names.deallocate() }
    for _ in 0..<3 {
      for letter in ["A", "E", "I", "M", "Q", "U", "a", "e"] {
        #expect(!isKnown("$.Bench.Target.\(letter)"))
        #expect(learn("$.Bench.Target.\(letter)") && isKnown("$.Bench.Target.\(letter)"))
      }
    }
  }

  @Test("what is no name is not learnt", arguments: ["", "$", "$.A..B", "A"])
  func noName(text: String) {
    defer { names.deallocate() }
    #expect(!learn(text) && !isKnown(text))
  }
}
