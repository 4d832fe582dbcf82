// `death`: from kill -9 of a Replier that holds Requests until the requester has read what the bus answers in its place.

import CBench
import Glibc
import KBUSShm

/// The requester, which starts one victim after the other; and the victim.
struct BusDeath {
  private static let name: MessageName = "$.Bench.Death"
  private static let patience = Duration.seconds(10)

  private let part: Part

  init(_ part: Part) { self.part = part }

  func play() throws(BenchError) {
    part.pinToClient()
    let ksock = part.openKsock()
    let hasReaper = part.variant.hasPrefix("reaper")
    let reaper = hasReaper ? try Peer.reaper(of: part.directory) : nil
    try wait("for somebody to watch over the bus") { () throws(KBusError) in
      try ksock.statistics().watcher == (hasReaper ? .reaper : .helper)
    }
    var times: [UInt64] = []
    let limit = Clock.now() + part.timeLimit
    while times.count < part.samples, times.isEmpty || Clock.now() < limit {
      times.append(try timeOneDeath(ksock))
    }
    ksock.close()
    part.leave(times[...])
    part.leave([])
    // It is killed when this goes.
    withExtendedLifetime(reaper) {}
  }

  private func timeOneDeath(_ ksock: Ksock) throws(BenchError) -> UInt64 {
    let victim = try Peer(["play"] + part.options(for: "death.victim"))
    do throws(KBusError) {
      _ = try ksock.waitForReplier(BusDeath.name, within: BusDeath.patience)
      for _ in 0..<part.requests { try ksock.send(Request(BusDeath.name)) }
    } catch {
      Part.fail("\(error)")
    }
    try wait("for the victim to take its requests") { () throws(KBusError) in
      try ksock.statistics().ksocks.contains { $0.pid == victim.process && $0.unreplied == UInt32(part.requests) }
    }
    var killed: UInt64 = 0
    unsafe cbench_kill_soon(part.options, victim.process, &killed)
    for _ in 0..<part.requests {
      let status: Message?
      do throws(KBusError) { status = try ksock.receive(within: BusDeath.patience) } catch { Part.fail("\(error)") }
      guard let status else { Part.fail("no status came within \(BusDeath.patience)") }
      guard status.isStatus, status.name == BusName.ignored else { Part.fail("wanted a status, got: \(status)") }
    }
    let now = Clock.now()
    _ = try victim.end(within: 10)
    return now - killed
  }

  private func wait(_ what: String, until isTrue: () throws(KBusError) -> Bool) throws(BenchError) {
    let deadline = Clock.now() + 10_000_000_000
    while !Part.orFail({ () throws(KBusError) in try isTrue() }) {
      guard Clock.now() < deadline else { throw BenchError("waited in vain \(what)") }
      usleep(200)
    }
  }

  // The victim

  func beKilled() {
    unsafe cbench_pin_to(part.options.pointee.server_cpu)
    cbench_touch_memory(part.memoryBytes)
    let ksock = part.openKsock()
    Part.orFail { () throws(KBusError) in
      try ksock.bind(BusDeath.name, as: .replier)
      for _ in 0..<part.requests { _ = try ksock.receive(within: BusDeath.patience) }
    }
    // It holds them, and its Ksock.
    withExtendedLifetime(ksock) { while true { pause() } }
  }
}
