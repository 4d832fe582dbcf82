import ArgumentParser
import KBUSShm

struct RepairCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "repair",
    abstract: "Do at once what the next user of a bus would: finish what the dead have left.",
    discussion: """
      Takes the lock over from a dead holder and finishes or undoes what that was changing, closes the Ksocks of ended \
      processes, and wakes everybody who may have been owed a wake. A bus that is marked as damaged can't be repaired: \
      what is broken is listed. Without a number, bus 0 is meant.
      """)

  @OptionGroup var buses: BusNumbers

  func run() throws {
    try Failure.forEach(buses.all.isEmpty ? [0] : buses.all) { number in
      do {
        try Self.say(number, try Bus.repair(number))
      } catch let error as KBusError where error.code == .corrupt {
        let condition = try Bus.examine(number)
        for violation in condition.violations { try StandardStreams.print("bus \(number): broken: \(violation)") }
        throw Failure(
          .refused,
          "bus \(number) is damaged\(condition.violations.isEmpty ? ", though nothing is found broken now" : ""): nothing repairs that",
          remedy: "Stop its users, then run `kbus remove \(number)`; the next to open it makes a new one.")
      }
    }
  }

  private static func say(_ number: Int, _ repair: BusRepair) throws {
    var done: [String] = []
    if repair.recoveredLock { done.append("took the lock over from a dead holder, and finished or undid its change") }
    if repair.reaped > 0 { done.append("closed what \(repair.reaped) ended \(repair.reaped == 1 ? "process has" : "processes have") left") }
    if done.isEmpty { done.append("nothing was left to repair") }
    for sentence in done { try StandardStreams.print("bus \(number): \(sentence)") }
    for violation in repair.condition.violations { try StandardStreams.print("bus \(number): broken: \(violation)") }
    if !repair.condition.isSound { throw Failure(.refused, "bus \(number) is still not as it should be") }
  }
}
