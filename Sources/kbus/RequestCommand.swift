import ArgumentParser
import KBUSShm

struct RequestCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "request",
    abstract: "Send a Request, and print the Reply.",
    discussion: """
      Exactly one answer comes: a Reply, or a Status message by the bus if the Replier goes away or leaves the request \
      unanswered. A Status is printed too, and the exit status is then 3.
      """)

  @OptionGroup var bus: BusNumber

  @Flag(help: "If nobody is bound as Replier, wait until somebody is.")
  var wait = false

  @Option(
    help: ArgumentHelp(
      "Give up after so many seconds, with exit status 2. Without it, wait as long as it takes.", valueName: "seconds"))
  var within: TimeLimit?

  @Flag(help: "Print nothing but the data of the Reply, byte for byte. A Status goes to standard error.")
  var raw = false

  @OptionGroup var output: MessageOutput

  @Argument(help: "The name of the message, such as '$.Lamp.Kitchen'.")
  var name: String

  @OptionGroup var data: DataOptions

  func validate() throws {
    if raw && output.json { throw ValidationError("--raw and --json exclude each other.") }
  }

  func run() throws {
    let ksock = try Ksock(bus: bus.number)
    let payload = try data.payload().read(for: ksock)
    let deadline = Deadline(within)
    let id = try send(payload, on: ksock, until: deadline)
    while let message = try ksock.receive(within: deadline.remaining) {
      if message.inReplyTo == id { return try finish(with: message) }
    }
    throw deadline.passed(waitingFor: "answer to \"\(name)\" came")
  }

  private func send(_ payload: Payload, on ksock: Ksock, until deadline: Deadline) throws -> MessageID {
    let name = MessageName(name)
    while true {
      do {
        return try payload.send(as: Request(name), on: ksock)
      } catch let error as KBusError where wait && error.code == .noReplier {
        // Round again even after a wait: the Replier that appeared may have gone in the meantime.
        let remaining = deadline.remaining
        if remaining == .zero { throw deadline.passed(waitingFor: "Replier for \"\(name)\" appeared") }
        _ = try ksock.waitForReplier(name, within: remaining ?? .seconds(TimeLimit.longest))
      }
    }
  }

  private func finish(with answer: Message) throws {
    let line = output.line(for: answer)
    if answer.isStatus {
      if raw { StandardStreams.complain(line + "\n") } else { try StandardStreams.print(line) }
      throw Failure(.statusInsteadOfReply, nil)
    }
    if raw { try StandardStreams.print(bytes: answer.data) } else { try StandardStreams.print(line) }
  }
}
