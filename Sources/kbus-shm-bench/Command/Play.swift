import ArgumentParser
import KBUSShm

/// Plays a part in a case: this program, started once more by itself (cbench_part.h has the options).
struct Play: ParsableCommand {
  static let configuration = CommandConfiguration(shouldDisplay: false)

  @Argument(parsing: .captureForPassthrough)
  var arguments: [String] = []

  func run() {
    let part = Part(arguments: arguments)
    if part.isAlone { part.pinToClient() }
    guard !part.playInC() else { return }
    switch part.scenario {
    case "rtt" where part.mode == .async: BusAsyncRoundTrip(part).play()
    case "rtt", "calls": BusRoundTrip(part).play()
    case "oneway", "throughput": BusFan(part).play()
    case "death": do throws(BenchError) { try BusDeath(part).play() } catch { Part.fail("\(error)") }
    case "death.victim": BusDeath(part).beKilled()
    case "messages": BusMessages.count(part)
    case "wakes": BusWakes(part).count()
    case "routing", "fanout": Part.orFail { () throws(KBusError) in try BusSends(part).play() }
    default: Part.fail("\(part.transport.rawValue) has no part in \(part.scenario)")
    }
  }
}
