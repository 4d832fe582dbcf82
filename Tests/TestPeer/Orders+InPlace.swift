// The orders about messages that stay where they are: taken, looked at again later, answered, and ended when the test says.

import KBUSShm

/// A message that stays in shared memory until this goes. An array can't hold a loan itself.
final class HeldMessage {
  let message: ReceivedMessage

  init(_ message: consuming ReceivedMessage) { self.message = message }

  var text: String { "message \(message.copy().description(dataLimit: .max))" }
}

extension Orders {
  /// Carries out an order about a message held, whose Ksock may be closed by now; nil if it isn't one.
  func lookOrEnd(_ order: Order) throws -> String? {
    guard order.verb == "look" || order.verb == "release" else { return nil }
    let place = try order.word(0), text = try taken(place).text
    // What is ended must still be what was taken.
    if order.verb == "release" { held[place] = nil }
    return text
  }

  func take(_ order: Order, _ ksock: Ksock) throws -> String {
    let place = try order.word(1)
    guard held[place] == nil else { throw OrderMistake("\(place) already holds a message") }
    guard let message = try ksock.take() else { return "nothing" }
    let taken = HeldMessage(message)
    held[place] = taken
    return taken.text
  }

  func answer(_ order: Order, _ ksock: Ksock) throws -> String {
    let request = try taken(try order.word(1))
    return "ok \(try ksock.reply(to: request.message, try Message.bytes(order.option("data") ?? "")))"
  }

  private func taken(_ place: String) throws(OrderMistake) -> HeldMessage {
    guard let taken = held[place] else { throw OrderMistake("\(place) holds no message") }
    return taken
  }
}
