// Every error of the bus, in one place: what it means and what to do about it. docs/ERRORS.md is printed from this table,
// and `kbus errno` shows it.

/// The catalogue of errors.
public enum ErrorCatalog {
  /// One cause of failure.
  public struct Entry: Sendable {
    public let code: KBusError.Code
    /// The operations that can fail this way.
    public let operation: StaticString
    public let cause: StaticString
    public var remedy: StaticString { code.remedy }

    init(_ code: KBusError.Code, _ operation: StaticString, _ cause: StaticString) {
      self.code = code
      self.operation = operation
      self.cause = cause
    }
  }

  public static let entries: [Entry] = [
    // Names
    Entry(.badName, "bind, unbind, send", "the name breaks the grammar, or a message is sent to a wildcard"),
    Entry(.nameTooLong, "bind, unbind, send, findReplier", "the name has more than 1000 bytes"),
    // Binding
    Entry(.alreadyBound, "bind", "another binding as Replier has exactly this name"),
    Entry(.notBound, "unbind", "this Ksock has no such binding"),
    Entry(.eventNotDeliverable, "bind, unbind", "reporting is on and a listener of bind events is full: nothing was changed"),
    Entry(.noRoomForReports, "reportReplierBinds", "this Ksock's queue has no room for a report of every Replier there is"),
    // Sending
    Entry(.noReplier, "send, request", "a Request, and no Replier is bound to its name"),
    Entry(.noRequester, "send", "a Reply, and the Ksock it is for is not open"),
    Entry(.notWaitedFor, "send", "a Reply to a request that is not, or no longer, waited for"),
    Entry(.anotherReplier, "send, request", "a stateful Request, and another Ksock than the one it is for is now the Replier"),
    Entry(.recipientFull, "send", "a recipient's queue is full: nobody got the message"),
    Entry(.pending, "send", "ALL_OR_WAIT, and a recipient's queue is full: the message waits in this Ksock"),
    Entry(.alreadyPending, "send", "an earlier message of this Ksock is still pending"),
    Entry(.noRoomForReply, "send, request", "a Request, and this Ksock's queue has no room for its reply"),
    Entry(.nothingToSend, "sendPending", "nothing is pending"),
    Entry(.messageTooLong, "send, loan", "the message is longer than the bus takes"),
    Entry(.bothAllOrFlags, "send", "ALL_OR_WAIT and ALL_OR_FAIL at once"),
    Entry(.notOursToAnswer, "reply", "this copy of the message does not ask its reader to reply"),
    Entry(.nothingToFollow, "request", "a stateful request follows a Reply or an earlier stateful request, and this is neither"),
    Entry(.nothingBeingRead, "read, from C", "no message is being read, or more bytes are asked for than are left of it"),
    Entry(
      .notABindEvent, "splitBindEvent, from C", "the data of the message is shorter than a bind event, or than it claims"),
    Entry(.badAddress, "any, from C", "an argument's address is null or can't be read"),
    Entry(.readOnly, "send, receive", "the Ksock is not open for that"),
    Entry(.timedOut, "request, waitForReplier", "the time limit passed"),
    // Settings
    Entry(.badValue, "send, settings", "the value is not one of those allowed"),
    Entry(.tooManyBuses, "newBus, create", "there are 256 buses, or the number is not one from 0 to 255"),
    // The Ksock
    Entry(.closed, "any", "the Ksock is closed"),
    Entry(.forked, "any", "the Ksock was opened by this process's parent"),
    // Memory
    Entry(.poolExhausted, "any", "a pool of the bus is used up"),
    Entry(.tooManyHeld, "take", "this Ksock holds as many messages as it can at once"),
    Entry(.noSpace, "create, loan", "the file system of the bus is full"),
    // The bus file
    Entry(.noSuchBus, "open", "there is no bus with this number"),
    Entry(.noDirectory, "open, create, list", "the directory of the bus files does not exist"),
    Entry(.busExists, "create", "there is a bus with this number"),
    Entry(.noPermission, "open, create", "the bus file's owner and mode don't let this user in"),
    Entry(.notABus, "open", "the file is not a bus"),
    Entry(.wrongVersion, "open", "the bus has another layout than this program speaks"),
    Entry(.wrongFingerprint, "open", "the bus was made by a program of another word size"),
    Entry(.truncated, "open", "the file is shorter or longer than the bus it holds"),
    Entry(.corrupt, "any", "an invariant of the bus file does not hold"),
    Entry(.badOption, "create, open", "an option of a bus is not understood"),
    Entry(.system, "any", "a system call failed"),
    // Waiting
    Entry(.lockStalled, "any", "the bus lock is held by a process that does not run"),
    Entry(.lockHeldHere, "any", "this thread holds the bus lock: a signal handler interrupted a call of the bus"),
  ]
}
