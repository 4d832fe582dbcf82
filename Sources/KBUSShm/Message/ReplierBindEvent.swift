/// The content of a `$.KBUS.ReplierBindEvent`: somebody bound or unbound as Replier.
///
/// **Shape:** host byte order, packed: is_bind, binder, name_len (each 4 bytes), then the name, zero-terminated and
/// padded to 4 bytes. **Source:** KBUS specification, section 16.2.
public struct ReplierBindEvent: Sendable, Equatable {
  public var isBind: Bool
  /// The Ksock id of the Replier.
  public var binder: UInt32
  public var name: MessageName

  public init(isBind: Bool, binder: UInt32, name: MessageName) {
    self.isBind = isBind
    self.binder = binder
    self.name = name
  }

  /// Reads the event out of a message's payload; `nil` if the payload is not one.
  public init?(data: [UInt8]) {
    guard data.count >= Self.headerBytes else { return nil }
    let length = Int(Self.word(data, at: 8))
    guard length <= MessageName.maximumLength, data.count >= Self.headerBytes + length else { return nil }
    isBind = Self.word(data, at: 0) != 0
    binder = Self.word(data, at: 4)
    name = MessageName(bytes: Array(data[Self.headerBytes..<(Self.headerBytes + length)]))
  }

  /// The payload that carries this event.
  public var data: [UInt8] {
    var data: [UInt8] = []
    data.reserveCapacity(Self.byteCount(nameLength: name.bytes.count))
    for word in [isBind ? 1 : 0, binder, UInt32(name.bytes.count)] {
      for byte in 0..<4 { data.append(UInt8(truncatingIfNeeded: word >> UInt32(Self.shift(byte)))) }
    }
    data.append(contentsOf: name.bytes)
    while data.count < Self.byteCount(nameLength: name.bytes.count) { data.append(0) }
    return data
  }

  static let headerBytes = 12

  static func byteCount(nameLength: Int) -> Int { headerBytes + MessageSize.padded(nameLength: nameLength) }

  private static func word(_ data: [UInt8], at offset: Int) -> UInt32 {
    var word: UInt32 = 0
    for byte in 0..<4 { word |= UInt32(data[offset + byte]) << UInt32(shift(byte)) }
    return word
  }

  /// How far the byte at this place in a word is shifted, in the byte order of this machine.
  private static func shift(_ byte: Int) -> Int { 1.littleEndian == 1 ? byte * 8 : (3 - byte) * 8 }
}

/// How long a message is "entire", the measure in which the size limit of a bus is given.
///
/// **Source:** KBUS specification, section 18.
public enum MessageSize {
  /// The header: 88 bytes where a pointer has 8, 72 where it has 4.
  static let header = MemoryLayout<UInt>.size == 8 ? 88 : 72

  static func padded(nameLength: Int) -> Int { (nameLength + 4) / 4 * 4 }

  static func padded(dataLength: Int) -> Int { (dataLength + 3) / 4 * 4 }

  /// No less than what the entire length of a message with a name of this length has beside its data.
  @inline(__always) static func largest(nameLength: Int) -> Int { header &+ nameLength &+ 4 &+ 3 &+ 4 }

  /// The entire length, in bytes, of a message with this many bytes of name and data.
  public static func entire(nameLength: Int, dataLength: Int) -> Int {
    header + padded(nameLength: nameLength) + padded(dataLength: dataLength) + 4
  }
}
