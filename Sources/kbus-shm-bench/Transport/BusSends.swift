// `routing` and `fanout`: what a send costs its sender, with so many bindings on the bus, and to so many listeners.

import CBench
import KBUSShm

/// Sends to listeners that have room and do not wait, all in one process: nobody has to be woken, and no cache line has to be
/// fetched from another processor, so that what is left is the work of sending itself.
struct BusSends {
  private let part: Part
  private let sender: Ksock
  private let listeners: [Ksock]
  private let bystanders: Bystanders
  /// What is sent to, one after the other.
  private let announcements: [Announcement]

  /// How many sends are timed as one; what a listener has room for.
  private static let batch = Int(CBENCH_BATCH)

  init(_ part: Part) throws(KBusError) {
    self.part = part
    let recall = Routing.Recall(in: part.variant), form = Routing.form(in: part.variant)
    let names = recall == .lookedUp ? BusSends.forgotten : ["$.Bench.Target.Name"]
    let bound = form == "exact" ? names : [MessageName("$.Bench.Target.\(form)")]
    announcements = names.map { Announcement($0) }
    bystanders = try Bystanders(part, form: form, own: bound.count * part.listeners)
    sender = try Ksock(bus: 0, in: part.directory)
    var listeners: [Ksock] = []
    for _ in 0..<part.listeners {
      let listener = try Ksock(bus: 0, in: part.directory)
      for name in bound { try listener.bind(name) }
      listeners.append(listener)
    }
    self.listeners = listeners
  }

  /// Names of which a sender has forgotten each when its turn comes, so that each send has to look up who gets it: names of one length
  /// whose last letters lie 4 apart share four places (`KnownNames`; `RememberedNamesTests` holds it to that).
  static let forgotten: [MessageName] = ["A", "E", "I", "M", "Q", "U", "a", "e"].map { MessageName("$.Bench.Target.\($0)") }

  func play() throws(KBusError) {
    for _ in 0..<20 {
      for number in 0..<BusSends.batch { try send(number) }
      try drain()
    }
    var singles: [UInt64] = [], batches: [UInt64] = [UInt64(BusSends.batch)]
    let began = Clock.now()
    while singles.count < part.samples, singles.isEmpty || Clock.now() < began + part.timeLimit {
      for number in 0..<BusSends.batch {
        let start = Clock.now()
        try send(number)
        singles.append(Clock.now() - start)
      }
      try drain()
      let start = Clock.now()
      for number in 0..<BusSends.batch { try send(number) }
      batches.append(Clock.now() - start)
      try drain()
    }
    part.leave(singles[...])
    part.leave(batches[...])
    withExtendedLifetime(bystanders) {}
  }

  private func send(_ number: Int) throws(KBusError) {
    var loan = try sender.loan(announcements[number & (announcements.count - 1)], bytes: part.payloadBytes)
    var payload = loan.bytes
    Payload.stamp(&payload, 1)
    try sender.send(loan)
  }

  /// Takes from each listener what it was sent: not less, nor more.
  private func drain() throws(KBusError) {
    for listener in listeners {
      var count = 0
      while let message = try listener.take() {
        guard Payload.number(in: message, bytes: part.payloadBytes) == 1 else {
          Part.fail("an announcement is not what was sent")
        }
        count += 1
      }
      guard count == BusSends.batch else { Part.fail("a listener got \(count) announcements of \(BusSends.batch)") }
    }
  }
}
