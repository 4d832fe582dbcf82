import ArgumentParser
import KBUSShm

struct StatsCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "stats",
    abstract: "Show the counters of a bus and of its Ksocks, newest Ksock first.",
    discussion: "The layout is that of the original's /proc/kbus/stats.")

  @OptionGroup var selection: BusSelection

  func run() throws {
    try Failure.forEach(try selection.numbers()) { number in
      try StandardStreams.print(try Bus.inspect(number).statistics.text)
    }
  }
}
