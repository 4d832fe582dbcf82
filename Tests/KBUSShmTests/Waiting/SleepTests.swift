// A wait sleeps: while nothing happens its thread uses no processor and is never woken.

import CShm
import Foundation
import Synchronization
import Testing

@testable import KBUSShm

@Suite("Waiting sleeps", .timeLimit(.minutes(10))) struct SleepTests {
  enum Wait: String, CaseIterable, Sendable {
    case take, receive, request, readable, writable, replier
  }

  @Test("a thread that waits is not woken and uses no processor time until there is something", arguments: Wait.allCases)
  func sleeps(wait: Wait) throws {
    let bus = try TemporaryBus()
    let ksock = try bus.open(), other = try bus.open()
    try ksock.bind("$.A")
    if wait == .request { try other.bind("$.R", as: .replier) }
    if wait == .writable {
      try other.bind("$.Full")
      try other.setMaxMessages(1)
      try other.send(Announcement("$.Full"))
      expectFailure(.pending, errno: EAGAIN) { try ksock.send(Announcement("$.Full", flags: .allOrWait)) }
    }
    let waiting = WaitingThread {
      switch wait {
      case .take: return try ksock.take(within: nil) != nil
      case .receive: return try ksock.receive(within: .seconds(3600)) != nil
      case .request: return try ksock.request("$.R", within: .seconds(3600)).kind == .reply
      case .readable: return try ksock.wait(for: .readable, within: nil) == .readable
      case .writable: return try ksock.waitUntilWritable(within: nil)
      case .replier: return try ksock.waitForReplier("$.Late", within: .seconds(3600)) == other.id
      }
    }
    let isAsleep = { wait == .replier ? ksock.shared.hasBindWaiters : ksock.record.sleepers == 1 }
    try waiting.waitUntilAsleep(isAsleep)

    let before = try waiting.schedulerFacts()
    // Not a limit that must be met: a while in which a wait that looks now and then would look.
    usleep(300_000)
    #expect(try waiting.schedulerFacts() == before)
    #expect(isAsleep())

    switch wait {
    case .take, .receive, .readable: try other.send(Announcement("$.A"))
    case .request: try other.send(Reply(to: try #require(try other.receive())))
    case .writable: _ = try other.receive()
    case .replier: try other.bind("$.Late", as: .replier)
    }
    #expect(try waiting.result())
  }

  @Test("messages for others do not wake a thread that waits")
  func othersDoNotWake() throws {
    let bus = try TemporaryBus()
    let ksock = try bus.open(), other = try bus.open()
    try ksock.bind("$.A")
    try other.bind("$.B")
    let waiting = WaitingThread { try ksock.receive(within: nil)?.text == "at last" }
    try waiting.waitUntilAsleep { ksock.record.sleepers == 1 }
    let before = try waiting.schedulerFacts()
    for _ in 0..<200 {
      try other.send(Announcement("$.B"))
      _ = try other.receive()
    }
    #expect(try waiting.schedulerFacts() == before)
    try other.send(Announcement("$.A", "at last"))
    #expect(try waiting.result())
  }
}

/// A call on a thread of its own whose sleep is looked at from outside.
private final class WaitingThread: Sendable {
  private let call: Blocked<Bool>
  /// The place of the thread under /proc, such as `17/task/18`.
  private let place: String

  init(_ body: @escaping @Sendable () throws -> Bool) {
    let known = KnownPlace()
    call = Blocked {
      let place = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/thread-self")
      known.place.withLock { $0 = place }
      return try body()
    }
    var found: String?
    while found == nil {
      sched_yield()
      found = known.place.withLock { $0 }
    }
    place = found!
  }

  private final class KnownPlace: Sendable {
    let place = Mutex<String?>(nil)
  }

  func result() throws -> Bool { try call.outcome() }

  struct NotAsleep: Error {}

  /// Waits until the thread says that it sleeps, and does.
  func waitUntilAsleep(_ isAsleep: () -> Bool) throws {
    let deadline = ContinuousClock.now.advanced(by: .seconds(20))
    while try !(isAsleep() && field("State:").hasPrefix("S")) {
      guard ContinuousClock.now < deadline else { throw NotAsleep() }
      sched_yield()
    }
  }

  /// How often the thread went to sleep or was stopped, and how long it ran, in nanoseconds.
  func schedulerFacts() throws -> [String] {
    // The first number is the time on a processor.
    let ran = try String(contentsOfFile: "/proc/\(place)/schedstat", encoding: .utf8).split(separator: " ").first.map(String.init) ?? ""
    return [try field("voluntary_ctxt_switches:"), try field("nonvoluntary_ctxt_switches:"), ran]
  }

  private func field(_ name: String) throws -> String {
    let status = try String(contentsOfFile: "/proc/\(place)/status", encoding: .utf8)
    let line = status.split(separator: "\n").first { $0.hasPrefix(name) }
    return line.map { $0.dropFirst(name.count).trimmingCharacters(in: .whitespaces) } ?? ""
  }
}

extension SharedBus {
  /// Whether anybody waits for a Replier.
  fileprivate var hasBindWaiters: Bool { memory.u32(geometry.state + CSHM_STATE_BIND_WAITERS) != 0 }
}
