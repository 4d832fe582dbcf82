import CBench
import Glibc

/// Plays cases, each as often as the others and turn by turn with them, so that what drifts drifts for all.
struct Runner {
  /// Says what is going on, on standard error, if somebody watches.
  private let isWatched = isatty(2) == 1

  /// After this many seconds no other run is begun that would take longer.
  var budget = Double.infinity

  func run(_ name: String, _ cases: [Case], runs: Int, on stage: Stage) -> Chapter {
    var results = cases.map { Result($0) }
    var omissions: [Omission] = []
    var isOmitted = [Bool](repeating: false, count: cases.count)
    for (index, measured) in cases.enumerated() where measured.configuration.cores > stage.cpus.cpus.count {
      isOmitted[index] = true
      omissions.append(Omission(measured.configuration, BenchError("it takes two processors, and there is one", isUnavailable: true)))
    }
    let began = Clock.now()
    var brackets = Brackets(stage)
    for run in 0..<runs {
      let elapsed = Double(Clock.now() - began) / 1e9
      if run > 0, elapsed * Double(run + 1) / Double(run) > budget { break }
      // Every other run goes backwards, so that none always has the same neighbour before it.
      for index in run.isMultiple(of: 2) ? Array(cases.indices) : cases.indices.reversed()
      where !isOmitted[index] && run < cases[index].mostRuns {
        show("\(name), run \(run + 1) of \(runs): \(cases[index].configuration.label)")
        do throws(BenchError) {
          results[index].add(try brackets.measured(cases[index], on: stage))
        } catch {
          isOmitted[index] = true
          omissions.append(Omission(cases[index].configuration, error))
        }
      }
    }
    show("")
    let seconds = Double(Clock.now() - began) / 1e9
    return Chapter(name: name, seconds: seconds, results: results.filter { !$0.runs.isEmpty }, omissions: omissions)
  }

  private func show(_ text: String) {
    if isWatched { unsafe cbench_say("\r\u{1B}[K\(text)") }
  }
}

/// Measures limits around cases. One between two cases that have the same serves for both.
private struct Brackets {
  private let stage: Stage
  private let brief: Stage
  private var last: (configuration: Configuration, sample: Sample)?

  init(_ stage: Stage) {
    self.stage = stage
    brief = Stage(directory: stage.directory, cpus: stage.cpus, samples: 2000, askedSamples: nil, timeLimit: 10_000_000)
  }

  mutating func measured(_ measured: Case, on stage: Stage) throws(BenchError) -> Sample {
    guard let bracket = measured.bracket else {
      last = nil
      return try measured.play(stage)
    }
    let before = last?.configuration == bracket ? last!.sample : try play(bracket)
    last = nil
    var sample = try measured.play(stage)
    let after = try play(bracket)
    sample.bracket = ((before.figure + after.figure) / 2, ((before.amortised ?? 0) + (after.amortised ?? 0)) / 2)
    last = (bracket, after)
    return sample
  }

  private func play(_ configuration: Configuration) throws(BenchError) -> Sample {
    // A processor that wakes up often enough is quicker at it for a while: one that sleeps is measured for as long as what is held
    // against it.
    try Sample(times: (configuration.mode == .spin ? brief : stage).run(configuration))
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
