import FoundationEssentials

// The report as one page that needs nothing but itself.

extension Report {
  var page: String {
    let body = chapters.map { $0.html }
    return """
      <!doctype html>
      <html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
      <title>KBUS over shared memory: measured</title><style>
      \(Report.style)</style></head><body><main>
      <h1>KBUS over shared memory, measured</h1>
      <p class="lead">Every figure stands beside the physical limit of what it measures, taken in the same run, turn by turn. Only ratios mean \
      anything on another machine.</p>
      \(warning)\(facts)
      <nav>\(chapters.map { "<a href=\"#\($0.name)\">\($0.title.escaped)</a>" }.joined())</nav>
      \(goals)
      \(body.joined(separator: "\n"))
      <footer>kbus-shm-bench \(machine.version), \(machine.measured). Percentiles hold one reading of the clock \
      (\(machine.clockNs.fixed(1)) ns) each.</footer>
      </main></body></html>

      """
  }

  private var warning: String {
    var words = ""
    if machine.build == "debug" { words += "<p class=\"warn\">A debug build: these figures say nothing. Build with -c release.</p>" }
    if machine.isBusy {
      words += "<p class=\"warn\">Other work wanted the processors meanwhile (load \(machine.load)): figures are rough.</p>"
    }
    return words
  }

  private var facts: String {
    let facts = [
      ("Processor", machine.cpu + (machine.virtual ? ", a virtual machine" : "")),
      ("Cores", "\(machine.cores), used: \(CPUList(cpus: machine.pinned))"),
      ("Kernel", "Linux \(machine.kernel), \(machine.architecture)"), ("C library", machine.libc ?? "unknown"),
      ("Caches and memory", machine.processors.text), ("Load", machine.load), ("Measured", machine.measured),
    ]
    return "<dl>" + facts.map { "<div><dt>\($0)</dt><dd>\($1.escaped)</dd></div>" }.joined() + "</dl>"
  }

  /// What the project has set itself, and how it stands.
  private var goals: String {
    let rows = chapters.map { chapter in
      let rows = chapter.goalRows
      return rows.isEmpty ? "" : "<tr class=\"part\"><th colspan=\"5\">\(chapter.title.escaped)</th></tr>" + rows
    }
    guard rows.contains(where: { !$0.isEmpty }) else { return "" }
    return """
      <h2>Goals</h2><p>What the project has set itself, and how it stands in this run: the median of the runs, and the lowest and highest.</p>
      <div class="wide"><table class="goals"><thead><tr><th>What</th><th>Against</th><th class="n">Measured</th><th class="n">Goal</th>\
      <th></th></tr></thead><tbody>\(rows.joined())</tbody></table></div>
      """
  }
}

extension Chapter {
  fileprivate var goalRows: String {
    var rows = ""
    for ratio in ratios {
      guard let goal = ratio.goal, let isMet = ratio.isMet else { continue }
      let lowest = ratio.runs.min() ?? 0, highest = ratio.runs.max() ?? 0
      rows += Chapter.goalRow(
        ratio.of.label, ratio.to.labelAgainst(ratio.of), "\(ratio.judged.short) \u{00D7}",
        ratio.runs.count > 1 ? "\(lowest.short) to \(highest.short)" : "", "\(goal.sign) \(goal.value.short) \u{00D7}", isMet)
    }
    for result in results {
      guard let goal = result.goal else { continue }
      rows += Chapter.goalRow(
        result.configuration.label + (result.configuration.scenario == "hold" ? ", lock held" : ""), "",
        result.unit.text(result.figure), "", "\(goal.sign) \(result.unit.text(goal.value))", goal.isMet(by: result.figure))
    }
    return rows
  }

  private static func goalRow(
    _ what: String, _ against: String, _ figure: String, _ spread: String, _ goal: String, _ isMet: Bool
  ) -> String {
    """
    <tr><th>\(what.escaped)</th><td>\(against.escaped)</td><td class="n">\(figure.escaped) <small>\(spread.escaped)</small></td>\
    <td class="n">\(goal.escaped)</td><td><span class="pill \(isMet ? "met" : "missed")">\(isMet ? "met" : "not yet")</span></td></tr>

    """
  }
}
