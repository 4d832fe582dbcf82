// How a run that did not succeed ends: two sentences on standard error, and an exit status that scripts can tell apart.

import ArgumentParser
import Glibc
import KBUSShm

/// The exit statuses of the tool, as `kbus --help` documents them.
enum ExitStatus: Int32 {
  case done = 0
  /// The bus, or the system, refused.
  case refused = 1
  case timeLimitPassed = 2
  /// A Status message came in place of the Reply.
  case statusInsteadOfReply = 3
  /// The parser's own status for a wrong command line (EX_USAGE).
  case wrongUsage = 64
}

/// Why a run ends early.
struct Failure: Error {
  let status: ExitStatus
  /// What was found. Nil if there is nothing to say: whoever would have read the rest of the output has left.
  let explanation: String?
  /// What to do about it.
  let remedy: String?

  init(_ status: ExitStatus = .refused, _ explanation: String?, remedy: String? = nil) {
    self.status = status
    self.explanation = explanation
    self.remedy = remedy
  }

  /// A system call on a file failed.
  init(errno code: Int32, doing what: String) {
    self.init(.refused, "\(what): \(SystemErrno.meaning(of: code))")
  }

  /// The failure that an error means; nil for errors of the parser, which prints them best itself.
  init?(_ error: any Error) {
    switch error {
    case let failure as Failure: self = failure
    case let error as KBusError: self.init(error)
    default: return nil
    }
  }

  init(_ error: KBusError) {
    let status: ExitStatus =
      switch error.code {
      case .timedOut: .timeLimitPassed
      case .badOption: .wrongUsage
      default: .refused
      }
    let symbol = SystemErrno.symbol(of: error.errno) ?? "errno \(error.errno)"
    self.init(
      status, "\(error.explanation) (\(symbol): \(SystemErrno.meaning(of: error.errno)))",
      remedy: error.remedy.isEmpty ? nil : error.remedy)
  }

  /// Output that nobody reads any more is no failure: `kbus listen '$.*' | head -1` has done what was asked.
  static let outputClosed = Failure(.done, nil)

  /// Says what happened, without ending the run: for commands that go on with the next bus, or the next request.
  func report() {
    guard let explanation else { return }
    StandardStreams.complain("kbus: \(explanation)\n" + (remedy.map { "      \($0)\n" } ?? ""))
  }

  func end() -> Never {
    report()
    exit(status.rawValue)
  }

  /// Runs `body` for each element, reports what fails, and ends with a failure only when all have had their turn.
  static func forEach<Element>(_ elements: [Element], _ body: (Element) throws -> Void) throws {
    var worst: ExitStatus?
    for element in elements {
      do {
        try body(element)
      } catch {
        guard let failure = Failure(error), failure.explanation != nil else { throw error }
        failure.report()
        worst = worst ?? failure.status
      }
    }
    if let worst { throw Failure(worst, nil) }
  }
}
