import CBench
import Glibc

/// Plays cases, each as often as the others and turn by turn with them, so that what drifts drifts for all.
struct Runner {
  /// Says what is going on, on standard error, if somebody watches.
  private let isWatched = isatty(2) == 1

  func run(_ cases: [Case], runs: Int, on stage: Stage) -> Report.Results {
    var results = cases.map { Result($0) }
    var omissions: [Omission] = []
    var isOmitted = [Bool](repeating: false, count: cases.count)
    for run in 0..<runs {
      // Every other run goes backwards, so that none always has the same neighbour before it.
      for index in run.isMultiple(of: 2) ? Array(cases.indices) : cases.indices.reversed() where !isOmitted[index] {
        show("run \(run + 1) of \(runs), \(cases[index].configuration.label)")
        do throws(BenchError) {
          results[index].add(try cases[index].play(stage))
        } catch {
          isOmitted[index] = true
          omissions.append(Omission(cases[index].configuration, error))
        }
      }
    }
    show("")
    return Report.Results(measured: results.filter { !$0.runs.isEmpty }, omissions: omissions)
  }

  private func show(_ text: String) {
    if isWatched { unsafe cbench_say("\r\u{1B}[K\(text)") }
  }
}

/// A case that has no figures, or fewer than the others.
struct Omission: Encodable, Sendable {
  var scenario: String
  var transport: Transport
  var what: String
  var why: String
  /// It should have worked.
  var isFailure: Bool

  init(_ configuration: Configuration, _ error: BenchError) {
    scenario = configuration.scenario
    transport = configuration.transport
    what = configuration.label
    why = error.description
    isFailure = !error.isUnavailable
  }
}
