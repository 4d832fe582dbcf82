/// Anything that can be given to `Ksock.send`.
public protocol OutgoingMessage: Sendable {
  var message: Message { get }
}

extension Message: OutgoingMessage {
  public var message: Message { self }
}

/// A message for whoever is listening.
public struct Announcement: OutgoingMessage {
  public var message: Message

  public init(_ name: MessageName, _ data: [UInt8] = [], flags: MessageFlags = []) {
    message = Message(name, data: data, flags: flags)
  }

  public init(_ name: MessageName, _ text: String, flags: MessageFlags = []) {
    self.init(name, text.bytes, flags: flags)
  }
}

/// A message that exactly one Replier must answer. The sender receives exactly one Reply or Status for it.
public struct Request: OutgoingMessage {
  public var message: Message

  public init(_ name: MessageName, _ data: [UInt8] = [], flags: MessageFlags = []) {
    message = Message(name, data: data, flags: flags.union(.wantAReply))
  }

  public init(_ name: MessageName, _ text: String, flags: MessageFlags = []) {
    self.init(name, text.bytes, flags: flags)
  }

  /// A stateful Request: only the Ksock that sent `earlier` (a Reply), or that `earlier` was meant for (a stateful
  /// Request), may take it. If another Replier has taken that one's place the send fails with EPIPE.
  ///
  /// **Errors:** EBADMSG if `earlier` is neither a Reply nor a stateful Request.
  public init(
    following earlier: Message, _ name: MessageName, _ data: [UInt8] = [], flags: MessageFlags = []
  ) throws(KBusError) {
    self.init(name, data, flags: flags)
    if earlier.isReply {
      message.to = earlier.from
      message.finalTo = earlier.origFrom
    } else if earlier.isStatefulRequest {
      message.to = earlier.to
      message.finalTo = earlier.finalTo
    } else {
      throw .nothingToFollow
    }
  }

  public init(
    following earlier: Message, _ name: MessageName, _ text: String, flags: MessageFlags = []
  ) throws(KBusError) {
    try self.init(following: earlier, name, text.bytes, flags: flags)
  }
}

/// The answer to a Request.
public struct Reply: OutgoingMessage {
  public var message: Message

  /// Builds the Reply to `request`: same name, addressed to its sender.
  ///
  /// **Errors:** EBADMSG unless `request` is the copy that asks its reader to reply.
  public init(to request: Message, _ data: [UInt8] = [], flags: MessageFlags = []) throws(KBusError) {
    guard request.isRequest, request.wantsUsToReply else { throw .notOursToAnswer }
    message = Message(request.name, data: data, to: request.from, inReplyTo: request.id, flags: flags)
  }

  public init(to request: Message, _ text: String, flags: MessageFlags = []) throws(KBusError) {
    try self.init(to: request, text.bytes, flags: flags)
  }
}
