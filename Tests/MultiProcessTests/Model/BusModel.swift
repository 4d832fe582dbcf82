// The bus as the specification has it, in plain arrays: no shared memory, no processes, no cleverness. Whatever the real bus
// does is compared with this.
//
// Written from the specification alone; the number behind each step is the section that asks for it. Where that leaves a
// choice, the model has one, and says so ("Choice:").

import KBUSShm

/// What the bus refuses, with the symbol of the errno.
struct Refused: Error {
  let errno: String

  init(_ errno: String) { self.errno = errno }
}

/// A whole bus.
struct BusModel {
  struct Binding: Equatable {
    /// Tells this binding from others just like it.
    let number: Int
    let ksock: UInt32
    let isReplier: Bool
    let name: String
  }

  /// A copy in a queue, and the binding that brought it there, if one did.
  struct Copy {
    var message: Message
    var binding: Int?
  }

  struct OpenKsock {
    let id: UInt32
    let mode: Ksock.Mode
    let pid: Int32
    var last = MessageID.none
    var queue: [Copy] = []
    var max: UInt32 = 100
    var wantsOnce = false
    var justPushed = MessageID.none
    var pending: Message?
    /// Requests sent that reached a replier and have no answer yet.
    var outstanding: [MessageID] = []
    /// Requests popped as their replier and not answered, in the order in which they were popped.
    var unreplied: [Message] = []
    /// Whether it was told that events were lost, and has had no real one since (16.4).
    var knowsOfLoss = false
  }

  /// An event that waits for room: for whom, because of which binding (none: `UnbindEventsLost`).
  struct SetAside {
    let ksock: UInt32
    let copy: Copy
  }

  // State of section 1.
  var lastKsock: UInt32 = 0
  var lastSerial: UInt32 = 0
  /// Newest first, both.
  var ksocks: [OpenKsock] = []
  var bindings: [Binding] = []
  var isVerbose = false
  var reportsBinds = false
  var maxMessageSize: Int
  let absoluteMaxMessageSize: Int
  var setAside: [SetAside] = []
  var isTragic = false
  private var bindingsMade = 0

  init(absoluteMaxMessageSize: Int) {
    self.absoluteMaxMessageSize = absoluteMaxMessageSize
    maxMessageSize = absoluteMaxMessageSize
  }

  /// An open Ksock by its id. To ask for one that isn't open is a mistake of the model.
  subscript(id: UInt32) -> OpenKsock {
    get { ksocks[index(of: id)] }
    set { ksocks[index(of: id)] = newValue }
  }

  private func index(of id: UInt32) -> Int {
    guard let index = ksocks.firstIndex(where: { $0.id == id }) else { fatalError("the model has no Ksock \(id)") }
    return index
  }

  func isOpen(_ id: UInt32) -> Bool { ksocks.contains { $0.id == id } }

  mutating func nextID() -> MessageID {
    lastSerial += 1
    return MessageID(serial: lastSerial)
  }

  mutating func newBindingNumber() -> Int {
    bindingsMade += 1
    return bindingsMade
  }

  // MARK: Opening and asking

  mutating func open(_ mode: Ksock.Mode, pid: Int32) -> UInt32 {
    lastKsock += 1
    ksocks.insert(OpenKsock(id: lastKsock, mode: mode, pid: pid), at: 0)
    return lastKsock
  }

  mutating func setMaxMessages(_ id: UInt32, _ count: UInt32) -> UInt32 {  // 9.5
    if count != 0 { self[id].max = count }
    return self[id].max
  }

  func numberOfMessages(_ id: UInt32) -> Int { self[id].queue.count + numberSetAside(id) }  // 9.5

  mutating func setMaxMessageSize(_ bytes: Int) throws(Refused) -> Int {  // 18
    switch bytes {
    case 0: return maxMessageSize
    case 1: return absoluteMaxMessageSize
    case 100...absoluteMaxMessageSize:
      maxMessageSize = bytes
      return bytes
    default: throw Refused("EINVAL")
    }
  }

  // MARK: Receiving (13.1)

  mutating func receive(_ id: UInt32) throws(Refused) -> Message? {
    guard self[id].mode != .writeOnly else { throw Refused("EBADF") }
    if self[id].queue.isEmpty { moveOneSetAside(id) }  // 16.4, D-4
    guard !self[id].queue.isEmpty else { return nil }
    let message = self[id].queue.removeFirst().message
    if message.wantsUsToReply { self[id].unreplied.append(message) }
    moveOneSetAside(id)
    return message
  }

  // MARK: Queues (9.1)

  /// `isFull` with one place less reserved: the reply is about to use that place.
  func isFullForReply(_ id: UInt32) -> Bool { self[id].queue.count + self[id].outstanding.count - 1 >= Int(self[id].max) }

  func isFull(_ id: UInt32) -> Bool { self[id].queue.count + self[id].outstanding.count >= Int(self[id].max) }

  enum Role {
    case requester, replier, listener
  }

  /// Puts a copy on a queue (8, 17).
  mutating func push(_ message: Message, to id: UInt32, as role: Role, binding: Int?) {
    guard let copy = accept(message, id, role, binding) else { return }
    self[id].queue.append(copy)
  }

  /// Puts a copy in front of a queue, behind those of the same send (9.4, 17).
  ///
  /// Choice: D-10 wants the marked copy of an urgent request in front of the others; so all copies of one send stand in the
  /// order that they would have at the back.
  mutating func pushUrgent(_ message: Message, to id: UInt32, as role: Role, binding: Int?, behind: inout [UInt32]) {
    guard let copy = accept(message, id, role, binding) else { return }
    self[id].queue.insert(copy, at: behind.count { $0 == id })
    behind.append(id)
  }

  private mutating func accept(_ message: Message, _ id: UInt32, _ role: Role, _ binding: Int?) -> Copy? {
    var message = message
    if role == .replier { message.flags.insert(.wantYouToReply) } else { message.flags.remove(.wantYouToReply) }
    if role == .listener, self[id].wantsOnce, self[id].justPushed == message.id { return nil }
    self[id].justPushed = message.id
    return Copy(message: message, binding: binding)
  }
}

extension BusModel.OpenKsock: CustomStringConvertible {
  /// What one wants to see when the bus disagrees.
  var description: String {
    let copies = queue.prefix(12).map { "\($0.message.id)\($0.message.wantsUsToReply ? " YOU" : "")" }
    return "\(id) queue \(queue.count)/\(max) \(copies), outstanding \(outstanding), unreplied \(unreplied.map(\.id))"
      + (pending.map { ", pending \($0.id)" } ?? "") + (wantsOnce ? ", once" : "")
  }
}
