// The bus on which victims act, and those who live on: three listeners, of which the first has a descriptor and the second a fast
// one, a Replier, a requester, and one that is full. They see whether an operation has happened, and whether it has happened whole.

import CShm
import CSurvival
import Glibc
import KBUSShm

final class Scene {
  private let directory: Directory
  private let listeners: [Ksock]
  /// Of the first listener, and of the second.
  private let descriptor: CInt
  private let fast: CInt
  private let replier: Ksock
  private let requester: Ksock
  private let full: Ksock
  /// Listeners that came for one operation.
  private var guests: [Ksock] = []
  /// Requests sent to the process that is to die.
  private var asked: [MessageID] = []

  static let otherMaxMessageSize = 5000

  /// Its pages are given back in more than one step.
  static let largeSlot = 2 << 20

  /// Of a bus that victims make.
  static let otherBus = 1

  static var options: BusOptions {
    var options = BusOptions()
    options.maxKsocks = 16
    options.maxBindings = 64
    options.maxRequests = 64
    options.slots = [BusOptions.SlotClass(bytes: 256, count: 64), BusOptions.SlotClass(bytes: largeSlot, count: 2)]
    return options
  }

  /// On bus 0 of a directory of its own, which becomes this process's.
  init(in directory: Directory) throws {
    self.directory = directory
    try Bus.create(0, options: Self.options, in: directory.path)
    // Without a helper here nobody recovers before those who are meant to.
    csurvival_forbid_threads(1)
    func open() throws -> Ksock { try Ksock(bus: 0, in: directory.path) }
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
    try drain()
  }

  /// Does what the operation needs of others, once the process is ready for it.
  func play(_ operation: Operation) throws {
    switch operation {
    case .take, .release, .takeByDescriptor, .closeDescriptor, .takeByFast, .closeFast: try requester.send(Announcement("$.Sweep.Taken"))
    case .batchTake: for _ in 0..<3 { try requester.send(Announcement("$.Sweep.Taken")) }
    case .takeUrgent: try requester.send(Announcement("$.Sweep.Taken", flags: .urgent))
    case .reply: asked.append(try requester.send(Request("$.Sweep.Mine")))
    case .unbind, .close: for _ in 0..<2 { asked.append(try requester.send(Request("$.Sweep.Mine"))) }
    // One whose queue gets a new chunk, and one whose oldest is used again.
    case .across: guests = [try listenerAtEndOfChunk(1), try listenerAtEndOfChunk(2)]
    case .report:
      let guest = try Ksock(bus: 0)
      try guest.bind(Self.event)
      guests = [guest]
      try requester.setReportsReplierBinds(true)
    default: break
    }
  }

  private static let event: MessageName = "$.KBUS.ReplierBindEvent"

  /// Its queue needs another chunk for the next message but no sooner.
  private func listenerAtEndOfChunk(_ number: Int) throws -> Ksock {
    let ksock = try Ksock(bus: 0)
    try ksock.bind("$.Edge")
    for _ in 1..<number * Int(CSHM_CHUNK_ENTRIES) {
      try requester.send(Announcement("$.Edge"))
      _ = try everything(from: ksock)
    }
    try ksock.unbind("$.Edge")
    try ksock.bind("$.Sweep.News")
    return ksock
  }

