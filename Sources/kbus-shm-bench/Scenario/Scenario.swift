// What is measured: a transport, a way to wait, and one processor or two.

/// How both sides wait for each other.
enum Mode: String, CaseIterable, Codable, Sendable {
  case spin, sleep
}

/// What carries the round trip.
enum Transport: String, CaseIterable, Codable, Sendable {
  /// The bus, with all its guarantees.
  case bus = "kbus"
  /// Two words in shared memory, both sides spinning: nothing between two processors is faster.
  case cacheLine = "limit.cacheline"
  /// Two words in shared memory and two system calls: nothing that sleeps is much faster.
  case futex = "limit.futex"
}

struct Scenario: Hashable, Sendable {
  var transport: Transport
  var mode: Mode
  /// 1: client and server take turns on one processor. 2: each has its own.
  var cores: Int

  /// Each limit stands directly beside what is measured against it. Spinning on one processor measures nothing but
  /// the scheduler's time slice and is left out.
  static let roundTrips = [
    Scenario(transport: .cacheLine, mode: .spin, cores: 2),
    Scenario(transport: .bus, mode: .spin, cores: 2),
    Scenario(transport: .futex, mode: .sleep, cores: 1),
    Scenario(transport: .bus, mode: .sleep, cores: 1),
    Scenario(transport: .futex, mode: .sleep, cores: 2),
    Scenario(transport: .bus, mode: .sleep, cores: 2),
  ]

  /// What the bus is measured against here.
  var limit: Scenario {
    Scenario(transport: mode == .spin ? .cacheLine : .futex, mode: mode, cores: cores)
  }

  /// The ratio to the limit that the project has set itself: the bus may cost this many times as much.
  var goal: Double {
    switch (mode, cores) {
    case (.spin, _): 2.5
    case (.sleep, 1): 1.2
    case (.sleep, _): 1.10
    }
  }
}
