// The root of the tool: its subcommands, and the one place where a run ends.

import ArgumentParser
import KBUSShm

@main
struct KBusTool: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "kbus",
    abstract: "Send, answer and watch the messages of a KBUS bus, and look after its buses.",
    discussion: """
      A bus is a file: kbus<N> in the directory $KBUS_DIR, or in /dev/shm if that is not set. Bus 0 is made by whoever \
      opens it first, with the options in $KBUS_CREATE; other buses are made by `kbus create`.

      Quote message names: the shell would take $. and * for its own.

      EXIT STATUS
        0   done; listen and reply also end so at SIGINT or SIGTERM
        1   refused, by the bus or the system; standard error says why. Of check and repair: something is wrong
        2   the time given by --within has passed
        3   a Status message came in place of a reply
        64  the command line is wrong
      """,
    version: Bus.version,
    subcommands: [
      CreateCommand.self, ListCommand.self, RemoveCommand.self,
      SendCommand.self, RequestCommand.self, ReplyCommand.self, ListenCommand.self,
      BindingsCommand.self, StatsCommand.self, CheckCommand.self, RepairCommand.self, ErrnoCommand.self,
      Demo.self,
    ])

  /// Replaces the parser's own `main`, which would print errors of the bus in the parser's words and end with 1 for all.
  static func main() {
    StandardStreams.prepare()
    do {
      var command = try parseAsRoot()
      try command.run()
    } catch {
      guard let failure = Failure(error) else { exit(withError: error) }
      failure.end()
    }
  }
}
