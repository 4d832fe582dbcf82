import ArgumentParser
import KBUSShm

struct RemoveCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "remove",
    abstract: "Remove buses.",
    discussion:
      "Processes that have a removed bus open keep it, apart from everybody who opens a bus of that number later.")

  @OptionGroup var buses: BusNumbers

  func validate() throws {
    // No default here: removing bus 0 by a forgotten number would cut off whoever uses it.
    if buses.all.isEmpty { throw ValidationError("Say which buses to remove.") }
  }

  func run() throws {
    try Failure.forEach(buses.all) { number in try Bus.remove(number) }
  }
}
