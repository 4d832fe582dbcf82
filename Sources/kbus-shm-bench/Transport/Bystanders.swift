// Others on the bus of whom a message should know nothing: with bindings that do not match, and with messages that nobody takes.

import KBUSShm

struct Bystanders {
  private static let waiting: MessageName = "$.Bench.Waiting"

  private let ksocks: [Ksock]

  /// Makes the part's bus, and Ksocks that have all bindings that there are to be but for our `own`. `form` is their kind.
  ///
  /// To be made first: what is bound last is not found first.
  init(_ part: Part, form: String = "exact", own: Int) throws(KBusError) {
    var options = BusOptions()
    options.maxBindings = max(options.maxBindings, part.bindings + 64)
    options.maxKsocks = max(options.maxKsocks, part.bystanders + 64)
    try Bus.create(0, options: options, in: part.directory)
    var ksocks: [Ksock] = []
    for _ in 0..<part.bystanders { ksocks.append(try Ksock(bus: 0, in: part.directory)) }
    self.ksocks = ksocks
    for number in 0..<max(0, part.bindings - own) {
      let isQueue = part.backlog > 0 && number < part.bystanders
      try ksocks[number % part.bystanders].bind(isQueue ? Bystanders.waiting : Bystanders.name(number, form))
    }
    guard part.backlog > 0 else { return }
    for ksock in ksocks { _ = try ksock.setMaxMessages(UInt32(part.backlog)) }
    let sender = try Ksock(bus: 0, in: part.directory)
    for _ in 0..<part.backlog { try sender.send(Announcement(Bystanders.waiting)) }
    sender.close()
  }

  private static func name(_ number: Int, _ form: String) -> MessageName {
    MessageName("$.Bench.Bystander\(number).\(form == "exact" ? "Name" : form)")
  }
}
