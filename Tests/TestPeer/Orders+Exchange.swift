// The orders that send and receive.

import KBUSShm

extension Orders {
  /// Carries out an order about messages; nil if it isn't one.
  func exchange(_ order: Order, _ label: String, _ ksock: Ksock) throws -> String? {
    switch order.verb {
    case "send": return text(try send(Message(order), by: order.option("by"), ksock))
    case "receive": return received(try ksock.receive(), label)
    case "receive-within": return received(try ksock.receive(within: try order.limit()), label)
    case "reply":
      guard let request = requests[label] else { throw OrderMistake("\(label) has no request to answer") }
      return text(try ksock.send(try Reply(to: request, try Message.bytes(order.option("data") ?? ""))))
    case "request": return received(try ksock.request(try Message(order), within: try order.limit()), label)
    case "send-pending": return text(try ksock.sendPending())
    case "discard":
      try ksock.discard()
      return "ok"
    case "has-pending": return "ok \(ksock.hasPending)"
    case "wait": return text(try ksock.wait(for: Self.readiness(try order.word(1)), within: try order.limit()))
    case "wait-until-writable": return "ok \(try ksock.waitUntilWritable(within: try order.limit()))"
    case "take": return try take(order, ksock)
    case "answer": return try answer(order, ksock)
    case "burst": return try burst(order, ksock)
    case "collect": return try collect(order, ksock)
    default: return nil
    }
  }

  private func send(_ message: Message, by way: String?, _ ksock: Ksock) throws(KBusError) -> MessageID {
    guard way == "loan" else { return try ksock.send(message) }
    var loan = try ksock.loan(message, bytes: message.data.count)
    var payload = loan.bytes
    for (index, byte) in message.data.enumerated() { payload.storeBytes(of: byte, toByteOffset: index, as: UInt8.self) }
    return try ksock.send(loan)
  }

  private func received(_ message: Message?, _ label: String) -> String {
    guard let message else { return "nothing" }
    if message.wantsUsToReply { requests[label] = message }
    return "message \(message.description(dataLimit: .max))"
  }

  private func text(_ id: MessageID) -> String { "ok \(id)" }

  private static func readiness(_ letters: String) -> Ksock.Readiness {
    var readiness: Ksock.Readiness = []
    if letters.contains("r") { readiness.insert(.readable) }
    if letters.contains("w") { readiness.insert(.writable) }
    return readiness
  }

  private func text(_ readiness: Ksock.Readiness) -> String {
    "ok " + (readiness.contains(.readable) ? "r" : "-") + (readiness.contains(.writable) ? "w" : "-")
  }
}
