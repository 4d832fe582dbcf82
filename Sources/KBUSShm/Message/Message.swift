/// A message: an ordinary value that owns its bytes.
///
/// What a receiver reads in place, without a copy, is a `ReceivedMessage`; this type is for control messages, where a
/// copy of a few bytes is cheaper than thinking about its life.
///
/// **Threads:** a value; safe from any thread. **Source:** KBUS specification, sections 4 to 6.
public struct Message: Sendable, Equatable {
  public var name: MessageName
  /// The payload, in bytes; empty if there is none.
  public var data: [UInt8]
  /// The id; `none` until the message is sent.
  public var id: MessageID
  /// The id of the Request that this message answers; `none` if it is not a Reply.
  public var inReplyTo: MessageID
  /// The Ksock id of the one recipient meant: in a Reply the requester, in a stateful Request the Replier, else 0.
  public var to: UInt32
  /// The Ksock id of the sender; the bus fills it in.
  public var from: UInt32
  /// For limpets: where the message came from, and where it is to end.
  public var origFrom: Origin
  public var finalTo: Origin
  public var flags: MessageFlags

  public init(
    _ name: MessageName, data: [UInt8] = [], to: UInt32 = 0, from: UInt32 = 0, origFrom: Origin = .none,
    finalTo: Origin = .none, inReplyTo: MessageID = .none, flags: MessageFlags = [], id: MessageID = .none
  ) {
    self.name = name
    self.data = data
    self.id = id
    self.inReplyTo = inReplyTo
    self.to = to
    self.from = from
    self.origFrom = origFrom
    self.finalTo = finalTo
    self.flags = flags
  }

  /// The payload as text; bytes that are not UTF-8 become replacement characters.
  public var text: String { String(decoding: data, as: UTF8.self) }
}

/// What a message is, deduced from its header.
///
/// **Source:** KBUS specification, section 6.
public enum MessageKind: UInt8, Sendable {
  case announcement, request, reply
  /// A Reply made up by the bus: its name starts with `$.KBUS.`.
  case status
  /// An Announcement by the bus that a Replier was bound or unbound.
  case replierBindEvent
}

extension Message {
  public var isReply: Bool { !inReplyTo.isNone }
  public var isRequest: Bool { flags.contains(.wantAReply) }
  public var isStatefulRequest: Bool { isRequest && to != 0 }
  /// Whether the reader of this copy is the Replier and owes the Reply.
  public var wantsUsToReply: Bool { flags.contains(.wantYouToReply) }
  public var isSynthetic: Bool { flags.contains(.synthetic) }
  public var isUrgent: Bool { flags.contains(.urgent) }
  /// Whether this is a Reply by the bus in place of the Replier.
  public var isStatus: Bool { kind == .status }

  public var kind: MessageKind {
    if isReply { return name.bytes.starts(with: BusName.prefix.bytes) ? .status : .reply }
    if isRequest { return .request }
    return name == BusName.replierBindEvent ? .replierBindEvent : .announcement
  }

  /// Whether both say the same to the same recipient: name, data and `to`. Ids, sender and flags don't count.
  public func isEquivalent(to other: Message) -> Bool { to == other.to && name == other.name && data == other.data }
}

/// The names that the bus gives to its own messages.
public enum BusName {
  static let prefix: MessageName = "$.KBUS."
  public static let goneAway: MessageName = "$.KBUS.Replier.GoneAway"
  public static let ignored: MessageName = "$.KBUS.Replier.Ignored"
  public static let unbound: MessageName = "$.KBUS.Replier.Unbound"
  public static let disappeared: MessageName = "$.KBUS.Replier.Disappeared"
  public static let errorSending: MessageName = "$.KBUS.ErrorSending"
  public static let replierBindEvent: MessageName = "$.KBUS.ReplierBindEvent"
  public static let unbindEventsLost: MessageName = "$.KBUS.UnbindEventsLost"
}
