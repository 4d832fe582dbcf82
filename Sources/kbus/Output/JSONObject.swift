/// A JSON object on one line, built member by member in the order given.
struct JSONObject {
  private var members: [UInt8] = []

  /// The object as text.
  var line: String { String(decoding: [UInt8(ascii: "{")] + members + [UInt8(ascii: "}")], as: UTF8.self) }

  mutating func add(_ key: String, _ number: some BinaryInteger) { add(key, literal: Array(String(number).utf8)) }

  mutating func add(_ key: String, _ text: String?) {
    add(key, literal: text.map { Self.quote(Array($0.utf8)) } ?? Array("null".utf8))
  }

  mutating func add(_ key: String, _ texts: [String]) {
    let quoted = texts.map { Self.quote(Array($0.utf8)) }
    add(key, literal: [UInt8(ascii: "[")] + quoted.joined(separator: Array(", ".utf8)) + [UInt8(ascii: "]")])
  }

  mutating func add(_ key: String, _ flag: Bool) { add(key, literal: Array((flag ? "true" : "false").utf8)) }

  mutating func add(_ key: String, _ objects: [JSONObject]) {
    let literals = objects.map { Array($0.line.utf8) }
    add(key, literal: [UInt8(ascii: "[")] + literals.joined(separator: Array(", ".utf8)) + [UInt8(ascii: "]")])
  }

  private mutating func add(_ key: String, literal: [UInt8]) {
    if !members.isEmpty { members += Array(", ".utf8) }
    members += Self.quote(Array(key.utf8)) + Array(": ".utf8) + literal
  }

  /// Valid UTF-8 as a JSON string.
  ///
  /// Besides what JSON demands, DEL and the control characters U+0080 to U+009F are escaped: terminals obey those.
  private static func quote(_ bytes: [UInt8]) -> [UInt8] {
    var quoted: [UInt8] = [UInt8(ascii: "\"")]
    quoted.reserveCapacity(bytes.count + 2)
    var position = 0
    while position < bytes.count {
      let byte = bytes[position]
      switch byte {
      case UInt8(ascii: "\""), UInt8(ascii: "\\"): quoted += [UInt8(ascii: "\\"), byte]
      case UInt8(ascii: "\n"): quoted += Array("\\n".utf8)
      case UInt8(ascii: "\r"): quoted += Array("\\r".utf8)
      case UInt8(ascii: "\t"): quoted += Array("\\t".utf8)
      case 0..<0x20, 0x7F: quoted += escape(byte)
      case 0xC2 where position + 1 < bytes.count && bytes[position + 1] < 0xA0:
        // The two bytes C2 8x or C2 9x are the character of the second byte's value.
        position += 1
        quoted += escape(bytes[position])
      default: quoted.append(byte)
      }
      position += 1
    }
    quoted.append(UInt8(ascii: "\""))
    return quoted
  }

  private static func escape(_ character: UInt8) -> [UInt8] {
    let digits = Array("0123456789abcdef".utf8)
    return Array("\\u00".utf8) + [digits[Int(character >> 4)], digits[Int(character & 15)]]
  }
}
