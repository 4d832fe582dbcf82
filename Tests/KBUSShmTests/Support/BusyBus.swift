// A bus with something of everything in it, and everything that can be done with it: what damage is tried on.

@testable import KBUSShm

/// Three Ksocks with bindings of all kinds, messages queued, urgent, held and set aside, and requests at every stage.
/// It is the same each time, but for the seed of the name hashes.
final class BusyBus {
  private let directory: String
  private let a: Ksock
  private let b: Ksock
  private let c: Ksock
  private var held: [HeldMessage] = []

  static var options: BusOptions {
    var options = BusOptions()
    options.maxKsocks = 8
    options.maxBindings = 32
    options.maxRequests = 16
    options.slots = [.init(bytes: 256, count: 48), .init(bytes: 4096, count: 4), .init(bytes: 65_536, count: 2)]
    return options
  }

  static let longName = MessageName("$." + String(repeating: "long", count: 30))

  init(in directory: String) throws(KBusError) {
    self.directory = directory
    try Bus.create(0, options: Self.options, in: directory)
    a = try Ksock(bus: 0, in: directory)
    b = try Ksock(bus: 0, in: directory)
    c = try Ksock(bus: 0, in: directory)
    for name: MessageName in ["$.A", "$.A.*", "$.A.B.%", "$.R", Self.longName] { try a.bind(name) }
    for name: MessageName in ["$.R", "$.S.*", "$.T.%", Self.longName] { try b.bind(name, as: .replier) }
    try c.bind("$.KBUS.ReplierBindEvent")
    try c.setReportsReplierBinds(true)
    // Replier bind events set aside: their listener is full.
    try c.setMaxMessages(UInt32(try c.numberOfMessages()))
    let gone = try Ksock(bus: 0, in: directory)
    c.drainOne()
    try gone.bind("$.Gone.One", as: .replier)
    c.drainOne()
    try gone.bind("$.Gone.Two", as: .replier)
    gone.close()
    try c.setMaxMessages(100)
    // Requests: answered, taken and held, taken, queued, urgent.
    for text in ["answered", "held", "taken", "queued", "queued too"] { try c.send(Request("$.R", text)) }
    try c.send(Request("$.R", "urgent", flags: .urgent))
    for _ in 0..<2 {
      guard let message = try b.receive() else { continue }
      try b.send(Reply(to: message, "answer"))
    }
    if let message = try b.take() { held.append(HeldMessage(message)) }
    _ = try b.receive()
    // Announcements: queued, held, urgent, with a long name, and large.
    for number in 0..<3 { try c.send(Announcement("$.A.B.C", "number \(number)")) }
    try c.send(Announcement(Self.longName, "long name"))
    try c.send(Announcement("$.A", Array(repeating: 1, count: 3000)))
    try c.send(Announcement("$.A", "urgent", flags: .urgent))
    try c.send(Announcement("$.A", Array(repeating: 2, count: 60_000)))
    for _ in 0..<2 { if let message = try a.take() { held.append(HeldMessage(message)) } }
  }

  /// Every call there is, each of which may fail with a `KBusError` and no other way.
  func useEverything() {
    attempt { for _ in 0..<20 { _ = try self.a.receive() } }
    attempt { _ = try self.a.send(Announcement("$.A.B.C", "after")) }
    attempt { _ = try self.a.send(Announcement(Self.longName, [UInt8](repeating: 3, count: 3500))) }
    attempt { _ = try self.c.send(Announcement("$.A", "urgent", flags: .urgent)) }
    attempt { _ = try self.c.send(Announcement("$.A", "all or wait", flags: .allOrWait)) }
    attempt { _ = try self.c.wait(for: [.readable, .writable], within: .zero) }
    attempt { try self.c.discard() }
    attempt { _ = try self.c.request("$.R", "quick", within: .microseconds(100)) }
    attempt { _ = try self.a.request(Self.longName, "quick", within: .microseconds(100)) }
    attempt { for _ in 0..<8 { if let message = try self.b.take(), message.wantsUsToReply { try self.b.reply(to: message, [1]) } } }
    attempt { for _ in 0..<30 { _ = try self.c.receive() } }
    attempt {
      var loan = try self.a.loan(Announcement("$.A"), bytes: 5000)
      var bytes = loan.bytes
      bytes.storeBytes(of: 1, as: UInt8.self)
      try self.a.send(loan)
    }
    attempt { _ = try self.a.findReplier("$.S.*") }
    attempt { try self.a.waitForReplier("$.S.Any", within: .zero) }
    attempt { try self.a.bind("$.New.*") }
    attempt { try self.a.unbind("$.A.*") }
    attempt { try self.b.bind("$.New", as: .replier) }
    attempt { try self.b.unbind("$.R", as: .replier) }
    attempt { _ = try self.a.numberOfMessages() }
    attempt { _ = try self.b.numberUnrepliedTo() }
    attempt { _ = try self.a.lastMessageID() }
    attempt { try self.a.setMaxMessages(3) }
    attempt { try self.a.setWantsMessagesOnce(true) }
    attempt { try self.a.setMaxMessageSize(70_000) }
    attempt { try self.a.setReportsReplierBinds(true) }
    attempt { try self.a.setVerbose(true) }
    attempt { _ = try self.a.bindings().map(\.line) }
    attempt { _ = try self.a.statistics().text }
    attempt { _ = try Bus.inspect(0, in: self.directory) }
    attempt { _ = try Bus.check(0, in: self.directory).map(\.description) }
    for message in held { attempt { message.useAndRelease() } }
    attempt {
      let late = try Ksock(bus: 0, in: self.directory)
      try late.bind("$.A")
      try late.send(Announcement("$.A", "late"))
      while let message = try late.receive() { _ = message.description }
    }
    b.close()
    attempt { for _ in 0..<30 { _ = try self.c.receive() } }
    a.close()
    c.close()
    attempt { _ = try Ksock(bus: 0, in: self.directory) }
  }

  private func attempt(_ body: () throws -> Void) {
    do {
      try body()
    } catch {
      // The text names what was found in the file: it must be made without harm as well.
      guard let error = error as? KBusError else { fatalError("\(error)") }
      precondition(error.errno > 0 && !error.description.isEmpty)
    }
  }
}

/// A message read in place, kept in an array.
private final class HeldMessage {
  private var message: ReceivedMessage?

  init(_ message: consuming ReceivedMessage) { self.message = consume message }

  func useAndRelease() {
    if let message = message.take() {
      _ = message.copy().description
      message.release()
    }
  }
}

extension Ksock {
  fileprivate func drainOne() { _ = try? receive() }
}
