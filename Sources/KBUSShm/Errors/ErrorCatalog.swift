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
    public let remedy: StaticString

    init(_ code: KBusError.Code, _ operation: StaticString, _ cause: StaticString, _ remedy: StaticString) {
      self.code = code
      self.operation = operation
      self.cause = cause
      self.remedy = remedy
    }
  }

  public static var entries: [Entry] {
    [
      // Names
      Entry(
        .badName, "bind, unbind, send", "the name breaks the grammar, or a message is sent to a wildcard",
        "A name is `$.` and words of ASCII letters and digits, parted by dots; only bindings may end in `*` or `%`."),
      Entry(.nameTooLong, "bind, unbind, send, findReplier", "the name has more than 1000 bytes", "Use a shorter name."),
      // Binding
      Entry(
        .alreadyBound, "bind", "another binding as Replier has exactly this name",
        "One name has one Replier: unbind the other, or wait until it closes."),
      Entry(.notBound, "unbind", "this Ksock has no such binding", "Unbind what was bound, to the letter, and of the same kind."),
      Entry(
        .eventNotDeliverable, "bind, unbind", "reporting is on and a listener of bind events is full: nothing was changed",
        "Try again when the listener has read, or give it a larger queue."),
      Entry(
        .noRoomForReports, "reportReplierBinds", "this Ksock's queue has no room for a report of every Replier there is",
        "Raise its maximum, or read the reports queued so far. Reporting is on all the same."),
      // Sending
      Entry(
        .noReplier, "send, request", "a Request, and no Replier is bound to its name",
        "Start the service, wait for it with waitForReplier, or send an Announcement."),
      Entry(.noRequester, "send", "a Reply, and the Ksock it is for is not open", "Forget the request: nobody waits for this reply."),
      Entry(
        .notWaitedFor, "send", "a Reply to a request that is not, or no longer, waited for",
        "Forget the request: it was answered already, or its time ran out."),
      Entry(
        .anotherReplier, "send, request", "a stateful Request, and another Ksock than the one it is for is now the Replier",
        "Begin the conversation again with a plain Request."),
      Entry(
        .recipientFull, "send", "a recipient's queue is full: nobody got the message",
        "Send again later, use ALL_OR_WAIT, or have the recipient read or raise its maximum."),
      Entry(
        .pending, "send", "ALL_OR_WAIT, and a recipient's queue is full: the message waits in this Ksock",
        "Wait until the Ksock is writable, call sendPending, or discard the message."),
      Entry(
        .alreadyPending, "send", "an earlier message of this Ksock is still pending",
        "Wait until the Ksock is writable, or discard the pending message."),
      Entry(
        .noRoomForReply, "send, request", "a Request, and this Ksock's queue has no room for its reply",
        "Read some messages, wait for answers, or raise the maximum."),
      Entry(.nothingToSend, "sendPending", "nothing is pending", "Send a message first."),
      Entry(
        .messageTooLong, "send, loan", "the message is longer than the bus takes",
        "Send less, or raise the limit (setMaxMessageSize; above the absolute maximum: make a bus with `kbus create --max-message-size`)."),
      Entry(.bothAllOrFlags, "send", "ALL_OR_WAIT and ALL_OR_FAIL at once", "Set one of them."),
      Entry(
        .notOursToAnswer, "reply", "this copy of the message does not ask its reader to reply",
        "Reply only to a copy with both REQ and YOU among its flags."),
      Entry(
        .nothingToFollow, "request", "a stateful request follows a Reply or an earlier stateful request, and this is neither",
        "Send a plain Request first, and follow its reply."),
      Entry(
        .nothingBeingRead, "read, from C", "no message is being read, or more bytes are asked for than are left of it",
        "Go on to the next message first, and read as many bytes as it has."),
      Entry(
        .badAddress, "any, from C", "an argument's address is null or can't be read", "Pass the address of a variable of the right type."),
      Entry(.readOnly, "send, receive", "the Ksock is not open for that", "Open it for reading and writing."),
      Entry(.timedOut, "request, waitForReplier", "the time limit passed", "Try again, or allow more time."),
      // Settings
      Entry(.badValue, "send, settings", "the value is not one of those allowed", "See the documentation of the call."),
      Entry(
        .tooManyBuses, "newBus, create", "there are 256 buses, or the number is not one from 0 to 255", "Remove one with `kbus remove`."),
      // The Ksock
      Entry(.closed, "any", "the Ksock is closed", "Open a new one."),
      Entry(.forked, "any", "the Ksock was opened by this process's parent", "Open a Ksock of its own in the child."),
      // Memory
      Entry(
        .poolExhausted, "any", "a pool of the bus is used up",
        "Have whoever holds most read or release its messages, or make a bus with higher limits (`kbus create`)."),
      Entry(.tooManyHeld, "take", "this Ksock holds as many messages as it can at once", "Release some before taking more."),
      Entry(
        .noSpace, "create, loan", "the file system of the bus is full",
        "Free some, or enlarge it. A container has 64 MB there unless started with more (docker run --shm-size=1g)."),
      // The bus file
      Entry(.noSuchBus, "open", "there is no bus with this number", "Make it: `kbus create N`. Only bus 0 is made by being opened."),
      Entry(
        .noDirectory, "open, create, list", "the directory of the bus files does not exist",
        "Set KBUS_DIR to an existing directory on a tmpfs, or mount one at /dev/shm."),
      Entry(.busExists, "create", "there is a bus with this number", "Use it, or remove it first with `kbus remove N`."),
      Entry(
        .noPermission, "open, create", "the bus file's owner and mode don't let this user in",
        "Run as its owner, or make the bus for a group: `kbus create --group GROUP --mode 0660 N`."),
      Entry(.notABus, "open", "the file is not a bus", "Remove it, if nothing else needs it, with `rm`."),
      Entry(
        .wrongVersion, "open", "the bus has another layout than this program speaks",
        "Stop its users, then `kbus remove N`; or use programs of one version."),
      Entry(
        .wrongFingerprint, "open", "the bus was made by a program of another word size or C library",
        "32- and 64-bit programs, or programs of different C libraries, can't share a bus: use one kind."),
      Entry(.truncated, "open", "the file is shorter or longer than the bus it holds", "Stop its users, then `kbus remove N`."),
      Entry(
        .corrupt, "any", "an invariant of the bus file does not hold", "Stop its users, then `kbus remove N`, and tell us how it came."),
      Entry(.badOption, "create, open", "an option of a bus is not understood", "See `kbus create --help`."),
      Entry(.system, "any", "a system call failed", "See the errno."),
      // Waiting
      Entry(
        .lockStalled, "any", "the bus lock is held by a process that does not run",
        "Continue or end that process; nothing is lost."),
      Entry(
        .lockHeldHere, "any", "this thread holds the bus lock: a signal handler interrupted a call of the bus",
        "Don't use a Ksock in a signal handler."),
    ]
  }

  /// What the catalogue advises for a code.
  static func remedy(_ code: KBusError.Code) -> String {
    for entry in entries where entry.code == code { return entry.remedy.description }
    return ""
  }
}
