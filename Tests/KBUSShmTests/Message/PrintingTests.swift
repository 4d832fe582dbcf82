import KBUSShm
import Testing

@Suite("How a message prints") struct PrintingTests {
  struct Example: Sendable, CustomTestStringConvertible {
    let message: Message
    let text: String
    init(_ message: Message, _ text: String) {
      self.message = message
      self.text = text
    }
    var testDescription: String { text }
  }

  @Test(
    "as the original prints it",
    arguments: [
      Example(
        Message("$.Actor.Speak", data: Array("Ahem".utf8), from: 1, id: MessageID(serial: 2)),
        "<Announcement '$.Actor.Speak', id=[0:2], from=1, data=b'Ahem'>"),
      Example(
        Message("$.Fred", from: 1, flags: [.wantAReply, .wantYouToReply], id: MessageID(serial: 6)),
        "<Request '$.Fred', id=[0:6], from=1, flags=0x3 (REQ,YOU)>"),
      Example(
        Message(
          "$.Fred", data: Array("data".utf8), to: 1, from: 2, origFrom: Origin(network: 1, local: 2), finalTo: Origin(network: 3, local: 4),
          inReplyTo: MessageID(serial: 5), flags: MessageFlags(rawValue: 0x8000_0105), id: MessageID(serial: 6)),
        "<Reply '$.Fred', id=[0:6], to=1, from=2, orig_from=(1,2), final_to=(3,4), in_reply_to=[0:5], flags=0x80000105 (REQ,SYN,aWT), data=b'data'>"
      ),
      Example(
        Message(
          "$.KBUS.Replier.GoneAway", to: 9, from: 10, inReplyTo: MessageID(serial: 20), flags: .synthetic, id: MessageID(serial: 22)),
        "<Status '$.KBUS.Replier.GoneAway', id=[0:22], to=9, from=10, in_reply_to=[0:20], flags=0x4 (SYN)>"),
      Example(
        Message(
          "$.KBUS.ReplierBindEvent", data: ReplierBindEvent(isBind: true, binder: 4, name: "$.X").data, flags: [.synthetic, .allOrFail],
          id: MessageID(serial: 1)),
        "<ReplierBindEvent id=[0:1], flags=0x204 (SYN,aFL), [Bind '$.X' for 4]>"),
      Example(
        Message(
          "$.KBUS.ReplierBindEvent", data: ReplierBindEvent(isBind: false, binder: 4, name: "$.Fred").data, flags: [.synthetic, .allOrFail]),
        "<ReplierBindEvent flags=0x204 (SYN,aFL), [Unbind '$.Fred' for 4]>"),
      Example(Message("$.A"), "<Announcement '$.A'>"),
      Example(Message("$.A", flags: MessageFlags(rawValue: 0x10000)), "<Announcement '$.A', flags=0x10000>"),
      Example(Message("$.A", flags: MessageFlags(rawValue: 0x30F)), "<Request '$.A', flags=0x30f (REQ,YOU,SYN,URG,aFL,aWT)>"),
      Example(Message("$.A", id: MessageID(network: 4, serial: 0)), "<Announcement '$.A', id=[4:0]>"),
      Example(Message("$.A", origFrom: Origin(network: 0, local: 9)), "<Announcement '$.A', orig_from=(0,9)>"),
    ])
  func examples(_ example: Example) { #expect(example.message.description == example.text) }

  struct Bytes: Sendable, CustomTestStringConvertible {
    let bytes: [UInt8]
    let text: String
    init(_ bytes: String, _ text: String) { self.init(Array(bytes.utf8), text) }
    init(_ bytes: [UInt8], _ text: String) {
      self.bytes = bytes
      self.text = text
    }
    var testDescription: String { text }
  }

  @Test(
    "data prints as Python's repr of bytes",
    arguments: [
      Bytes("plain text ~!", "b'plain text ~!'"),
      Bytes("it's", #"b"it's""#),
      Bytes(#"say "hi""#, #"b'say "hi"'"#),
      Bytes(#"it's "both""#, #"b'it\'s "both"'"#),
      Bytes(#"back\slash"#, #"b'back\\slash'"#),
      Bytes("tab\t line\n return\r", #"b'tab\t line\n return\r'"#),
      Bytes([0, 1, 0x1F, 0x7F, 0x80, 0xFF], #"b'\x00\x01\x1f\x7f\x80\xff'"#),
      Bytes("é", #"b'\xc3\xa9'"#),
      Bytes("\u{7}\u{8}\u{b}\u{c}", #"b'\x07\x08\x0b\x0c'"#),
    ])
  func data(_ example: Bytes) { #expect(Message("$.A", data: example.bytes).description == "<Announcement '$.A', data=\(example.text)>") }

  @Test("every byte prints so that Python reads it back")
  func everyByte() {
    for byte in UInt8.min...UInt8.max {
      let printed = Message("$.A", data: [byte]).description.dropFirst("<Announcement '$.A', data=b'".count).dropLast(2)
      let expected: String
      switch byte {
      case 0x09: expected = #"\t"#
      case 0x0A: expected = #"\n"#
      case 0x0D: expected = #"\r"#
      case 0x5C: expected = #"\\"#
      case 0x20..<0x7F: expected = String(UnicodeScalar(byte))
      default: expected = #"\x"# + (byte < 16 ? "0" : "") + String(byte, radix: 16)
      }
      #expect(String(printed) == expected)
    }
  }

  @Test("data is cut at 200 bytes, and says so; or where it is asked to be")
  func cut() {
    func printed(_ count: Int, limit: Int? = nil) -> String {
      let message = Message("$.A", data: [UInt8](repeating: UInt8(ascii: "x"), count: count))
      let text = limit.map { message.description(dataLimit: $0) } ?? message.description
      return String(text.dropFirst("<Announcement '$.A', data=".count).dropLast(1))
    }
    func quoted(_ count: Int) -> String { "b'" + String(repeating: "x", count: count) + "'" }
    #expect(printed(199) == quoted(199))
    #expect(printed(200) == quoted(200))
    #expect(printed(201) == quoted(200) + "...")
    #expect(printed(100_000) == quoted(200) + "...")
    #expect(printed(100_000, limit: .max) == quoted(100_000))
    #expect(printed(10, limit: 3) == quoted(3) + "...")
  }

  @Test("a bind event with data that is none prints the data")
  func brokenEvent() {
    let message = Message("$.KBUS.ReplierBindEvent", data: [1, 2, 3])
    #expect(message.description == #"<ReplierBindEvent data=b'\x01\x02\x03'>"#)
  }
}
