// How messages are printed: in the form that the original's Python binding prints, or as JSON.

import ArgumentParser
import KBUSShm

struct MessageOutput: ParsableArguments {
  @Flag(
    help: ArgumentHelp(
      "Print each message as a JSON object on a line of its own.",
      discussion: """
        Members: id, name, kind (announcement, request, reply, status, bindevent), from, to, in_reply_to, flags, \
        flags_value, data or data_base64, data_bytes. An id is written "network:serial"; in_reply_to is null if there \
        is none. Data are text if they are valid UTF-8. Data over 64 KiB are cut; data_bytes tells their true size.
        """))
  var json = false

  @Flag(help: "Print data of any size in full.")
  var full = false

  /// How many bytes of data are printed, unless all are.
  static let jsonDataLimit = 64 << 10
  static let lineDataLimit = 200

  func print(_ message: Message) throws { try StandardStreams.print(line(for: message)) }

  func line(for message: Message) -> String {
    json ? jsonLine(for: message) : message.description(dataLimit: full ? .max : Self.lineDataLimit)
  }

  private func jsonLine(for message: Message) -> String {
    var object = JSONObject()
    object.add("id", Self.text(message.id))
    object.add("name", message.name.description)
    object.add("kind", message.kind.jsonName)
    object.add("from", message.from)
    object.add("to", message.to)
    object.add("in_reply_to", message.inReplyTo.isNone ? nil : Self.text(message.inReplyTo))
    object.add("flags", MessageFlags.named.filter { message.flags.contains($0.flag) }.map(\.mnemonic.description))
    object.add("flags_value", message.flags.rawValue)
    let data = message.data
    let limit = full ? data.count : Self.jsonDataLimit
    if let text = String(validating: data, as: UTF8.self) {
      object.add("data", data.count <= limit ? text : Self.text(data, cutAt: limit))
    } else {
      object.add("data_base64", Base64.encode(data.prefix(limit)))
    }
    object.add("data_bytes", data.count)
    return object.line
  }

  /// As many whole characters from the front of valid UTF-8 as fit into `limit` bytes, of which there are more.
  private static func text(_ data: [UInt8], cutAt limit: Int) -> String {
    var end = limit
    while UTF8.isContinuation(data[end]) { end -= 1 }
    return String(decoding: data[..<end], as: UTF8.self)
  }

  static func text(_ id: MessageID) -> String { "\(id.network):\(id.serial)" }
}

extension MessageKind {
  fileprivate var jsonName: String {
    switch self {
    case .announcement: "announcement"
    case .request: "request"
    case .reply: "reply"
    case .status: "status"
    case .replierBindEvent: "bindevent"
    }
  }
}
