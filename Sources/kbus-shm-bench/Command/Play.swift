import ArgumentParser
import CBench
import Glibc

/// Plays a part in a case: this program, started once more by itself (cbench_part.h has the options).
struct Play: ParsableCommand {
  static let configuration = CommandConfiguration(shouldDisplay: false)

  @Argument(parsing: .captureForPassthrough)
  var arguments: [String] = []

  func run() {
    let part = Part(arguments: arguments)
    do {
      if !part.playInC() { try play(part) }
    } catch {
      if !error.isEcho { unsafe cbench_say("\(error)\n") }
      Glibc.exit(error.isUnavailable ? Int32(CBENCH_UNAVAILABLE) : 1)
    }
  }

  private func play(_ part: Part) throws(BenchError) {
    let area = try SharedArea(in: part.directory)
    switch part.scenario {
    case "rtt":
      let server = try Peer(["play"] + part.options(for: "rtt.server"))
      try server.wait(until: { area.isReady(1) })
      part.pin(to: part.clientCPU)
      let client = try BusClient(part)
      try Timings.leave(of: client, for: part)
      try client.end()
      try server.waitForEnd()
    case "rtt.server":
      part.pin(to: part.serverCPU)
      try BusServer(part).serve(announcing: area)
    default: throw BenchError("there is no part \(part.scenario)")
    }
  }
}
