import ArgumentParser
import FoundationEssentials

/// Everything, one chapter after the other, and a page about it.
struct AllCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "all",
    abstract: "Measures everything, in six or seven minutes, and writes a page about it.",
    discussion: """
      The page needs nothing but itself: no network, no scripts. What can't be measured here is said in a sentence, and \
      left out.
      """)

  @Option(help: ArgumentHelp("Where to write the page.", valueName: "report.html"))
  var report: String?

  @Flag(help: "Measure everything once, and shortly: to see that it works, not to have figures.")
  var brief = false

  @OptionGroup var options: RunOptions

  static let chapters: [(name: String, cases: [Case])] = [
    (Limits.name, Limits.cases), (RoundTrips.name, RoundTrips.cases), (Peers.name, Peers.cases),
    (OneWay.name, OneWay.cases), (Throughput.name, Throughput.cases), (Routing.name, Routing.cases),
    (Deaths.name, Deaths.cases), (Footprint.name, Footprint.cases(peers: Peers.inLibraries)), (Counts.name, Counts.cases),
  ]

  func run() throws {
    let defaults: RunOptions.Defaults =
      brief ? .init(runs: 1, samples: 500, milliseconds: 15) : .init(runs: 3, milliseconds: 100, chapterSeconds: 130)
    let result = try options.measure(AllCommand.chapters, defaults)
    if let report { try result.page.write(toFile: report, atomically: true, encoding: .utf8) }
    print(options.json ? try result.json() : result.tables)
    if result.hasFailures { throw ExitCode.failure }
  }
}
