/// The flags of a message header.
///
/// **Source:** KBUS specification, section 5. Bits 16 to 31 belong to users; the bus never touches them.
public struct MessageFlags: OptionSet, Sendable, BitwiseCopyable {
  public let rawValue: UInt32

  public init(rawValue: UInt32) { self.rawValue = rawValue }

  /// The message is a Request.
  public static let wantAReply = MessageFlags(rawValue: 1 << 0)
  /// Set by the bus on one copy of a Request: its recipient is the Replier and owes the Reply.
  public static let wantYouToReply = MessageFlags(rawValue: 1 << 1)
  /// Set by the bus on the messages that it makes itself.
  public static let synthetic = MessageFlags(rawValue: 1 << 2)
  /// The message goes to the front of every recipient's queue.
  public static let urgent = MessageFlags(rawValue: 1 << 3)
  /// If any recipient is full, nobody gets the message and it stays pending in the sender.
  public static let allOrWait = MessageFlags(rawValue: 1 << 8)
  /// If any recipient is full, nobody gets the message and the send fails with EBUSY.
  public static let allOrFail = MessageFlags(rawValue: 1 << 9)

  /// The flags with a name, in the order in which the original prints them.
  public static let named: [(flag: MessageFlags, mnemonic: StaticString)] = [
    (.wantAReply, "REQ"), (.wantYouToReply, "YOU"), (.synthetic, "SYN"), (.urgent, "URG"), (.allOrFail, "aFL"),
    (.allOrWait, "aWT"),
  ]
}

#if !hasFeature(Embedded)
  extension MessageFlags: Hashable {}
#endif
