import ArgumentParser
import KBUSShm

struct BindingsCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "bindings",
    abstract: "Show who is bound to what, newest binding first.",
    discussion:
      "Five fields to a line: bus, Ksock id, pid, R (Replier) or L (Listener), name. Lines with # are headings.")

  /// Literally the heading of the original's /proc/kbus/bindings.
  private static let heading =
    "# <device> is bound to <Ksock-ID> in <process-PID> as <Replier|Listener> for <message-name>"

  @OptionGroup var selection: BusSelection

  func run() throws {
    try Failure.forEach(try selection.numbers()) { number in
      let bindings = try Bus.inspect(number).bindings
      try ([Self.heading] + bindings.map(\.line)).forEach(StandardStreams.print)
    }
  }
}
