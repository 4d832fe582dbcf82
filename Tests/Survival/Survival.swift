// What a bus survives, tried until it is known: kills before every store and after every instruction, kills of those who repair,
// stops, kills without number under load, and flipped bits. The scripts of the same names run it; scripts/check runs short forms.

import ArgumentParser

@main struct Survival: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "survival",
    abstract: "Kills, stops and damages processes and buses, and checks what is left.",
    subcommands: [Completeness.self, Instructions.self, DoubleFaults.self, Stops.self, Stranded.self, Soak.self, MemoryFuzz.self])
}

/// Something did not hold.
struct Failure: Error, CustomStringConvertible {
  let description: String

  init(_ description: String) { self.description = description }
}

func expect(_ holds: Bool, _ what: @autoclosure () -> String) throws {
  if !holds { throw Failure(what()) }
}
