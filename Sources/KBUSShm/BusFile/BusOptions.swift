/// How big a bus is to be, and who may use it: the options of `kbus create` and of `$KBUS_CREATE`.
///
/// All memory that the bus needs to work is reserved when it is made; payload memory only when first used.
public struct BusOptions: Sendable {
  /// The largest message in bytes, entire length (name, data and header). Nil: what the largest slot class holds.
  public var maxMessageSize: Int?
  /// Ksocks open at once.
  public var maxKsocks = 1024
  public var maxBindings = 10_000
  /// Requests without an answer yet.
  public var maxRequests = 4096
  /// Access bits of the bus file; the umask does not apply.
  public var mode: UInt32 = 0o600
  /// The group of the bus file; nil: the creator's.
  public var group: UInt32?
  /// The size classes of slots: how many messages with up to so many bytes of payload the bus holds at once.
  public var slots: [SlotClass] = Self.defaultSlots

  /// One size class.
  public struct SlotClass: Sendable, Equatable {
    public var bytes: Int
    public var count: Int

    public init(bytes: Int, count: Int) {
      self.bytes = bytes
      self.count = count
    }
  }

  /// Control messages by the thousand, and a dozen frames of 4K video (3840 x 2160 NV12: 12,441,600 bytes).
  public static let defaultSlots = [
    SlotClass(bytes: 256, count: 4096), SlotClass(bytes: 4096, count: 768), SlotClass(bytes: 65_536, count: 128),
    SlotClass(bytes: 1 << 20, count: 24), SlotClass(bytes: 12_441_600, count: 12),
  ]

  public init() {}

  /// Reads options as they stand on a command line: `--max-message-size 409600 --max-ksocks 2048`.
  ///
  /// **Errors:** `badOption` naming the word that is not understood.
  public init(parsing text: String) throws(KBusError) {
    let words = Self.words(text.bytes)
    var next = words.startIndex
    var chosen: [SlotClass] = []
    while next < words.endIndex {
      var option = words[next]
      next += 1
      var value: [UInt8]?
      if let equals = option.firstIndex(of: Ascii.equals) {
        value = Array(option[(equals + 1)...])
        option = Array(option[..<equals])
      } else if next < words.endIndex {
        value = words[next]
        next += 1
      }
      guard let value, !value.isEmpty else { throw .badOption(option, "needs a value") }
      try set(option, to: value, slots: &chosen)
    }
    if !chosen.isEmpty { slots = chosen }
  }

  private static func words(_ text: [UInt8]) -> [[UInt8]] {
    var words: [[UInt8]] = [[]]
    for byte in text {
      if byte == Ascii.space || byte == Ascii.tab || byte == Ascii.newline {
        words.append([])
      } else {
        words[words.count - 1].append(byte)
      }
    }
    return words.filter { !$0.isEmpty }
  }

  private mutating func set(_ option: [UInt8], to value: [UInt8], slots: inout [SlotClass]) throws(KBusError) {
    if option == Self.word("--mode") {
      mode = UInt32(try Self.number(value, option, radix: 8, 0...0o777))
    } else if option == Self.word("--group") {
      group = try Self.group(value)
    } else if option == Self.word("--max-message-size") {
      maxMessageSize = try Self.number(value, option, 0...Geometry.largestPayload)
    } else if option == Self.word("--max-ksocks") {
      maxKsocks = try Self.number(value, option, 0...Int(UInt32.max))
    } else if option == Self.word("--max-bindings") {
      maxBindings = try Self.number(value, option, 0...Int(UInt32.max))
    } else if option == Self.word("--max-requests") {
      maxRequests = try Self.number(value, option, 0...Int(UInt32.max))
    } else if option == Self.word("--slots") {
      guard let colon = value.firstIndex(of: Ascii.colon) else { throw .badOption(value, "is not BYTES:COUNT") }
      let bytes = try Self.number(Array(value[..<colon]), option, 1...Geometry.largestPayload)
      let count = try Self.number(Array(value[(colon + 1)...]), option, 1...Geometry.mostSlots)
      slots.append(SlotClass(bytes: bytes, count: count))
    } else {
      throw .badOption(option, "is not an option of a bus")
    }
  }

  private static func word(_ text: StaticString) -> [UInt8] { text.description.bytes }

  private static func number(
    _ digits: [UInt8], _ option: [UInt8], radix: Int = 10, _ range: ClosedRange<Int>
  ) throws(KBusError) -> Int {
    var number = 0
    for digit in digits {
      let value = Int(digit) - 0x30
      guard value >= 0, value < radix, number <= Int.max / 16 else {
        throw .badOption(option, "takes a number, not \"\(String(bytes: digits))\"")
      }
      number = number * radix + value
    }
    guard !digits.isEmpty, range.contains(number) else {
      throw .badOption(option, "takes a number from \(range.lowerBound) to \(range.upperBound)")
    }
    return number
  }

  private static func group(_ value: [UInt8]) throws(KBusError) -> UInt32 {
    if value.allSatisfy({ $0 >= 0x30 && $0 <= 0x39 }) { return UInt32(try number(value, word("--group"), 0...Int(UInt32.max) - 1)) }
    guard let group = Machine.group(named: String(bytes: value)) else {
      throw .badOption(value, "is not a group of this machine")
    }
    return group
  }
}
