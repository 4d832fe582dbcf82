// The orders that send and receive many messages at full speed, without a test in between.

import KBUSShm

extension Orders {
  /// Sends `count` Announcements, their names in turn from `names`; when a recipient is full, waits for room. Answers with
  /// the serials, in the order of sending.
  func burst(_ order: Order, _ ksock: Ksock) throws -> String {
    let names = (order.option("names") ?? "").split(separator: ",").map { MessageName(String($0)) }
    guard !names.isEmpty else { throw OrderMistake("burst lacks names=") }
    let count: Int = try order.number("count")
    let flags = MessageFlags(rawValue: try order.number("flags", default: 0))
    let limit = try order.limit()
    var serials: [UInt32] = []
    serials.reserveCapacity(count)
    for number in 0..<count {
      let message = Message(names[number % names.count], data: [UInt8](repeating: UInt8(number & 0xFF), count: 8), flags: flags)
      guard let serial = try Self.sendOrWait(message, ksock, limit) else {
        throw OrderMistake("message \(number) waits in vain")
      }
      serials.append(serial)
    }
    return Self.list(serials)
  }

  /// Sends, and waits for room if a recipient is full; nil when the time is up.
  private static func sendOrWait(_ message: Message, _ ksock: Ksock, _ limit: Duration) throws(KBusError) -> UInt32? {
    do throws(KBusError) {
      return try ksock.send(message).serial
    } catch {
      guard error.code == .pending else { throw error }
      let serial = try ksock.lastMessageID().serial
      return try ksock.waitUntilWritable(within: limit) ? serial : nil
    }
  }

  /// Receives until `count` messages are there; answers with their serials, in the order of receipt. Says nothing
  /// before, so that a test which reads the answers of several processes one by one holds none of them up.
  func collect(_ order: Order, _ ksock: Ksock) throws -> String {
    let count: Int = try order.number("count")
    let limit = try order.limit()
    var serials: [UInt32] = []
    serials.reserveCapacity(count)
    while serials.count < count, let message = try ksock.take(within: limit) { serials.append(message.id.serial) }
    return Self.list(serials)
  }

  private static func list(_ serials: [UInt32]) -> String { "ok " + serials.map(String.init).joined(separator: ",") }
}
