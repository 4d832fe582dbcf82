import Foundation
import Testing

@testable import KBUSShm

/// The bus on which operations are swept, with those who live on: three listeners, of which the first has a descriptor and the second a
/// fast one, a Replier, a requester, and one that is full.
final class SweepScene {
  let directory: String
  private let listeners: [Ksock]
  /// Of the first listener, and of the second.
  private let descriptor: CInt
  private let fast: CInt
  private let replier: Ksock
  private let requester: Ksock
  private let full: Ksock
  /// Requests sent to the process that is killed.
  private var asked: [MessageID] = []

  init() throws {
    Self.removeAbandoned()
    let directory = "\(Self.prefix)\(getpid())-\(UUID().uuidString)"
    self.directory = directory
    try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: false)
    var options = BusOptions()
    options.maxKsocks = 16
    options.maxBindings = 64
    options.maxRequests = 64
    options.slots = [BusOptions.SlotClass(bytes: 256, count: 64), BusOptions.SlotClass(bytes: 65_536, count: 4)]
    try Bus.create(0, options: options, in: directory)
    func open() throws -> Ksock { try Ksock(bus: 0, in: directory) }
    listeners = [try open(), try open(), try open()]
    descriptor = try listeners[0].openDescriptor()
    fast = try listeners[1].fastDescriptor()
    try listeners[0].bind("$.Sweep.News")
    try listeners[1].bind("$.Sweep.%")
    try listeners[2].bind("$.Sweep.*")
    replier = try open()
    try replier.bind("$.Sweep.Ask", as: .replier)
    requester = try open()
    full = try open()
    try full.bind("$.Sweep.Full")
    try full.setMaxMessages(1)
    for (number, ksock) in (listeners + [replier, requester]).enumerated() { try ksock.bind("$.Align.\(number)") }
    try drain()
  }

  private static let prefix = "/dev/shm/kbus-sweep-"

  /// Removes what test runs that were killed have left.
  private static func removeAbandoned() {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: "/dev/shm")) ?? []
    for path in names.map({ "/dev/shm/" + $0 }) where path.hasPrefix(prefix) {
      guard let pid = Int32(path.dropFirst(prefix.count).prefix { $0 != "-" }), kill(pid, 0) != 0 else { continue }
      try? FileManager.default.removeItem(atPath: path)
    }
  }

  func end() {
    for ksock in listeners + [replier, requester, full] { ksock.close() }
    _ = Foundation.close(descriptor)
    try? FileManager.default.removeItem(atPath: directory)
  }

  /// Does what the operation needs of others, once the process is ready for it.
  func play(_ operation: String, with peer: SweepPeer) throws {
    guard
      ["reply", "unbind", "close", "take", "takeUrgent", "takeByDescriptor", "closeDescriptor", "takeByFast", "closeFast"].contains(
        operation)
    else { return }
    try #require(peer.line() == "ready")
    switch operation {
    case "take", "takeByDescriptor", "closeDescriptor", "takeByFast", "closeFast": try requester.send(Announcement("$.Sweep.Taken"))
    case "takeUrgent": try requester.send(Announcement("$.Sweep.Taken", flags: .urgent))
    default:
      for _ in 0..<(operation == "reply" ? 1 : 2) { asked.append(try requester.send(Request("$.Sweep.Mine"))) }
    }
    peer.go()
  }

  /// Checks everything that must hold, now that the process has ended. Returns whether its operation has happened.
  func verify(_ operation: String, completed: Bool) throws -> Bool {
    // Whoever opens the bus takes the lock over and closes what the dead left open.
    let fresh = try Ksock(bus: 0, in: directory)
    for (listener, number) in [(listeners[0], descriptor), (listeners[1], fast)] {
      let hasHeard = try listener.numberOfMessages() > 0
      #expect(!hasHeard || isReadable(number), "a descriptor is readable while something is queued")
    }
    let copies = try listeners.map { try taken(from: $0, named: operation) }
    #expect(!isReadable(descriptor) && !isReadable(fast), "and unreadable when nothing is")
    let requests = try everything(from: replier)
    let answers = try everything(from: requester)
    let happened: Bool
    switch operation {
    case "batch":
      #expect(Set(copies).count == 1 && copies[0] <= 3, "all listeners the same of the batch: \(copies)")
      happened = copies[0] == 3
    case "announce", "first", "across", "urgent":
      #expect(Set(copies).count == 1, "all listeners or none: \(copies)")
      happened = copies[0] == 1
    case "request", "stateful":
      #expect(copies[1] == requests.count && copies[2] == requests.count, "Replier and listeners, or none")
      happened = requests.count == 1
    case "reply", "unbind", "close":
      #expect(answers.map(\.inReplyTo).sorted() == asked.sorted(), "each request has exactly one answer")
      happened =
        operation == "reply"
        ? answers.contains { !$0.isStatus } : answers.contains { $0.name == BusName.unbound } || operation == "close" && completed
      asked = []
    case "take", "takeUrgent", "bind", "allOrWait", "open", "openDescriptor", "takeByDescriptor", "closeDescriptor", "openFast",
      "takeByFast",
      "closeFast":
      happened = completed
    default: throw CancellationError()
    }
    if completed { #expect(happened, "an operation that returned has happened") }
    try roundTrip(fresh)
    fresh.close()
    try drain()
    // Whoever reaped it removes its FIFO as well, which may be the test's helper.
    try eventually("one FIFO") { try FileManager.default.contentsOfDirectory(atPath: directory).count { $0.contains(".fifo-") } == 1 }
    let violations = try Bus.check(0, in: directory)
    #expect(violations.isEmpty, "\(violations)")
    let statistics = try requester.statistics()
    #expect(statistics.ksocks.count == 6, "only those who live are on the bus")
    #expect(statistics.ksocks.allSatisfy { $0.outstanding == 0 })
    return happened
  }

  /// Brings every queue to the same place in a chunk, so that an operation makes the same stores in each run.
  func alignQueues(at place: UInt64) throws {
    for (number, ksock) in (listeners + [replier, requester]).enumerated() {
      // One who was killed may have linked in another chunk already: on to where there is none.
      while ksock.record.tail % 32 != place || place == 31 && ksock.record.hasSpareChunk {
        try full.send(Announcement("$.Align.\(number)"))
        _ = try everything(from: ksock)
      }
    }
    try requester.send(Announcement("$.Align.Nobody"))
  }

  private func isReadable(_ number: CInt) -> Bool {
    var entry = pollfd(fd: number, events: Int16(POLLIN), revents: 0)
    return unsafe poll(&entry, 1, 0) == 1 && entry.revents == POLLIN
  }

  private func roundTrip(_ fresh: Ksock) throws {
    let id = try fresh.send(Request("$.Sweep.Ask", "fresh"))
    let request = try #require(try replier.receive())
    #expect(request.id == id && request.wantsUsToReply)
    try replier.send(Reply(to: request, "answer"))
    let reply = try #require(try fresh.receive())
    #expect(reply.inReplyTo == id && reply.text == "answer")
  }

  /// How many messages of the operation a listener got.
  private func taken(from ksock: Ksock, named operation: String) throws -> Int {
    try everything(from: ksock).filter { $0.text == "swept" && !$0.isReply }.count
  }

  private func everything(from ksock: Ksock) throws -> [Message] {
    var messages: [Message] = []
    while let message = try ksock.receive() { messages.append(message) }
    return messages
  }

  /// Empties every queue, and fills the one that is to be full: whoever asked it for room has been told.
  private func drain() throws {
    _ = try everything(from: full)
    try requester.send(Announcement("$.Sweep.Full"))
    for ksock in listeners + [replier, requester] { _ = try everything(from: ksock) }
  }
}

extension KsockRecord {
  /// Whether its queue has room for another message besides those that are reserved.
  fileprivate var hasSpareChunk: Bool { end &- tail > UInt64(reserved) &+ 1 }
}
