// How a message prints: the format of the original's Python binding, so that transcripts of old and new programs agree.

extension Message: CustomStringConvertible {
  /// For example `<Request '$.Fred', id=[0:6], from=1, flags=0x3 (REQ,YOU), data=b'hello'>`. Data is cut at 200 bytes.
  public var description: String { description(dataLimit: 200) }

  /// As `description`, with at most so many bytes of data shown.
  public func description(dataLimit: Int) -> String { Printer(message: self, dataLimit: dataLimit).text }
}

extension MessageID: CustomStringConvertible {
  public var description: String { "[\(network):\(serial)]" }
}

extension Origin: CustomStringConvertible {
  public var description: String { "(\(network),\(local))" }
}

private struct Printer {
  var items: [String] = []

  init(message: Message, dataLimit: Int) {
    let isBindEvent = message.name == BusName.replierBindEvent
    let label = isBindEvent ? "ReplierBindEvent" : Self.kind(of: message)
    var head = "<" + label
    if !isBindEvent { head += " '" + message.name.description + "'" }
    if !message.id.isNone { items.append("id=" + message.id.description) }
    if message.to != 0 { items.append("to=\(message.to)") }
    if message.from != 0 { items.append("from=\(message.from)") }
    if !message.origFrom.isNone { items.append("orig_from=" + message.origFrom.description) }
    if !message.finalTo.isNone { items.append("final_to=" + message.finalTo.description) }
    if !message.inReplyTo.isNone { items.append("in_reply_to=" + message.inReplyTo.description) }
    if message.flags.rawValue != 0 { items.append("flags=" + Self.describe(message.flags)) }
    if let event = isBindEvent ? ReplierBindEvent(data: message.data) : nil {
      items.append("[\(event.isBind ? "Bind" : "Unbind") '\(event.name)' for \(event.binder)]")
    } else if !message.data.isEmpty {
      items.append("data=" + Self.quote(message.data, limit: dataLimit))
    }
    // The name is followed by a comma, the bare kind of a bind event is not.
    text = head
    for (index, item) in items.enumerated() { text += (index == 0 && isBindEvent ? " " : ", ") + item }
    text += ">"
  }

  var text = ""

  private static func kind(of message: Message) -> String {
    switch message.kind {
    case .status: "Status"
    case .reply: "Reply"
    case .request: "Request"
    case .announcement, .replierBindEvent: "Announcement"
    }
  }

  private static func describe(_ flags: MessageFlags) -> String {
    var mnemonics = ""
    for (flag, mnemonic) in MessageFlags.named where flags.contains(flag) {
      mnemonics += (mnemonics.isEmpty ? "" : ",") + mnemonic.description
    }
    return "0x" + String(flags.rawValue, radix: 16) + (mnemonics.isEmpty ? "" : " (" + mnemonics + ")")
  }

  /// Bytes as Python shows them: `b'...'`, or `b"..."` if that saves escaping an apostrophe.
  private static func quote(_ data: [UInt8], limit: Int) -> String {
    let apostrophe = UInt8(ascii: "'")
    let mark = data.contains(apostrophe) && !data.contains(UInt8(ascii: "\"")) ? UInt8(ascii: "\"") : apostrophe
    var bytes: [UInt8] = [UInt8(ascii: "b"), mark]
    for byte in data.prefix(limit) {
      switch byte {
      case UInt8(ascii: "\n"): bytes += "\\n".bytes
      case UInt8(ascii: "\r"): bytes += "\\r".bytes
      case UInt8(ascii: "\t"): bytes += "\\t".bytes
      case mark, UInt8(ascii: "\\"): bytes += [UInt8(ascii: "\\"), byte]
      case 0x20..<0x7F: bytes.append(byte)
      default: bytes += "\\x".bytes + [hexDigit(byte >> 4), hexDigit(byte & 15)]
      }
    }
    bytes.append(mark)
    if data.count > limit { bytes += "...".bytes }
    return String(bytes: bytes)
  }

  private static func hexDigit(_ value: UInt8) -> UInt8 { value < 10 ? 0x30 + value : 0x57 + value }
}
