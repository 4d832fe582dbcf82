import ArgumentParser

/// Plays a part in a case: this program, started once more by itself (cbench_part.h has the options).
struct Play: ParsableCommand {
  static let configuration = CommandConfiguration(shouldDisplay: false)

  @Argument(parsing: .captureForPassthrough)
  var arguments: [String] = []

  func run() {
    let part = Part(arguments: arguments)
    guard !part.playInC() else { return }
    switch part.scenario {
    case "rtt": BusRoundTrip(part).play()
    case "oneway", "throughput": BusFan(part).play()
    default: Part.fail("\(part.transport.rawValue) has no part in \(part.scenario)")
    }
  }
}
