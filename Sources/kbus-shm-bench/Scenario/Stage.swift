/// Where scenarios are played: a directory, two processors, and the words that both processes share.
struct Stage {
  let directory: String
  let cpus: CPUList
  let area: SharedArea

  init(directory: String, cpus: CPUList) throws(BenchError) {
    self.directory = directory
    self.cpus = cpus
    area = try SharedArea(in: directory)
  }

  /// Starts a server, times the scenario against it and sees it end.
  func measure(_ scenario: Scenario, samples: Int) throws(BenchError) -> Timings {
    area.reset()
    // Before a Ksock is opened, so that any thread that it starts is bound as well.
    try CPUList(cpus: [cpus.cpus[0]]).pinThisThread()
    // A scenario that hangs is a fault of what is measured; the run must not hang with it.
    Watchdog.restart()
    defer { Watchdog.stop() }
    switch scenario.transport {
    case .bus:
      let client = try BusClient(in: directory, mode: scenario.mode)
      return try measure(scenario, by: client, samples: samples)
    case .cacheLine: return try measure(scenario, by: CacheLineExchange(area), samples: samples)
    case .futex: return try measure(scenario, by: FutexExchange(area), samples: samples)
    }
  }

  private func measure(
    _ scenario: Scenario, by exchange: some Exchange, samples: Int
  ) throws(BenchError) -> Timings {
    let server = CPUList(cpus: [cpus.cpus[scenario.cores - 1]])
    let peer = try Peer(
      "serve", "--transport", scenario.transport.rawValue, "--mode", scenario.mode.rawValue, "--cpu", "\(server)",
      "--directory", directory, "--parent", "\(Peer.ownProcess)")
    try peer.wait(until: { area.isReady })
    let timings = try Timings(of: exchange, samples: samples)
    try exchange.endServer()
    try peer.waitForEnd()
    return timings
  }
}
