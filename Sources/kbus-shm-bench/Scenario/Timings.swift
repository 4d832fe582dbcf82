// The loops that time round trips. Kept the same as those in C (cbench_loop.h).

import CBench

enum Timings {
  /// How many round trips are timed as one where the clock is not to count; fewer if they take long.
  static let batch = 50
  private static let longestBatch: UInt64 = 5_000_000

  /// Times round trips and leaves the figures where the part says.
  static func leave(of exchange: borrowing some Exchange & ~Copyable, for part: Part) throws(BenchError) {
    var number: UInt64 = 1
    func trip() throws(BenchError) {
      try exchange.roundTrip(number)
      number += 1
    }

    // Caches, page tables and the other side's spinning have to settle first.
    let warm = max(100, part.samples / 10)
    var warmed = 0
    let began = Clock.now()
    repeat {
      try trip()
      warmed += 1
    } while warmed < warm && (warmed < 10 || Clock.now() < began + part.timeLimit / 2)
    let each = (Clock.now() - began) / UInt64(warmed)

    // Nothing but the round trip lies between two readings.
    var singles = [UInt64](repeating: 0, count: part.samples)
    var count = 0
    var limit = Clock.now() + part.timeLimit
    while count < singles.count {
      let start = Clock.now()
      try trip()
      let end = Clock.now()
      singles[count] = end - start
      count += 1
      if end >= limit { break }
    }

    let length = each * UInt64(batch) <= longestBatch ? batch : 1 + Int(longestBatch / each)
    var batches = [UInt64(length)]
    limit = Clock.now() + part.timeLimit
    for _ in 0...(part.samples / length) {
      let start = Clock.now()
      for _ in 0..<length { try trip() }
      let end = Clock.now()
      batches.append(end - start)
      if end >= limit { break }
    }
    part.leave(singles.prefix(count))
    part.leave(batches[...])
  }
}
