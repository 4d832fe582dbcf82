import KBUSShm

/// One line of orders: a verb, then words in a fixed order, then options `key=value` in any.
struct Order {
  let verb: String
  private let words: [String]
  private let options: [String: String]

  init(_ line: String) throws(OrderMistake) {
    let all = line.split(separator: " ", omittingEmptySubsequences: false).map(String.init)
    verb = all[0]
    var words: [String] = []
    var options: [String: String] = [:]
    for word in all.dropFirst() {
      if let equals = word.firstIndex(of: "=") {
        options[String(word[..<equals])] = String(word[word.index(after: equals)...])
      } else {
        words.append(word)
      }
    }
    self.words = words
    self.options = options
  }

  func word(_ index: Int) throws(OrderMistake) -> String {
    guard index < words.count else { throw OrderMistake("\(verb) lacks word \(index)") }
    return words[index]
  }

  func has(_ word: String) -> Bool { words.contains(word) }

  func option(_ key: String) -> String? { options[key] }

  func number<Number: FixedWidthInteger>(_ key: String, default missing: Number? = nil) throws(OrderMistake) -> Number {
    guard let text = options[key] else {
      guard let missing else { throw OrderMistake("\(verb) lacks \(key)=") }
      return missing
    }
    let isHex = text.hasPrefix("0x")
    guard let number = Number(isHex ? String(text.dropFirst(2)) : text, radix: isHex ? 16 : 10) else {
      throw OrderMistake("\(key)=\(text) is no number")
    }
    return number
  }

  /// The limit of a wait: `within=` in milliseconds. A test that forgets it fails rather than hangs.
  func limit() throws(OrderMistake) -> Duration { .milliseconds(try number("within", default: 30_000)) }

  /// The option `name=`.
  func name() throws(OrderMistake) -> MessageName {
    guard let name = options["name"] else { throw OrderMistake("\(verb) lacks name=") }
    return MessageName(name)
  }
}

/// An order that can't be understood: a mistake of the test, not an answer of the bus.
struct OrderMistake: Error, CustomStringConvertible {
  let description: String

  init(_ description: String) { self.description = description }
}
