import ArgumentParser
import KBUSShm

struct ReplyCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "reply",
    abstract: "Bind as Replier and answer every Request with the same data.",
    discussion: "Prints each Request after it was answered. Ends at SIGINT or SIGTERM, or after --count answers.")

  @OptionGroup var bus: BusNumber
  @OptionGroup var count: MessageCount
  @OptionGroup var output: MessageOutput

  @Argument(help: "The name to answer for, such as '$.Lamp.Kitchen' or '$.Lamp.*'.")
  var name: String

  @OptionGroup var data: DataOptions

  func run() throws {
    let ksock = try Ksock(bus: bus.number)
    let payload = try data.payload().read(for: ksock)
    try Interruption.watch(closing: ksock) {
      try ksock.bind(MessageName(name), as: .replier)
      var answered = 0
      while count.wantsMore(after: answered), let request = try ksock.receive(within: nil) {
        do {
          _ = try payload.send(as: try Reply(to: request), on: ksock)
        } catch let error as KBusError where error.code == .noRequester || error.code == .notWaitedFor {
          // One requester who did not wait is no reason to leave the others without an answer.
          Failure(error).report()
          continue
        }
        answered += 1
        try output.print(request)
      }
    }
  }
}
