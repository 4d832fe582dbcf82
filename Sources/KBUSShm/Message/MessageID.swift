/// The identity of a message: a network and a serial number.
///
/// `{0, 0}` means "no id". The bus gives a message sent with network 0 the next serial of the bus; an id with another
/// network passes through untouched (a limpet relays messages that way).
///
/// **Source:** KBUS specification, section 3.
public struct MessageID: Sendable, BitwiseCopyable, Equatable, Comparable {
  public var network: UInt32
  public var serial: UInt32

  /// The id `{0, 0}`: no id at all.
  public static let none = MessageID(network: 0, serial: 0)

  public init(network: UInt32 = 0, serial: UInt32) {
    self.network = network
    self.serial = serial
  }

  public var isNone: Bool { network == 0 && serial == 0 }

  public static func < (left: MessageID, right: MessageID) -> Bool { left.word < right.word }

  /// Both parts in one word, as the bus file holds them.
  var word: UInt64 { UInt64(network) << 32 | UInt64(serial) }

  init(word: UInt64) { self.init(network: UInt32(truncatingIfNeeded: word >> 32), serial: UInt32(truncatingIfNeeded: word)) }
}

/// Who sent a message on another bus, as limpets record it: a network and a Ksock id there. `{0, 0}` means "not used".
public struct Origin: Sendable, Equatable {
  public var network: UInt32
  public var local: UInt32

  public static let none = Origin(network: 0, local: 0)

  public init(network: UInt32, local: UInt32) {
    self.network = network
    self.local = local
  }

  public var isNone: Bool { network == 0 && local == 0 }

  var word: UInt64 { UInt64(network) << 32 | UInt64(local) }

  init(word: UInt64) { self.init(network: UInt32(truncatingIfNeeded: word >> 32), local: UInt32(truncatingIfNeeded: word)) }
}

#if !hasFeature(Embedded)
  // Hashing would bring the C library a random generator that older systems lack.
  extension MessageID: Hashable {}
  extension Origin: Hashable {}
#endif
