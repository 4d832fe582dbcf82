// Errors as they are made: each says what was found. The catalogue has the remedy.
//
// None is inlined: it would be put together anew at each place that throws it, 8 KB of the C library in all.

internal import CShm

extension KBusError {
  // Names

  @inline(never) static func badName(_ name: MessageName, _ operation: StaticString) -> Self {
    Self(.badName, operation, "\"\(name)\" is not a name that can be used here")
  }

  @inline(never) static func nameTooLong(_ length: Int, _ operation: StaticString) -> Self {
    Self(.nameTooLong, operation, "the name has \(length) bytes; the most is \(MessageName.maximumLength)")
  }

  // Binding

  @inline(never) static func alreadyBound(_ name: MessageName, holder: UInt32) -> Self {
    Self(.alreadyBound, "bind", "Ksock \(holder) is bound as Replier to \"\(name)\"")
  }

  @inline(never) static func notBound(_ name: MessageName, isReplier: Bool) -> Self {
    Self(.notBound, "unbind", "this Ksock is not bound as \(isReplier ? "Replier" : "Listener") to \"\(name)\"")
  }

  @inline(never) static func eventNotDeliverable(_ operation: StaticString) -> Self {
    Self(.eventNotDeliverable, operation, "a listener of Replier bind events has no room for this one")
  }

  @inline(never) static func noRoomForReports(_ limit: UInt32) -> Self {
    Self(.noRoomForReports, "reportReplierBinds", "this Ksock's queue of \(limit) has no room for a report of every Replier")
  }

  // Sending

  @inline(never) static func noReplier(_ name: MessageName) -> Self { Self(.noReplier, "send", "no Replier is bound to \"\(name)\"") }

  @inline(never) static func noRequester(_ id: UInt32) -> Self {
    Self(.noRequester, "send", "Ksock \(id), whom the reply is for, is not open")
  }

  @inline(never) static func notWaitedFor(_ id: MessageID, _ to: UInt32) -> Self {
    Self(.notWaitedFor, "send", "Ksock \(to) does not wait for an answer to \(id)")
  }

  @inline(never) static func anotherReplier(_ name: MessageName, wanted: UInt32, found: UInt32) -> Self {
    Self(.anotherReplier, "send", "the request is for Ksock \(wanted), but the Replier for \"\(name)\" is Ksock \(found)")
  }

  @inline(never) static func recipientFull(_ ksock: KsockRecord, _ what: StaticString) -> Self {
    Self(
      .recipientFull, "send",
      "the queue of the \(what), Ksock \(ksock.id), is full: \(ksock.queued) queued and \(ksock.reserved) reserved, of \(ksock.maxMessages)"
    )
  }

  @inline(never) static func pending(_ reason: Self) -> Self { Self(.pending, "send", "the message waits: \(reason.explanation)") }

  @inline(never) static var alreadyPending: Self { Self(.alreadyPending, "send", "an earlier message of this Ksock is still pending") }

  @inline(never) static func noRoomForReply(_ ksock: KsockRecord) -> Self {
    Self(
      .noRoomForReply, "send",
      "this Ksock's queue has no room for the reply: \(ksock.queued) queued and \(ksock.reserved) reserved, of \(ksock.maxMessages)")
  }

  @inline(never) static var nothingToSend: Self { Self(.nothingToSend, "send", "nothing is pending in this Ksock") }

  // From C: messages in pieces, and numbers

  @inline(never) static var nothingWritten: Self { Self(.nothingToSend, "send", "no message has been written") }

  @inline(never) static var tooMuchWritten: Self { Self(.messageTooLong, "write", "bytes were written behind the end of the message") }

  @inline(never) static func wrongGuard(_ which: StaticString, _ found: UInt32) -> Self {
    badValue("write", "the \(which) guard is 0x\(hex: found)")
  }

  @inline(never) static var nothingBeingRead: Self {
    Self(.nothingBeingRead, "read", "no message is being read, or more bytes were asked for than are left of it")
  }

  @inline(never) static func notABindEvent(_ count: Int) -> Self {
    Self(.notABindEvent, "splitBindEvent", "the \(count) bytes of data are not those of a bind event")
  }

  @inline(never) static var badAddress: Self { Self(.badAddress, "call", "an argument that must not be null is") }

  @inline(never) static func notAKsock(_ number: CInt) -> Self {
    Self(.closed, "call", "\(Int(number)) is not the number of an open Ksock")
  }

  @inline(never) static func messageTooLong(_ bytes: Int, limit: Int) -> Self {
    Self(.messageTooLong, "send", "the message has an entire length of \(bytes) bytes; the bus takes \(limit)")
  }

  @inline(never) static var bothAllOrFlags: Self { Self(.bothAllOrFlags, "send", "both ALL_OR_WAIT and ALL_OR_FAIL are set") }

  @inline(never) static var notOursToAnswer: Self {
    Self(.notOursToAnswer, "reply", "this copy of the message does not ask its reader to reply")
  }

  @inline(never) static var nothingToFollow: Self {
    Self(.nothingToFollow, "request", "the earlier message is neither a Reply nor a stateful Request")
  }

