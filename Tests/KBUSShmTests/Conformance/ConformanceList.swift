// The list of conformance cases as a table: which there are, and which of them are no Swift test, and why.

import Foundation
import Testing

/// All cases, and those without a Swift test.
enum ConformanceList {
  /// The sections of the list and how many cases each has, numbered from 1. (There is no section S.)
  static let sections: [(letter: Character, cases: Int)] = [
    ("A", 16), ("B", 28), ("C", 20), ("D", 10), ("E", 27), ("F", 9), ("G", 12), ("H", 28), ("I", 8), ("J", 11),
    ("K", 18), ("L", 23), ("M", 22), ("N", 5), ("O", 10), ("P", 6), ("Q", 35), ("R", 13), ("T", 6), ("U", 16),
    ("V", 15), ("W", 22),
  ]

  /// Why a case is no Swift test.
  enum Reason: String, Codable {
    /// Looks at single bytes written, read or left to read; the Swift API moves whole messages.
    case bytes
    /// Says what happens when a process dies or forks; the tests with several processes say it.
    case processDeath = "process death"
    case python = "Python"
    case c = "C"
    case limpets
    /// The Swift types rule it out: there is no way to write it.
    case unsayable = "the Swift API cannot say it"
  }

  /// The cases without a Swift test, with the reason.
  static let leftOut: [(id: String, reason: Reason)] =
    [
      ("A-03", .python), ("A-12", .c), ("A-15", .python),
      ("B-26", .c),
      ("C-14", .bytes),  // the header's `extra`
      ("E-02", .bytes), ("E-07", .bytes), ("E-08", .bytes), ("E-09", .bytes), ("E-10", .bytes), ("E-11", .bytes),
      ("E-13", .bytes), ("E-14", .bytes), ("E-15", .bytes), ("E-21", .bytes),
      ("G-03", .bytes), ("G-04", .bytes), ("G-05", .bytes), ("G-06", .bytes), ("G-07", .bytes), ("G-08", .bytes),
      ("G-12", .bytes),
      ("K-17", .processDeath),
      ("O-02", .unsayable),  // an argument that is neither on, off nor a question
      ("R-08", .unsayable),  // the exception set of select
      ("R-11", .c),  // poll and epoll on a descriptor
      ("R-12", .processDeath), ("R-13", .processDeath),
      ("T-06", .processDeath),
    ] + whole("U", .python) + whole("V", .c) + whole("W", .limpets)

  /// The numbers of all cases, in the order of the list.
  static let all: [String] = sections.flatMap { numbers(of: $0.letter, count: $0.cases) }

  private static func whole(_ letter: Character, _ reason: Reason) -> [(id: String, reason: Reason)] {
    let count = sections.first { $0.letter == letter }?.cases ?? 0
    return numbers(of: letter, count: count).map { ($0, reason) }
  }

  private static func numbers(of letter: Character, count: Int) -> [String] {
    (0..<count).map { "\(letter)-\($0 < 9 ? "0" : "")\($0 + 1)" }
  }
}

/// What `scripts/conformance` prints the numbers of.
struct ConformanceReport: Codable, Attachable {
  var all: [String]
  /// The cases that have a test in this run.
  var inSwift: [String]
  var leftOut: [LeftOut]

  struct LeftOut: Codable {
    var id: String
    var reason: String
  }
}

extension Conformance {
  @Suite("The list") struct ListIsComplete {
    @Test("every case of the list is one test, or is left out for a reason")
    func everyCaseHasItsTest() {
      let registered = CaseRegister.cases
      let leftOut = ConformanceList.leftOut.map(\.id)
      let expected = Set(ConformanceList.all).subtracting(leftOut)
      #expect(Set(registered).count == registered.count, "a case has two tests")
      #expect(Set(leftOut).count == leftOut.count, "a case is left out twice")
      #expect(Set(leftOut).subtracting(ConformanceList.all) == [], "left out, but not in the list")
      // A run of part of the tests (--filter) has no chance here.
      #expect(expected.subtracting(registered).sorted() == [], "neither a test nor left out")
      #expect(Set(registered).subtracting(expected).sorted() == [], "a test, but left out or not in the list")

      Attachment.record(
        ConformanceReport(
          all: ConformanceList.all, inSwift: registered.sorted(),
          leftOut: ConformanceList.leftOut.map { .init(id: $0.id, reason: $0.reason.rawValue) }),
        named: "conformance-list.json")
    }
  }
}
