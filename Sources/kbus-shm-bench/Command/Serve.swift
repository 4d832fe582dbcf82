import ArgumentParser

/// The server's side of a scenario: this program, started once more by itself.
struct Serve: ParsableCommand {
  static let configuration = CommandConfiguration(shouldDisplay: false)

  @Option var transport: Transport
  @Option var mode: Mode
  @Option var cpu: CPUList
  @Option var directory: String
  @Option var parent: Int32

  func run() throws {
    try Peer.dieWith(parent: parent)
    try cpu.pinThisThread()
    let area = try SharedArea(in: directory)
    switch transport {
    case .bus: try BusServer(in: directory, mode: mode).serve(announcing: area)
    case .cacheLine: CacheLineExchange(area).serve()
    case .futex: FutexExchange(area).serve()
    }
  }
}