  @inline(never) static func wrongMode(_ operation: StaticString, _ what: StaticString) -> Self {
    Self(.readOnly, operation, "the Ksock is not open for \(what)")
  }

  @inline(never) static func timedOut(_ operation: StaticString, _ name: MessageName) -> Self {
    Self(.timedOut, operation, "the time limit passed without an answer for \"\(name)\"")
  }

  @inline(never) static func noRoomInTime(_ operation: StaticString) -> Self {
    Self(.timedOut, operation, "the time limit passed without room for the message, which is dropped")
  }

  @inline(never) static func badValue(_ operation: StaticString, _ found: Phrase) -> Self { Self(.badValue, operation, found) }

  // The Ksock

  @inline(never) static func closed(_ operation: StaticString) -> Self { Self(.closed, operation, "the Ksock is closed") }

  @inline(never) static func forked(_ operation: StaticString) -> Self {
    Self(.forked, operation, "the Ksock belongs to the process that this one was forked from")
  }

  @inline(never) static func tooManyHeld(_ limit: Int) -> Self {
    Self(.tooManyHeld, "receive", "this Ksock holds \(limit) messages, the most it can hold at once")
  }

  // The bus file

  @inline(never) static func noSuchBus(_ number: Int, _ directory: String) -> Self {
    Self(.noSuchBus, "open", "there is no bus \(number) in \(directory)")
  }

  @inline(never) static func noSuchDevice(_ name: MessageName) -> Self {
    Self(.noSuchBus, "open", "\"\(name)\" is not the name of a bus, such as /dev/kbus0")
  }

  @inline(never) static func noDirectory(_ directory: String, _ operation: StaticString) -> Self {
    Self(.noDirectory, operation, "the directory \(directory) does not exist")
  }

  @inline(never) static func busExists(_ path: String) -> Self { Self(.busExists, "create", "\(path) exists") }

  @inline(never) static func tooManyBuses(_ number: Int) -> Self {
    Self(.tooManyBuses, "create", "buses are numbered from 0 to \(BusDirectory.mostBuses - 1); \(number) is not one of them")
  }

  /// A bus file that can't be opened: for want of permission with owner and mode.
  @inline(never) static func cannotOpen(_ path: String, _ errno: CInt) -> Self {
    if errno == CInt(CSHM_ELOOP) { return notABus(path, "it is a symbolic link") }
    guard errno == CInt(CSHM_EACCES) || errno == CInt(CSHM_EPERM), let facts = BusDirectory.facts(path) else {
      return system(errno, "open", path)
    }
    return Self(
      .noPermission, "open",
      "\(path) belongs to user \(facts.user) and group \(facts.group) with mode 0\(octal: facts.mode); this is user \(cshm_user_id())")
  }

  @inline(never) static func cannotCreate(_ path: String, _ errno: CInt) -> Self {
    guard errno == CInt(CSHM_EACCES) || errno == CInt(CSHM_EPERM) else { return system(errno, "create", path) }
    return Self(.noPermission, "create", "user \(cshm_user_id()) may not create \(path) with this mode and group")
  }

  @inline(never) static func notABus(_ path: String, _ why: StaticString) -> Self { Self(.notABus, "open", "\(path) is not a bus: \(why)") }

  @inline(never) static func wrongVersion(_ path: String, found: UInt32, expected: UInt32) -> Self {
    Self(.wrongVersion, "open", "\(path): found layout \(found), this program speaks \(expected)")
  }

  @inline(never) static func wrongFingerprint(_ path: String) -> Self {
    Self(.wrongFingerprint, "open", "\(path) was made by a program of another word size")
  }

  @inline(never) static func truncated(_ path: String, found: Int, expected: Int) -> Self {
    Self(.truncated, "open", "\(path) has \(found) bytes; the bus in it has \(expected)")
  }

  @inline(never) static func corrupt(_ invariant: Invariant, _ operation: StaticString) -> Self {
    Self(.corrupt, operation, "corrupt bus: \(invariant.number) does not hold (\(invariant.sentence))")
  }

  @inline(never) static func corruptBefore(_ operation: StaticString, _ path: String) -> Self {
    Self(.corrupt, operation, "corrupt bus: \(path) was found damaged, and is marked so")
  }

  @inline(never) static func badOption(_ option: [UInt8], _ why: Phrase) -> Self {
    Self(.badOption, "create", "\(MessageName(bytes: option)) \(why.text)")
  }

  @inline(never) static func noSpace(_ operation: StaticString, _ path: String, needed: UInt64, left: UInt64) -> Self {
    Self(.noSpace, operation, "\(path) needs \(needed) bytes more, and its file system has \(left) left")
  }

  @inline(never) static func system(_ errno: CInt, _ operation: StaticString, _ path: String) -> Self {
    Self(.system(errno), operation, "\(path): \(Machine.errorText(errno))")
  }

  // Waiting

  @inline(never) static func lockStalled(_ operation: StaticString, holder: UInt32) -> Self {
    Self(.lockStalled, operation, "thread \(holder) has held the bus lock for two seconds")
  }

  @inline(never) static func lockHeldHere(_ operation: StaticString) -> Self {
    Self(.lockHeldHere, operation, "this very thread holds the bus lock")
  }
}
