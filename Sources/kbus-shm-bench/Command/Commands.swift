import ArgumentParser

struct OneWayCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: OneWay.name,
    abstract: "Times Announcements that are sent at fixed rates, from 1,000 to 1,000,000 a second.",
    discussion: """
      Of 64 bytes, from one process to another, for half a second each. The sender sends by the clock, whether or not the listener \
      keeps up; a message's time counts from when it was to be sent, so that a sender that is held up can't hide it. Beside \
      it a ring of slots in shared memory: the limit.
      """)

  @OptionGroup var options: RunOptions

  func run() throws { try options.report(OneWay.name, OneWay.cases) }
}

struct ThroughputCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: Throughput.name,
    abstract: "Counts the Announcements that 1, 2 or 4 senders get through to 1, 4 or 16 listeners.",
    discussion: """
      Of 64 bytes. Every listener checks that it misses none, and that each sender's are in order; a sender that is \
      too quick waits (ALL_OR_WAIT). Figures are messages sent a second; each of them reaches every listener. A \
      single sender and a single listener have a processor each, several share both.
      """)

  @OptionGroup var options: RunOptions

  func run() throws { try options.report(Throughput.name, Throughput.cases) }
}

struct RoutingCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: Routing.name,
    abstract: "Times a send with 10 to 100,000 bindings on the bus, and to 1 to 64 listeners; and how long the lock is held.",
    discussion: """
      An Announcement of 64 bytes, filled in place, to a listener that has room and need not be woken: `exact`, by a binding to \
      its name; `%` and `*`, by a wildcard. `remembered`: always to the same name, whose recipients the sender knows from the last \
      send. `looked up`: in turn to names that a sender forgets for each other, so that each send looks its recipients up. All other \
      bindings are of the same kind, and do not match; they are one Ksock's, or of 1,000 Ksocks, whose queues may be full. `fanout`: to \
      1 to 64 listeners, of which a sender remembers 20. `hold`: how long a send keeps the lock of the bus, in libkbus.so; `limit.hold` is a lock held for nothing, \
      measured in the same way.
      """)

  @OptionGroup var options: RunOptions

  func run() throws { try options.report(Routing.name, Routing.cases) }
}

struct LimitsCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: Limits.name,
    abstract: "Measures what this machine can do at best: the limits of waking, locking, copying and noticing a death.",
    discussion: "None of it involves the bus.")

  @OptionGroup var options: RunOptions

  func run() throws { try options.report(Limits.name, Limits.cases) }
}

struct FootprintCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: Footprint.name,
    abstract: "Weighs a process that has one connection and waits: memory, threads, wake-ups, libraries.",
    discussion: """
      `limit.process` is a C program that has nothing. Libraries are the shared ones that are loaded beside those of C and C++. \
      Wake-ups are the times that any thread of it gave up its processor, of /proc. Fails if a client in C has more of them or of \
      memory than it may.
      """)

  @OptionGroup var options: RunOptions

  func run() throws { try options.report(Footprint.name, Footprint.cases()) }
}

struct PeersCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: Peers.name,
    abstract: "Holds the bus against ZeroMQ, nng, D-Bus, iceoryx, Boost.Interprocess, Unix sockets and POSIX queues.",
    discussion: """
      Round trips and throughput, as `rtt` and `throughput` measure them, turn by turn with the bus. A peer that is not \
      installed, or was not there when `make -C Benchmarks` was run, is left out; Benchmarks/peers/prepare installs all of them on Debian.
      """)

  @OptionGroup var options: RunOptions

  func run() throws { try options.report(Peers.name, Peers.cases) }
}

struct CountsCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: Counts.name,
    abstract: "Counts what a message costs: system calls, instructions, allocations, copies. Fails if that is more than it may be.",
    discussion: """
      Nothing here depends on time, so that a build can be held to it. System calls are seen by ptrace, allocations and copies by \
      a preloaded library, instructions by valgrind's callgrind: of what passes between two Ksocks of one process, less what the \
      program does itself, which is the same program without the bus; beside many bindings, Ksocks and messages of others; wakes by \
      ptrace, and by standing between the library and its futexes.
      """)

  @OptionGroup var options: RunOptions

  func run() throws { try options.report(Counts.name, Counts.cases) }
}

struct DeathCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: Deaths.name,
    abstract: "Times how soon a requester knows that its Replier has been killed.",
    discussion: """
      From kill -9 of a Replier that has taken 1 or 100 Requests until the requester, which sleeps, has read what the bus answers to \
      all of them; the Replier small, or with 256 MB that it has written to. With the reaper, and without one, when the \
      requester's own helper watches. Beside it what the kernel has to offer: a robust lock's word that its owner \
      has died (`limit.robust`), and a pidfd (`limit.pidfd`). Each has 200 deaths, half of them in either run, which takes some minutes: \
      most of that goes into making the large processes.
      """)

  @OptionGroup var options: RunOptions

  func run() throws { try options.report(Deaths.name, Deaths.cases, .init(runs: 2, samples: 100, milliseconds: 3000)) }
}
