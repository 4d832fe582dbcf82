import ArgumentParser
import KBUSShm

struct SendCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "send", abstract: "Send an Announcement, and print its id (network:serial).")

  @OptionGroup var bus: BusNumber

  @Argument(help: "The name of the message, such as '$.Sensors.Kitchen'.")
  var name: String

  @OptionGroup var data: DataOptions

  func run() throws {
    let payload = try data.payload()
    let ksock = try Ksock(bus: bus.number)
    let id = try payload.send(as: Announcement(MessageName(name)), on: ksock)
    try StandardStreams.print(MessageOutput.text(id))
  }
}
