import ArgumentParser
import KBUSShm

struct StatsCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "stats",
    abstract: "Show the counters of a bus and of its Ksocks, newest Ksock first.",
    discussion: """
      The layout is that of the original's /proc/kbus/stats; a line that starts with # follows, with what the original \
      does not count: processes that ended without closing their Ksocks, locks taken over from the dead, waits for the \
      lock that took too long, how often memory of some kind was found used up, and who watches over the bus. With --json, \
      each bus is an object on a line of its own.

      Members of a bus: bus, its number; next_ksock, one more than the last id given to a Ksock; next_serial, the same of \
      messages; set_aside, bind events set aside for Ksocks without room; tragic, whether some of those were lost; reaps, \
      recoveries, lock_stalls and pool_exhaustions, counts of what the last line of the plain form tells; watcher: helper, \
      reaper or nobody; ksocks, an array, newest first.

      Members of a Ksock: id; pid; last_message, the id of the last one sent, "network:serial"; queued and max_messages, how \
      many messages its queue holds and takes; set_aside, bind events set aside for it; outstanding and outstanding_max, \
      requests it sent that have no answer yet, now and at most; unreplied, requests it took and has not answered; missed, \
      messages that it did not get because its queue was full; most_queued, the most that were ever queued, but for the last \
      31; oldest_unread_ms, for how many milliseconds the oldest queued message has waited, at least: counted from when \
      somebody noted it, as stats does; pending, whether a message of its own waits for room.
      """)

  @OptionGroup var selection: BusSelection

  @Flag(help: "JSON instead, one line for each bus.")
  var json = false

  func run() throws {
    try Failure.forEach(try selection.numbers()) { number in
      let statistics = try Bus.inspect(number).statistics
      if json { return try StandardStreams.print(statistics.json.line) }
      try StandardStreams.print(bytes: Array(statistics.text.utf8))
      try StandardStreams.print(
        "# reaps \(statistics.reaps), recoveries \(statistics.recoveries), lock stalls \(statistics.lockStalls), "
          + "pools used up \(statistics.exhaustions), watched by \(statistics.watcher)")
    }
  }
}

extension BusStatistics {
  var json: JSONObject {
    var object = JSONObject()
    object.add("bus", bus)
    object.add("next_ksock", nextKsock)
    object.add("next_serial", nextSerial)
    object.add("set_aside", setAside)
    object.add("tragic", isTragic)
    object.add("reaps", reaps)
    object.add("recoveries", recoveries)
    object.add("lock_stalls", lockStalls)
    object.add("pool_exhaustions", exhaustions)
    object.add("watcher", "\(watcher)")
    object.add("ksocks", ksocks.map(\.json))
    return object
  }
}

extension KsockStatistics {
  fileprivate var json: JSONObject {
    var object = JSONObject()
    object.add("id", id)
    object.add("pid", pid)
    object.add("last_message", "\(lastMessage.network):\(lastMessage.serial)")
    object.add("queued", queued)
    object.add("max_messages", maxMessages)
    object.add("set_aside", setAside)
    object.add("outstanding", outstanding)
    object.add("outstanding_max", outstandingMax)
    object.add("unreplied", unreplied)
    object.add("missed", missed)
    object.add("most_queued", mostQueued)
    object.add("oldest_unread_ms", Int64(oldestUnread / .milliseconds(1)))
    object.add("pending", isPending)
    return object
  }
}
