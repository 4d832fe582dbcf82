// The hashes by which a message finds its bindings, all from one pass over its name, before the lock is taken.

/// A checked message name with the hash of the whole and of each prefix that a wildcard could stand behind.
struct NameKey {
  /// Hash of the whole name.
  private(set) var whole: UInt64
  /// Hash of the name up to and with its last dot: what `%` in the place of the last word has before it.
  private(set) var parent: UInt64
  /// The number of prefixes: one behind each dot.
  private(set) var prefixes = 0
  private(set) var isValid: Bool
  /// The first few prefix hashes; those of deeper names are computed when they are needed.
  private var first = InlineArray<4, UInt64>(repeating: 0)

  /// FNV-1a, begun with the seed of the bus.
  @inline(__always) private static func mix(_ hash: UInt64, _ byte: UInt8) -> UInt64 { (hash ^ UInt64(byte)) &* 0x100_0000_01B3 }

  /// One pass: checks the grammar of a plain name (specification, 2.1) and hashes.
  init(_ name: [UInt8], seed: UInt64) {
    var hash = seed, parent = seed
    var wordIsEmpty = false
    var isValid = name.count >= 3 && name[0] == Ascii.dollar && name[1] == Ascii.dot
    for byte in name {
      hash = Self.mix(hash, byte)
      if byte == Ascii.dot {
        if wordIsEmpty { isValid = false }
        wordIsEmpty = true
        parent = hash
        if prefixes < first.count { first[prefixes] = hash }
        prefixes += 1
      } else {
        if !Ascii.isLetterOrDigit(byte), prefixes > 0 { isValid = false }
        wordIsEmpty = false
      }
    }
    whole = hash
    self.parent = parent
    self.isValid = isValid && !wordIsEmpty
  }

  /// The hash of the name up to and with its dot number `depth`.
  func prefix(_ depth: Int, of name: [UInt8], seed: UInt64) -> UInt64 {
    if depth < first.count { return first[depth] }
    return Self.prefix(depth, of: name, seed: seed).hash
  }

  private static func prefix(_ depth: Int, of name: [UInt8], seed: UInt64) -> (hash: UInt64, length: Int) {
    var hash = seed, dots = 0
    for (index, byte) in name.enumerated() {
      hash = mix(hash, byte)
      if byte == Ascii.dot {
        if dots == depth { return (hash, index + 1) }
        dots += 1
      }
    }
    return (hash, name.count)
  }

  /// How many bytes the name has up to and with its dot number `depth`.
  static func prefixLength(_ depth: Int, of name: [UInt8]) -> Int { prefix(depth, of: name, seed: 0).length }

  /// The hash under which a binding to this name is filed: of the name, or of what stands before its wildcard.
  static func binding(_ name: [UInt8], form: MessageName.Form, seed: UInt64) -> UInt64 {
    var hash = seed
    for byte in form == .plain ? name[...] : name.dropLast() { hash = mix(hash, byte) }
    return filed(hash, form)
  }

  /// Plain names, `%` and `*` behind the same prefix are three different things.
  @inline(__always) static func filed(_ hash: UInt64, _ form: MessageName.Form) -> UInt64 {
    switch form {
    case .child: hash ^ 0x9E37_79B9_7F4A_7C15
    case .descendants: hash ^ 0xC2B2_AE3D_27D4_EB4F
    case .plain, .invalid: hash
    }
  }
}
