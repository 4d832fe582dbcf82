import FoundationEssentials
import Histogram

/// All that a run has to say, as JSON or as a table.
struct Report: Encodable {
  var machine: Machine
  var results: [Result]
  var ratios: [Ratio]

  init(machine: Machine, results: [Result]) {
    self.machine = machine
    self.results = results
    ratios = results.compactMap { Ratio($0, among: results) }
  }

  func json() throws -> String {
    let encoder = JSONEncoder()
    encoder.keyEncodingStrategy = .convertToSnakeCase
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    return String(decoding: try encoder.encode(self), as: UTF8.self)
  }

  var table: String {
    var lines = [
      "\(machine.cpu), \(machine.cores) cores\(machine.virtual ? " (virtual machine)" : ""), \(machine.architecture)",
      "Linux \(machine.kernel), \(machine.libc ?? "C library unknown"), \(machine.pageBytes)-byte pages, "
        + "processors \(CPUList(cpus: machine.pinned))",
    ]
    if machine.build == "debug" { lines.append("DEBUG BUILD: these figures say nothing; build with -c release.") }
    let runs = results.first?.runs.count ?? 0
    lines += [
      "",
      "Round trip, \(Payload.bytes)-byte request and reply, in ns: \(runs) runs of each, turn by turn.",
      "Percentiles hold one reading of the clock (\(format(machine.clockNs, 1)) ns) per round trip; the last column does not.",
      "",
      row("", ["p50", "p90", "p99", "p99.9", "max", "amortised"]),
    ]
    for result in results {
      let scenario = result.scenario
      let percentiles = [50, 90, 99, 99.9].map { String(result.all.valueAtPercentile($0)) }
      lines.append(
        row(
          "\(scenario.transport.rawValue), \(scenario.mode.rawValue), \(scenario.coresText)",
          percentiles + [String(result.all.max), format(result.meanAmortised, 1)]))
    }
    guard !ratios.isEmpty else { return lines.joined(separator: "\n") }
    lines += ["", row("times the limit, median of the runs", ["p50", "amortised", "goal", "lowest", "highest"])]
    for ratio in ratios {
      let spread = [ratio.runs.min() ?? 0, ratio.runs.max() ?? 0]
      lines.append(
        row(
          ratio.what,
          [ratio.ratio, ratio.ratioAmortised].map { format($0, 2) } + ["<= " + format(ratio.goal, 2)]
            + spread.map { format($0, 2) }))
    }
    return lines.joined(separator: "\n")
  }

  private func row(_ label: String, _ cells: [String]) -> String {
    label.padded(to: 40) + cells.map { String(repeating: " ", count: max(1, 11 - $0.count)) + $0 }.joined()
  }

  /// Fixed decimals, without the locale's help.
  private func format(_ value: Double, _ decimals: Int) -> String {
    let scale = decimals == 1 ? 10 : 100
    let scaled = Int((value * Double(scale)).rounded())
    let fraction = String(scaled % scale)
    return "\(scaled / scale)." + String(repeating: "0", count: decimals - fraction.count) + fraction
  }
}

extension String {
  fileprivate func padded(to width: Int) -> String { self + String(repeating: " ", count: max(1, width - count)) }
}
