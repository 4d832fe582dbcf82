// Sections 8 and 10 to 12: what is sent, who receives it, and what waits.

import KBUSShm

extension BusModel {
  // MARK: Names (2)

  static func isValid(_ name: String, wildcardAllowed: Bool) -> Bool {
    guard name.hasPrefix("$.") else { return false }
    var words = name.dropFirst(2).split(separator: ".", omittingEmptySubsequences: false)
    if wildcardAllowed, words.last == "*" || words.last == "%" {
      words.removeLast()
    }
    if words.isEmpty { return wildcardAllowed }
    return words.allSatisfy { !$0.isEmpty && $0.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber) } }
  }

  static func matches(_ binding: String, _ name: String) -> Bool {
    guard binding.hasSuffix("*") || binding.hasSuffix("%") else { return binding == name }
    let prefix = binding.dropLast()
    guard name.hasPrefix(prefix), name.count > prefix.count else { return false }
    return binding.hasSuffix("*") || !name.dropFirst(prefix.count).contains(".")
  }

  func listeners(to name: String) -> [Binding] { bindings.filter { !$0.isReplier && Self.matches($0.name, name) } }

  /// Section 8: a plain name beats `%`, which beats `*`; among several `*` the most recently bound.
  func replier(for name: String) -> Binding? {
    let candidates = bindings.filter { $0.isReplier && Self.matches($0.name, name) }
    return candidates.first { $0.name == name } ?? candidates.first { $0.name.hasSuffix("%") } ?? candidates.first
  }

  // MARK: Sending

  /// Write, then SEND.
  mutating func send(_ id: UInt32, _ message: Message) throws(Refused) -> MessageID {
    guard self[id].mode != .readOnly else { throw Refused("EBADF") }  // 20
    guard self[id].pending == nil else { throw Refused("EALREADY") }  // 10.3
    try checkHeader(message)
    return try transmit(id, message, .first)
  }

  func checkHeader(_ message: Message) throws(Refused) {  // 10.3
    let length = message.name.bytes.count
    guard length > 0 else { throw Refused("EINVAL") }
    guard length <= 1000 else { throw Refused("ENAMETOOLONG") }
    guard !message.flags.isSuperset(of: [.allOrWait, .allOrFail]) else { throw Refused("EINVAL") }
    guard Self.entireLength(message) <= maxMessageSize else { throw Refused("EMSGSIZE") }
  }

  /// SEND once more.
  mutating func sendPending(_ id: UInt32) throws(Refused) -> MessageID {
    guard let message = self[id].pending else { throw Refused("ENOMSG") }
    return try transmit(id, message, .again)
  }

  /// A poll tries what is pending, and makes a status of what has failed for good (12.2).
  mutating func poll(_ id: UInt32) {
    guard let message = self[id].pending else { return }
    do throws(Refused) {
      _ = try transmit(id, message, .polled)
    } catch {
      guard self[id].pending == nil, message.isRequest else { return }
      status(error.errno == "EADDRNOTAVAIL" ? "Replier.Disappeared" : "ErrorSending", about: message, from: 0)
    }
  }

  /// What poll says (19).
  mutating func readiness(_ id: UInt32) -> (readable: Bool, writable: Bool) {
    poll(id)
    return (numberOfMessages(id) > 0, self[id].mode != .readOnly && self[id].pending == nil)
  }

  private enum Attempt {
    case first, again, polled
  }

  /// Section 11 from step 3 on. Pending again if it throws EAGAIN; gone after any other error.
  private mutating func transmit(_ id: UInt32, _ written: Message, _ attempt: Attempt) throws(Refused) -> MessageID {
    var message = written
    self[id].pending = nil
    let name = message.name.description
    if attempt != .polled {
      guard Self.isValid(name, wildcardAllowed: false) else { throw Refused("EBADMSG") }  // 4
      if message.isRequest, isFull(id) { throw Refused("ENOLCK") }  // 5
    }
    if attempt == .first {  // 3, 6
      message.flags.remove(.synthetic)
      message.from = id
      if message.id.network == 0 { message.id = nextID() }
    }
    self[id].last = message.id

    let replier = message.isRequest ? replier(for: name) : nil
    if message.isRequest, replier == nil { throw Refused("EADDRNOTAVAIL") }  // 7
    let requester = message.isReply ? message.to : nil
    if let requester {
      guard isOpen(requester) else { throw Refused("EADDRNOTAVAIL") }  // 8
      guard self[requester].outstanding.contains(message.inReplyTo) else { throw Refused("ECONNREFUSED") }  // 9
      if isFullForReply(requester) { throw full(id, message) }  // 10
    }
    if let replier {
      guard message.to == 0 || message.to == replier.ksock else { throw Refused("EPIPE") }  // 11
      if isFull(replier.ksock) { throw full(id, message) }  // 12
    }
    let matching = listeners(to: name)
    let withRoom = matching.filter { !isFull($0.ksock) }
    if withRoom.count < matching.count, message.flags.contains(.allOrWait) || message.flags.contains(.allOrFail) {  // 13
      throw full(id, message)
    }

    deliver(message, to: requester, replier, withRoom)
    return message.id
  }

  private mutating func deliver(_ message: Message, to requester: UInt32?, _ replier: Binding?, _ listeners: [Binding]) {  // 14
    var recipients: [(ksock: UInt32, role: Role, binding: Int?)] = []
    if let requester { recipients.append((requester, .requester, nil)) }
    if let replier { recipients.append((replier.ksock, .replier, replier.number)) }
    recipients += listeners.map { ($0.ksock, .listener, $0.number) }
    var urgent: [UInt32] = []
    for (ksock, role, binding) in recipients {
      if message.isUrgent {
        pushUrgent(message, to: ksock, as: role, binding: binding, behind: &urgent)
      } else {
        push(message, to: ksock, as: role, binding: binding)
      }
    }
    let sender = message.from
    if let requester {
      self[requester].outstanding.removeFirst(message.inReplyTo)
      if let answered = self[sender].unreplied.firstIndex(where: { $0.id == message.inReplyTo && $0.from == requester }) {
        self[sender].unreplied.remove(at: answered)
      }
    }
    if replier != nil { self[sender].outstanding.append(message.id) }
  }

  /// Somebody has no room: the message waits or is lost, as it wishes.
  private mutating func full(_ id: UInt32, _ message: Message) -> Refused {
    guard message.flags.contains(.allOrWait) else { return Refused("EBUSY") }
    self[id].pending = message
    return Refused("EAGAIN")
  }

  /// Gives up waiting for the answer to a Request: the place reserved for it is free, and a late reply is refused.
  mutating func forget(_ request: MessageID, of id: UInt32) { self[id].outstanding.removeFirst(request) }

  // MARK: Statuses (14)

  /// The answer of the bus in place of the replier, if the requester still waits for one (D-5).
  mutating func answer(_ request: Message, _ name: String, from replier: UInt32) {
    guard isOpen(request.from), self[request.from].outstanding.contains(request.id) else { return }
    self[request.from].outstanding.removeFirst(request.id)
    status(name, about: request, from: replier)
  }

  private mutating func status(_ name: String, about request: Message, from: UInt32) {
    let message = Message(
      "$.KBUS.\(name)", to: request.from, from: from, inReplyTo: request.id, flags: .synthetic, id: nextID())
    push(message, to: request.from, as: .requester, binding: nil)
  }

  /// Section 18, on a 64-bit system.
  private static func entireLength(_ message: Message) -> Int {
    88 + 4 * ((message.name.bytes.count + 4) / 4) + 4 * ((message.data.count + 3) / 4) + 4
  }
}

extension Array where Element: Equatable {
  fileprivate mutating func removeFirst(_ element: Element) {
    if let index = firstIndex(of: element) { remove(at: index) }
  }
}
