// The report as text.

extension Report {
  var tables: String {
    var lines = [
      "\(machine.cpu), \(machine.cores) cores\(machine.virtual ? " (virtual machine)" : ""), \(machine.architecture)",
      "Linux \(machine.kernel), \(machine.libc ?? "C library unknown"), \(machine.pageBytes)-byte pages, "
        + "processors \(CPUList(cpus: machine.pinned)), load \(machine.load)",
      machine.processors.text,
    ]
    if machine.build == "debug" { lines.append("DEBUG BUILD: these figures say nothing; build with -c release.") }
    for chapter in chapters {
      if chapters.count > 1 { lines += ["", "==== \(chapter.name), \(chapter.seconds.fixed(0)) seconds"] }
      for scenario in chapter.scenarios { lines += table(of: scenario, in: chapter) }
      if !chapter.ratios.isEmpty { lines += table(of: chapter.ratios) }
      if !chapter.omissions.isEmpty { lines += ["", "Not measured:"] }
      for omission in chapter.omissions {
        lines.append("  \(omission.scenario): \(omission.what): \(omission.isFailure ? "FAILED: " : "")\(omission.why)")
      }
    }
    return lines.joined(separator: "\n")
  }

  private func table(of scenario: String, in chapter: Chapter) -> [String] {
    let results = chapter.results(of: scenario)
    let runs = results.map { $0.runs.count }.max() ?? 0
    var lines = ["", "\(scenario): \(runs) runs of each, turn by turn."]
    let timed = results.filter { $0.histogram != nil }, others = results.filter { $0.histogram == nil }
    if !timed.isEmpty {
      lines += [
        "Percentiles hold one reading of the clock (\(machine.clockNs.fixed(1)) ns) each; `amortised` does not.", "",
        row("ns", ["p50", "p90", "p99", "p99.9", "p99.99", "max", "amortised"]),
      ]
    }
    for result in timed {
      let cells = (result.percentiles ?? []).map { $0.map { String($0) } ?? "-" } + [result.amortised?.fixed(1) ?? "-"]
      lines.append(row(result.configuration.label, cells) + verdict(result))
    }
    if !others.isEmpty { lines += ["", row("", ["median", "lowest", "highest"])] }
    for result in others {
      let figures = [result.figure, result.runs.min() ?? 0, result.runs.max() ?? 0]
      lines.append(row(result.configuration.label, figures.map { result.unit.text($0) }) + verdict(result))
    }
    return lines
  }

  private func verdict(_ result: Result) -> String {
    var words = result.rate.map { "   \(Int($0.rounded()).grouped)/s" } ?? ""
    if let goal = result.goal {
      words += "   goal \(goal.comparison) \(result.unit.text(goal.value)): \(goal.isMet(by: result.figure) ? "met" : "MISSED")"
    }
    if let ceiling = result.ceiling, result.isTooHigh { words += "   MORE THAN ALLOWED: \(result.unit.text(ceiling))" }
    return words
  }

  private func table(of ratios: [Ratio]) -> [String] {
    var lines = ["", row("times, median of the runs", ["ratio", "amortised", "goal", "", "lowest", "highest"], width: 80)]
    for ratio in ratios {
      let verdict = ratio.isMet.map { $0 ? "met" : "MISSED" } ?? ""
      lines.append(
        row(
          "\(ratio.of.label) / \(ratio.to.label)",
          [ratio.ratio.short, ratio.amortised?.short ?? "-", ratio.goal?.text ?? "", verdict]
            + [ratio.runs.min() ?? 0, ratio.runs.max() ?? 0].map { $0.short }, width: 80))
    }
    return lines
  }

  private func row(_ label: String, _ cells: [String], width: Int = 44) -> String {
    label.padded(to: width) + cells.map { String(repeating: " ", count: max(1, 11 - $0.count)) + $0 }.joined()
  }
}

extension String {
  fileprivate func padded(to width: Int) -> String { self + String(repeating: " ", count: max(1, width - count)) }
}
