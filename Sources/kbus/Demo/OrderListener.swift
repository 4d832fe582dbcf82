import KBUSShm

/// Listens to everything on the bus and checks that it comes in one order.
struct OrderListener {
  private let ksock: Ksock

  /// The highest id seen.
  private(set) var last = MessageID.none
  /// Messages whose id was not higher than one seen before.
  private(set) var inversions = 0
  /// Messages that another Ksock had and this one had not: a send reaches all its recipients in one step, or none.
  private(set) var absent = 0
  private(set) var frames = 0
  private(set) var requests = 0
  private(set) var replies = 0
  private(set) var others = 0

  var messages: Int { frames + requests + replies + others }

  init(directory: String) throws(KBusError) {
    ksock = try Ksock(bus: 0, in: directory)
    // Far more than can come between two looks: this one must not miss anything, nor hold up the decoder.
    try ksock.setMaxMessages(1000)
    try ksock.bind(DemoName.everything)
  }

  /// Reads all that is there. `id` is a message that another Ksock of this process has just received.
  mutating func catchUp(with id: MessageID = .none) throws(KBusError) {
    try readAll()
    guard id > last else { return }
    // Takes need no lock: the sender may be in the midst of its one step. It has done it when the bus lock is to be had.
    _ = try ksock.numberUnrepliedTo()
    try readAll()
    if id > last { absent += 1 }
  }

  private mutating func readAll() throws(KBusError) {
    while let message = try ksock.take() {
      if message.id <= last { inversions += 1 }
      last = max(last, message.id)
      switch message.kind {
      case .request: requests += 1
      case .reply: replies += 1
      default:
        if message.name == DemoName.frame { frames += 1 } else { others += 1 }
      }
    }
  }
}
