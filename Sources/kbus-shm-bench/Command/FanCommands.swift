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

  func run() throws { try options.report(OneWay.cases) }
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

  func run() throws { try options.report(Throughput.cases) }
}
