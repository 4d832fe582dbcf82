// The benchmark of KBUS over shared memory.
//
// Every figure stands beside the physical limit of what it measures, taken in the same run, round by round: virtual
// machines drift by a factor of two within minutes, so only ratios from one run mean anything.
//
// A new measurement is a new list of cases (Scenario/) and a new subcommand. What plays a case is a process of its own (Command/Play.swift,
// or a program under Benchmarks/), so that one that hangs or breaks costs no more than its own figures.

import ArgumentParser
import KBUSShm

@main
struct Bench: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "kbus-shm-bench",
    abstract: "Measures KBUS over shared memory beside the physical limits of the machine.",
    version: Bus.version,
    subcommands: [
      LimitsCommand.self, RoundTripCommand.self, OneWayCommand.self, ThroughputCommand.self, RoutingCommand.self, DeathCommand.self,
      FootprintCommand.self,
      PeersCommand.self, CountsCommand.self, AllCommand.self, Play.self, Tied.self, Guard.self,
    ])
}
