// The root of the conformance suites, and the register that knows which cases have a test.

import Synchronization
import Testing

/// The cases of the conformance list (`ConformanceList`), one test each; the title of a test begins with the number
/// of its case. Every section of the list is a suite in a file of its own.
///
/// A case is written as the list has it: in terms of S (sender), R (Replier), L (Listener) and X (anybody else), each
/// test on a new bus of its own, so that ids and serials start at 1.
@Suite("Conformance", .timeLimit(.minutes(10)), .registersCases)
enum Conformance {}

/// Notes the number of every case that the run is going to test.
///
/// The testing library prepares all tests before it runs the first, so during the run the register is complete.
struct CaseRegister: SuiteTrait, TestTrait {
  private static let registered = Mutex<[String]>([])

  /// The numbers of the cases of this run, as often as there are tests that bear them.
  static var cases: [String] { registered.withLock { $0 } }

  var isRecursive: Bool { true }

  func prepare(for test: Test) async throws {
    guard !test.isSuite, let title = test.displayName, let id = Self.caseNumber(of: title) else { return }
    Self.registered.withLock { $0.append(id) }
  }

  /// The number before the colon of a title such as `H-12: a reply sent twice`.
  static func caseNumber(of title: String) -> String? {
    guard let colon = title.firstIndex(of: ":") else { return nil }
    let number = title[..<colon]
    return number.wholeMatch(of: /[A-W]-[0-9]{2}/) == nil ? nil : String(number)
  }
}

extension Trait where Self == CaseRegister {
  static var registersCases: Self { CaseRegister() }
}