  /// Checks everything that must hold, now that the process has ended. Returns whether its operation has happened.
  func verify(_ operation: Operation, completed: Bool) throws -> Bool {
    // Whoever opens the bus takes the lock over and closes what the dead left open.
    let fresh = try Ksock(bus: 0)
    for (listener, number) in [(listeners[0], descriptor), (listeners[1], fast)] {
      try expect(try listener.numberOfMessages() == 0 || isReadable(number), "a descriptor is unreadable, and something is queued")
    }
    let heard = try (listeners + guests).map { try everything(from: $0) }
    let copies = heard.map { $0.count { $0.text == "swept" && !$0.isReply } }
    try expect(!isReadable(descriptor) && !isReadable(fast), "a descriptor is readable, and nothing is queued")
    for guest in guests { guest.close() }
    guests = []
    let requests = try everything(from: replier)
    let answers = try everything(from: requester)
    let happened: Bool
    switch operation {
    case .batch:
      try expect(Set(copies).count == 1 && copies[0] <= 3, "all listeners the same of the batch: \(copies)")
      happened = copies[0] == 3
    case .announce, .urgent, .across, .loan, .allOrFail:
      try expect(Set(copies).count == 1, "all listeners or none: \(copies)")
      happened = copies[0] == 1
    case .request, .stateful:
      try expect(copies[1] == requests.count && copies[2] == requests.count, "Replier and listeners, or none: \(copies)")
      happened = requests.count == 1
    case .reply, .unbind, .close, .reap:
      try expect(answers.map(\.inReplyTo).sorted() == asked.sorted(), "each request has exactly one answer: \(asked), \(answers)")
      asked = []
      switch operation {
      case .reply: happened = answers.contains { !$0.isStatus }
      case .unbind: happened = answers.contains { $0.name == BusName.unbound }
      default: happened = completed
      }
    case .report:
      try requester.setReportsReplierBinds(false)
      let events = heard.joined().compactMap { $0.name == Self.event ? ReplierBindEvent(data: $0.data)?.isBind : nil }
      // Whatever the process came to, it is no Replier any more.
      try expect(events == [] || events == [true, false], "a bind without an unbind, or the other way: \(events)")
      happened = !events.isEmpty
    case .setBus:
      let isSet = try [
        requester.isVerbose(), requester.maxMessageSize() == Self.otherMaxMessageSize, requester.reportsReplierBinds(),
      ]
      try expect(!isSet.drop { $0 }.contains(true), "a later setting without an earlier one: \(isSet)")
      happened = isSet[2]
      try requester.setVerbose(false)
      try requester.setMaxMessageSize(requester.absoluteMaxMessageSize())
      try requester.setReportsReplierBinds(false)
    case .create:
      happened = try Bus.list().contains(Self.otherBus)
      if happened { try useOtherBus() }
    case .giveBack:
      happened = requester.slotsToGiveBack() == 0
      // Whoever watches next goes on with it.
      requester.giveBackPages()
      try expect(requester.slotsToGiveBack() == 0, "a large slot is lost, or keeps its pages")
    default: happened = completed
    }
    if completed { try expect(happened, "an operation that returned has happened") }
    try roundTrip(fresh)
    fresh.close()
    try drain()
    let violations = try Bus.check(0)
    try expect(violations.isEmpty, "\(violations)")
    // The bus, and the FIFO of a listener.
    try expect(directory.names.count == 2, "files are left: \(directory.names)")
    let statistics = try requester.statistics()
    try expect(statistics.ksocks.count == 6, "only those who live are on the bus: \(statistics.ksocks.count)")
    try expect(statistics.ksocks.allSatisfy { $0.outstanding == 0 }, "no request is left without an answer")
    return happened
  }

  /// A bus that is there is whole.
  private func useOtherBus() throws {
    let ksock = try Ksock(bus: Self.otherBus)
    try ksock.bind("$.Sweep.Mine")
    try ksock.send(Announcement("$.Sweep.Mine", "swept"))
    try expect(try everything(from: ksock).map(\.text) == ["swept"], "a new bus loses a message")
    ksock.close()
    let violations = try Bus.check(Self.otherBus)
    try expect(violations.isEmpty, "\(violations)")
    try Bus.remove(Self.otherBus)
  }

  private func isReadable(_ number: CInt) -> Bool {
    var entry = pollfd(fd: number, events: Int16(POLLIN), revents: 0)
    return unsafe poll(&entry, 1, 0) == 1 && entry.revents == POLLIN
  }

  private func roundTrip(_ fresh: Ksock) throws {
    let id = try fresh.send(Request("$.Sweep.Ask", "fresh"))
    guard let request = try replier.receive(), request.id == id, request.wantsUsToReply else { throw Failure("no fresh request") }
    try replier.send(Reply(to: request, "answer"))
    guard let reply = try fresh.receive(), reply.inReplyTo == id, reply.text == "answer" else { throw Failure("no fresh reply") }
  }

  private func everything(from ksock: Ksock) throws -> [Message] {
    var messages: [Message] = []
    while let message = try ksock.receive() { messages.append(message) }
    return messages
  }

  /// Empties every queue, and fills the one that is to be full.
  private func drain() throws {
    _ = try everything(from: full)
    try requester.send(Announcement("$.Sweep.Full"))
    for ksock in listeners + [replier, requester] { _ = try everything(from: ksock) }
  }
}
