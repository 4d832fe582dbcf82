// The words of the case tables, as calls on a Ksock.

import KBUSShm
import Testing

extension Ksock {
  /// "n(L)" of the tables: how many messages wait.
  var n: Int { get throws { Int(try numberOfMessages()) } }

  /// "u(R)" of the tables: how many Requests were popped and not answered.
  var u: Int { get throws { Int(try numberUnrepliedTo()) } }

  /// How many reply places are reserved: the Requests outstanding.
  var reserved: Int {
    get throws {
      let mine = try statistics().ksocks.first { $0.id == id }
      return Int(try #require(mine).outstanding)
    }
  }

  /// What select says at this moment.
  var isReadable: Bool { get throws { try wait(for: .readable, within: .zero).contains(.readable) } }
  var isWritable: Bool { get throws { try wait(for: .writable, within: .zero).contains(.writable) } }

  @discardableResult
  func announce(_ name: MessageName, _ text: String = "", flags: MessageFlags = []) throws -> MessageID {
    try send(Announcement(name, text, flags: flags))
  }

  /// Sends a Request, stateful if it is for one Ksock, and does not wait for the answer.
  @discardableResult
  func ask(_ name: MessageName, _ text: String = "", to: UInt32 = 0, flags: MessageFlags = []) throws -> MessageID {
    try send(Message(name, data: Array(text.utf8), to: to, flags: flags.union(.wantAReply)))
  }

  @discardableResult
  func answer(_ request: Message, _ text: String = "", flags: MessageFlags = []) throws -> MessageID {
    try send(Reply(to: request, text, flags: flags))
  }

  /// The next message, which must be there.
  func read(sourceLocation: SourceLocation = #_sourceLocation) throws -> Message {
    try #require(try receive(), "nothing to read", sourceLocation: sourceLocation)
  }

  @discardableResult
  func readAll() throws -> [Message] {
    var messages: [Message] = []
    while let message = try receive() { messages.append(message) }
    return messages
  }

  struct NothingToPop: Error {}

  /// Pops the next message, which must be there, to be read in place.
  func pop() throws -> ReceivedMessage {
    guard let message = try take() else { throw NothingToPop() }
    return message
  }

  /// Pops a message without reading a byte of it; `false` if there is none.
  @discardableResult
  func skip() throws -> Bool {
    guard let message = try take() else { return false }
    message.release()
    return true
  }

  /// Reads the next message, which must be this Status, with all its fields as the bus has to set them.
  @discardableResult
  func readStatus(
    _ name: MessageName, from: UInt32, answering request: MessageID, sourceLocation: SourceLocation = #_sourceLocation
  ) throws -> Message {
    let status = try read(sourceLocation: sourceLocation)
    #expect(status.name == name, sourceLocation: sourceLocation)
    #expect(status.from == from, sourceLocation: sourceLocation)
    #expect(status.inReplyTo == request, sourceLocation: sourceLocation)
    #expect(status.to == id, sourceLocation: sourceLocation)
    #expect(status.flags == .synthetic, sourceLocation: sourceLocation)
    #expect(status.data.isEmpty, sourceLocation: sourceLocation)
    #expect(status.origFrom.isNone && status.finalTo.isNone, sourceLocation: sourceLocation)
    #expect(status.id.network == 0 && status.id.serial != 0, sourceLocation: sourceLocation)
    #expect(status.kind == .status, sourceLocation: sourceLocation)
    return status
  }

  /// Reads the next message, which must report this bind or unbind, with all its fields as the bus has to set them.
  @discardableResult
  func readEvent(
    isBind: Bool, of binder: Ksock, _ name: MessageName, sourceLocation: SourceLocation = #_sourceLocation
  ) throws -> Message {
    let event = try read(sourceLocation: sourceLocation)
    #expect(event.name == "$.KBUS.ReplierBindEvent", sourceLocation: sourceLocation)
    #expect(
      ReplierBindEvent(data: event.data) == ReplierBindEvent(isBind: isBind, binder: binder.id, name: name),
      sourceLocation: sourceLocation)
    #expect(event.flags == [.synthetic, .allOrFail], sourceLocation: sourceLocation)
    #expect(event.from == 0 && event.to == 0 && event.inReplyTo.isNone, sourceLocation: sourceLocation)
    #expect(event.origFrom.isNone && event.finalTo.isNone, sourceLocation: sourceLocation)
    #expect(event.id.network == 0 && event.id.serial != 0, sourceLocation: sourceLocation)
    return event
  }
}

extension Ksock {
  /// A message laid out in place and not yet sent.
  func write(_ message: some OutgoingMessage, _ data: [UInt8]) throws -> LoanedMessage {
    var loan = try loan(message, bytes: data.count)
    var bytes = loan.bytes
    for (offset, byte) in data.enumerated() { bytes.storeBytes(of: byte, toByteOffset: offset, as: UInt8.self) }
    return loan
  }
}
