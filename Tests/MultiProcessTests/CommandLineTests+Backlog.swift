// What the tool says of a listener that is too slow.

import Foundation
import KBUSShm
import Testing

extension CommandLineTests {
  @Test("listen says how many messages it missed") func listenMisses() throws {
    let ksock = try bus.open()
    let listener = try StuckListener(on: bus, "$.A", "--queue", "2", "--count", "3", sender: ksock)
    for _ in 0..<5 { try ksock.send(Announcement("$.A")) }
    let ending = try listener.unstick()
    #expect(ending.status == 0)
    #expect(ending.errors == "kbus: missed 3 messages: the queue was full (--queue makes it longer)\n")
    ksock.close()
  }

  /// What `kbus stats --json` says of bus 0.
  private func statistics() throws -> [String: Any] {
    let ending = try bus.start("stats", "--json").end()
    return try #require(JSONSerialization.jsonObject(with: Data(ending.text.utf8)) as? [String: Any])
  }

  @Test("stats --json tells of a slow listener: what is queued and missed, and for how long the oldest message has waited")
  func statsOfSlowListener() throws {
    let ksock = try bus.open()
    let listener = try StuckListener(on: bus, "$.A", "--queue", "2", "--count", "3", sender: ksock)
    let start = ContinuousClock.now
    for _ in 0..<5 { try ksock.send(Announcement("$.A")) }
    var slow: [String: Any] = [:]
    try eventually("its oldest message grows old") {
      let ksocks = try #require(try statistics()["ksocks"] as? [[String: Any]])
      slow = try #require(ksocks.first { $0["pid"] as? Int32 == listener.process.pid })
      return try #require(slow["oldest_unread_ms"] as? Int) >= 20
    }
    for (key, value) in ["queued": 2, "max_messages": 2, "missed": 3, "most_queued": 2] { #expect(slow[key] as? Int == value, "\(key)") }
    #expect(Double(try #require(slow["oldest_unread_ms"] as? Int)) <= (ContinuousClock.now - start) / .milliseconds(1), "no smaller unit")
    #expect(try listener.unstick().status == 0)
    ksock.close()
  }

  @Test("stats tells how often memory was used up, in both forms") func statsOfExhaustion() throws {
    #expect(try bus.start("create", "--max-message-size", "66000", "--slots", "66000:2").end().status == 0)
    let ksock = try bus.open()
    try ksock.bind("$.A")
    #expect(throws: KBusError.self) { for _ in 0..<3 { try ksock.send(Announcement("$.A", [UInt8](repeating: 0, count: 65000))) } }
    #expect(try statistics()["pool_exhaustions"] as? Int == 1)
    #expect(try bus.start("stats").end().text.contains(", pools used up 1, watched by "))
    ksock.close()
  }
}
