import ArgumentParser
import KBUSShm

struct StatsCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "stats",
    abstract: "Show the counters of a bus and of its Ksocks, newest Ksock first.",
    discussion: """
      The layout is that of the original's /proc/kbus/stats; a line that starts with # follows, with what the original \
      does not count: processes that ended without closing their Ksocks, locks taken over from the dead, waits for the \
      lock that took too long, and who watches over the bus. With --json, each bus is an object on a line of its own.
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
          + "watched by \(statistics.watcher)")
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
