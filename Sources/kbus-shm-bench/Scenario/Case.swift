/// One thing to be measured.
struct Case: Sendable {
  var configuration: Configuration
  var unit: Unit
  /// What the figure itself is to be.
  var goal: Goal?
  /// What it must not exceed, or the run fails. For figures that are the same on every machine.
  var ceiling: Double?
  /// What it is held against.
  var standards: [Standard] = []
  /// How often it is worth measuring.
  var mostRuns = Int.max
  /// A limit to be measured directly before and after this, besides in its turn: within a run, a virtual machine's processors may
  /// move closer together or further apart.
  var bracket: Configuration?
  /// Measures once.
  var play: @Sendable (borrowing Stage) throws(BenchError) -> Sample
}

/// What a figure counts.
enum Unit: String, Codable, Sendable {
  case nanoseconds = "ns"
  case messagesPerSecond = "messages/s"
  case bytes
  case perSecond = "1/s"
  case count

  /// Whether less of it is better.
  var isCost: Bool { self != .messagesPerSecond }
}

/// What a figure is held against: another of the same run. The ratio is of the former to the latter.
struct Standard: Sendable {
  var configuration: Configuration
  var goal: Goal?
}

/// The ratio that the project has set itself.
enum Goal: Sendable {
  case atMost(Double)
  case atLeast(Double)

  var value: Double {
    switch self {
    case .atMost(let value), .atLeast(let value): value
    }
  }

  func isMet(by figure: Double) -> Bool {
    switch self {
    case .atMost(let most): figure <= most
    case .atLeast(let least): figure >= least
    }
  }
}
