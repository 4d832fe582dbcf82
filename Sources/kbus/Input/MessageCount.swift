import ArgumentParser

/// `--count N`: after how many messages a command ends that would otherwise run until it is stopped.
struct MessageCount: ParsableArguments {
  @Option(name: .customLong("count"), help: ArgumentHelp("End after so many messages.", valueName: "N"))
  var limit: Int?

  func validate() throws {
    if let limit, limit < 1 { throw ValidationError("--count takes a number from 1.") }
  }

  /// Whether one more is wanted after so many.
  func wantsMore(after done: Int) -> Bool { limit.map { done < $0 } ?? true }
}
