import ArgumentParser

/// `--within S`: a time limit in seconds, fractions allowed.
struct TimeLimit: ExpressibleByArgument {
  let text: String
  let duration: Duration

  /// The longest limit, in seconds: more than 30 years, and still far from overflowing anybody's nanoseconds.
  static let longest = 1e9

  init?(argument: String) {
    guard let seconds = Double(argument), seconds >= 0, seconds <= Self.longest else { return nil }
    text = argument
    duration = .seconds(seconds)
  }
}

/// When the time is up. One deadline spans all the steps of a command.
struct Deadline {
  private let limit: TimeLimit?
  private let start = ContinuousClock.now

  init(_ limit: TimeLimit?) { self.limit = limit }

  /// What is left; nil if there is no limit. Never negative, so that a last look at what is there already is made.
  var remaining: Duration? { limit.map { max(.zero, $0.duration - start.duration(to: .now)) } }

  func passed(waitingFor what: String) -> Failure {
    Failure(.timeLimitPassed, "no \(what)" + (limit.map { " within \($0.text) seconds" } ?? "") + " (ETIMEDOUT)")
  }
}
