// `routing` and `fanout`: what a send costs its sender, with so many bindings on the bus, and to so many listeners.

import CBench
import KBUSShm

/// Sends to listeners that have room and do not wait, all in one process: nobody has to be woken, and no cache line has to be
/// fetched from another processor, so that what is left is the work of sending itself.
struct BusSends {
  private let part: Part
  private let sender: Ksock
  private let listeners: [Ksock]
  private let announcement = Announcement("$.Bench.Target.Name")

  /// How many sends are timed as one; what a listener has room for.
  private static let batch = Int(CBENCH_BATCH)

  init(_ part: Part) throws(KBusError) {
    self.part = part
    var options = BusOptions()
    options.maxBindings = max(options.maxBindings, part.bindings + 64)
    try Bus.create(0, options: options, in: part.directory)
    sender = try Ksock(bus: 0, in: part.directory)
    // Bystanders first: what is bound last is not found first.
    let bystander = try Ksock(bus: 0, in: part.directory)
    for number in 0..<max(0, part.bindings - part.listeners) {
      try bystander.bind(BusSends.bystander(number, part.variant))
    }
    var listeners: [Ksock] = []
    for _ in 0..<part.listeners {
      let listener = try Ksock(bus: 0, in: part.directory)
      try listener.bind(BusSends.target(part.variant))
      listeners.append(listener)
    }
    self.listeners = listeners
  }

  /// What the listeners bind to.
  private static func target(_ variant: String) -> MessageName {
    switch variant {
    case "%": "$.Bench.Target.%"
    case "*": "$.Bench.Target.*"
    default: "$.Bench.Target.Name"
    }
  }

  /// A binding of the same kind that does not match.
  private static func bystander(_ number: Int, _ variant: String) -> MessageName {
    switch variant {
    case "%", "*": MessageName("$.Bench.Bystander\(number).\(variant)")
    default: MessageName("$.Bench.Bystander\(number).Name")
    }
  }

  func play() throws(KBusError) {
    for _ in 0..<20 {
      for _ in 0..<BusSends.batch { try send() }
      try drain()
    }
    var singles: [UInt64] = [], batches: [UInt64] = [UInt64(BusSends.batch)]
    let began = Clock.now()
    while singles.count < part.samples, singles.isEmpty || Clock.now() < began + part.timeLimit {
      for _ in 0..<BusSends.batch {
        let start = Clock.now()
        try send()
        singles.append(Clock.now() - start)
      }
      try drain()
      let start = Clock.now()
      for _ in 0..<BusSends.batch { try send() }
      batches.append(Clock.now() - start)
      try drain()
    }
    part.leave(singles[...])
    part.leave(batches[...])
  }

  private func send() throws(KBusError) {
    var loan = try sender.loan(announcement, bytes: part.payloadBytes)
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
