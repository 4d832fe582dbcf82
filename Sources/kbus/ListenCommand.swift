import ArgumentParser
import KBUSShm

struct ListenCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "listen",
    abstract: "Bind as Listener and print every message.",
    discussion: """
      A message that several of the names match is printed once. Ends at SIGINT or SIGTERM, when the reader of the \
      output leaves, or after --count messages. How many were missed, because too many were unread, is said on standard \
      error.
      """)

  @OptionGroup var bus: BusNumber
  @OptionGroup var count: MessageCount
  @OptionGroup var output: MessageOutput

  @Option(
    help: ArgumentHelp(
      "Room for so many unread messages; what finds no room is missed (default: 100, as for every Ksock).",
      valueName: "N"))
  var queue: UInt32?

  @Argument(help: "The names to listen to; '$.Sensors.*' is everything under it, '$.Sensors.%' one word more.")
  var names: [String]

  func run() throws {
    let ksock = try Ksock(bus: bus.number, mode: .readOnly)
    try Interruption.watch(closing: ksock) {
      if let queue { try ksock.setMaxMessages(queue) }
      // With one name nothing comes twice, and messages that bear the same foreign id are then all shown.
      if names.count > 1 { try ksock.setWantsMessagesOnce(true) }
      for name in names { try ksock.bind(MessageName(name)) }
      var printed = 0
      while count.wantsMore(after: printed), let message = try ksock.receive(within: nil) {
        try output.print(message)
        printed += 1
        let missed = try ksock.newlyMissed()
        if missed > 0 { StandardStreams.complain("kbus: missed \(missed) messages: the queue was full (--queue makes it longer)\n") }
      }
    }
  }
}
