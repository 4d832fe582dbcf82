import ArgumentParser
import CBench

/// Request and reply, there and back, beside the limits of cache line and futex.
struct RoundTripCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: RoundTrips.name,
    abstract: "Times a Request and its Reply between two processes.",
    discussion: """
      A Request of 64 bytes or more, and a Reply of 64 bytes, with every guarantee of the bus; both ends check the first and last 8 \
      bytes. `loan`: filled and read in place. `copy`: copied in and out. Beside it, in the same run and turn by turn: two \
      processes passing a cache line to and fro (spinning), and two processes waking each other by futex (sleeping).

      Percentiles come from single round trips and hold the price of reading the clock once each, the limits' like the \
      bus's. `mean_amortised` holds none of it: batches of \(CBENCH_BATCH) round trips are timed as one, and the median \
      batch is divided by its length. Where a round trip takes as little as reading the clock does, compare these.
      """)

  @OptionGroup var options: RunOptions

  func run() throws { try options.report(RoundTrips.name, RoundTrips.cases) }
}
