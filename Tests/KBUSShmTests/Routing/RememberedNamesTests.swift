// Of which names a Ksock remembers what follows from them.

@testable import KBUSShm
import Testing

@Suite("Names that a sender remembers") struct RememberedNamesTests {
  private let names = KnownNames()

  private func isKnown(_ name: String) -> Bool { unsafe names.find(Array(name.utf8).span.bytes) != nil }
  private func learn(_ name: String) -> Bool { unsafe names.learn(Array(name.utf8).span.bytes, seed: 1) != nil }

  @Test("a name is known from when it is learnt until another takes its place")
  func oneName() {
    defer { names.deallocate() }
    #expect(!isKnown("$.Bench.Target.Name"))
    #expect(learn("$.Bench.Target.Name") && isKnown("$.Bench.Target.Name"))
    #expect(learn("$.Bench.Target.Other"), "whose last letter gives it another place")
    #expect(isKnown("$.Bench.Target.Name") && isKnown("$.Bench.Target.Other"))
  }

  // kbus-shm-bench (BusSends) sends to these in turn, to time sends that look their recipients up.
  @Test("names of one length whose last letters lie 16 apart are forgotten for each other")
  func forgotten() {
    defer { names.deallocate() }
    for _ in 0..<3 {
      for letter in ["A", "Q", "a", "q"] {
        #expect(!isKnown("$.Bench.Target.\(letter)"))
        #expect(learn("$.Bench.Target.\(letter)") && isKnown("$.Bench.Target.\(letter)"))
      }
    }
  }
}
