// A message on a line of orders: one word for each field that is set, payload in hexadecimal.

package import KBUSShm

extension Message {
  /// The words that make this message again, such as `name=$.Fred data=41686d flags=0x1`.
  package var words: String {
    var words = ["name=\(name)"]
    if !data.isEmpty { words.append("data=" + Self.hex(data)) }
    if flags.rawValue != 0 { words.append("flags=0x" + String(flags.rawValue, radix: 16)) }
    if to != 0 { words.append("to=\(to)") }
    if from != 0 { words.append("from=\(from)") }
    if !inReplyTo.isNone { words.append("in-reply-to=\(inReplyTo.network):\(inReplyTo.serial)") }
    if !id.isNone { words.append("id=\(id.network):\(id.serial)") }
    if !origFrom.isNone { words.append("orig-from=\(origFrom.network):\(origFrom.local)") }
    if !finalTo.isNone { words.append("final-to=\(finalTo.network):\(finalTo.local)") }
    return words.joined(separator: " ")
  }

  package static func hex(_ bytes: [UInt8]) -> String {
    bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
  }

  init(_ order: Order) throws(OrderMistake) {
    let inReplyTo = try Self.pair(order, "in-reply-to")
    let id = try Self.pair(order, "id")
    let origFrom = try Self.pair(order, "orig-from")
    let finalTo = try Self.pair(order, "final-to")
    self.init(
      try order.name(), data: try Self.bytes(order.option("data") ?? ""), to: try order.number("to", default: 0),
      from: try order.number("from", default: 0), origFrom: Origin(network: origFrom.0, local: origFrom.1),
      finalTo: Origin(network: finalTo.0, local: finalTo.1),
      inReplyTo: MessageID(network: inReplyTo.0, serial: inReplyTo.1),
      flags: MessageFlags(rawValue: try order.number("flags", default: 0)),
      id: MessageID(network: id.0, serial: id.1))
  }

  static func bytes(_ hex: String) throws(OrderMistake) -> [UInt8] {
    var bytes: [UInt8] = []
    var rest = Array(hex)[...]
    while !rest.isEmpty {
      guard let byte = UInt8(String(rest.prefix(2)), radix: 16) else { throw OrderMistake("data=\(hex) is not hexadecimal") }
      bytes.append(byte)
      rest = rest.dropFirst(2)
    }
    return bytes
  }

  private static func pair(_ order: Order, _ key: String) throws(OrderMistake) -> (UInt32, UInt32) {
    guard let text = order.option(key) else { return (0, 0) }
    let parts = text.split(separator: ":").compactMap { UInt32($0) }
    guard parts.count == 2 else { throw OrderMistake("\(key)=\(text) is no pair") }
    return (parts[0], parts[1])
  }
}
