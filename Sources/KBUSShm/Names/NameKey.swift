// The hashes by which a message finds its bindings, all from one pass over its name, before the lock is taken.

/// The hash of a message name, and of each prefix that a wildcard could stand behind.
struct NameKey: BitwiseCopyable {
  /// A prefix of a name, up to and with one of its dots.
  struct Prefix: BitwiseCopyable {
    var hash: UInt64 = 0
    /// In bytes.
    var length = 0
  }

  /// Hash of the whole name.
  private(set) var whole: UInt64
  /// Up to the last dot: what `%` in the place of the last word has before it.
  private(set) var parent = Prefix()
  /// The number of prefixes: one behind each dot.
  private(set) var prefixes = 0
  /// Whether the name follows the grammar of a plain name (specification, 2.1).
  private(set) var isValid: Bool
  /// The first few prefixes; those of deeper names are computed when they are needed.
  private var first = InlineArray<4, Prefix>(repeating: Prefix())

  /// FNV-1a, begun with the seed of the bus.
  @inline(__always) private static func mix(_ hash: UInt64, _ byte: UInt8) -> UInt64 { (hash ^ UInt64(byte)) &* 0x100_0000_01B3 }

  /// One pass: checks the grammar and hashes.
  init(_ name: RawSpan, seed: UInt64) {
    var hash = seed
    var wordIsEmpty = false
    let count = name.byteCount
    var isValid = count >= 3
    for position in 0..<count {
      let byte = name.byte(position)
      hash = Self.mix(hash, byte)
      if byte == Ascii.dot {
        if wordIsEmpty || position == 0 { isValid = false }
        wordIsEmpty = true
        parent = Prefix(hash: hash, length: position + 1)
        if prefixes < first.count { first[prefixes] = parent }
        prefixes += 1
      } else {
        if position == 0 {
          if byte != Ascii.dollar { isValid = false }
        } else if prefixes == 0 || !Ascii.isLetterOrDigit(byte) {
          // Before the first dot stands `$` alone.
          isValid = false
        }
        wordIsEmpty = false
      }
    }
    whole = hash
    self.isValid = isValid && !wordIsEmpty
  }

  /// The prefix up to and with dot number `depth`.
  func prefix(_ depth: Int, of name: RawSpan, seed: UInt64) -> Prefix {
    if depth < first.count { return first[depth] }
    var hash = seed, dots = 0
    for position in 0..<name.byteCount {
      hash = Self.mix(hash, name.byte(position))
      if name.byte(position) == Ascii.dot {
        if dots == depth { return Prefix(hash: hash, length: position + 1) }
        dots += 1
      }
    }
    return parent
  }

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
