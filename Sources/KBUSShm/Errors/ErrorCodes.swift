// Every code that an operation of the bus can fail with, and what to do about it. ErrorCatalog.swift gives each its cause.

internal import CShm

extension KBusError.Code {
  // Names
  public static let badName = Self(
    name: "badName", errno: CSHM_EBADMSG,
    remedy: "A name is `$.` and words of ASCII letters and digits, parted by dots; only bindings may end in `*` or `%`.")
  public static let nameTooLong = Self(
    name: "nameTooLong", errno: CSHM_ENAMETOOLONG,
    remedy: "Use a shorter name.")
  // Binding
  public static let alreadyBound = Self(
    name: "alreadyBound", errno: CSHM_EADDRINUSE,
    remedy: "One name has one Replier: unbind the other, or wait until it closes.")
  public static let notBound = Self(
    name: "notBound", errno: CSHM_EINVAL,
    remedy: "Unbind what was bound, to the letter, and of the same kind.")
  public static let eventNotDeliverable = Self(
    name: "eventNotDeliverable", errno: CSHM_EAGAIN,
    remedy: "Try again when the listener has read, or give it a larger queue.")
  public static let noRoomForReports = Self(
    name: "noRoomForReports", errno: CSHM_EBUSY,
    remedy: "Raise its maximum, or read the reports queued so far. Reporting is on all the same.")
  // Sending
  public static let noReplier = Self(
    name: "noReplier", errno: CSHM_EADDRNOTAVAIL,
    remedy: "Start the service, wait for it with waitForReplier, or send an Announcement.")
  public static let noRequester = Self(
    name: "noRequester", errno: CSHM_EADDRNOTAVAIL,
    remedy: "Forget the request: nobody waits for this reply.")
  public static let notWaitedFor = Self(
    name: "notWaitedFor", errno: CSHM_ECONNREFUSED,
    remedy: "Forget the request: it was answered already, or its time ran out.")
  public static let anotherReplier = Self(
    name: "anotherReplier", errno: CSHM_EPIPE,
    remedy: "Begin the conversation again with a plain Request.")
  public static let recipientFull = Self(
    name: "recipientFull", errno: CSHM_EBUSY,
    remedy: "Send again later, use ALL_OR_WAIT, or have the recipient read or raise its maximum.")
  public static let pending = Self(
    name: "pending", errno: CSHM_EAGAIN,
    remedy: "Wait until the Ksock is writable, call sendPending, or discard the message.")
  public static let alreadyPending = Self(
    name: "alreadyPending", errno: CSHM_EALREADY,
    remedy: "Wait until the Ksock is writable, or discard the pending message.")
  public static let noRoomForReply = Self(
    name: "noRoomForReply", errno: CSHM_ENOLCK,
    remedy: "Read some messages, wait for answers, or raise the maximum.")
  public static let nothingToSend = Self(
    name: "nothingToSend", errno: CSHM_ENOMSG,
    remedy: "Send a message first.")
  public static let messageTooLong = Self(
    name: "messageTooLong", errno: CSHM_EMSGSIZE,
    remedy:
      "Send less, or raise the limit (setMaxMessageSize; above the absolute maximum: make a bus with `kbus create --max-message-size`).")
  public static let bothAllOrFlags = Self(
    name: "bothAllOrFlags", errno: CSHM_EINVAL,
    remedy: "Set one of them.")
  public static let notOursToAnswer = Self(
    name: "notOursToAnswer", errno: CSHM_EBADMSG,
    remedy: "Reply only to a copy with both REQ and YOU among its flags.")
  public static let nothingToFollow = Self(
    name: "nothingToFollow", errno: CSHM_EBADMSG,
    remedy: "Send a plain Request first, and follow its reply.")
  public static let readOnly = Self(
    name: "readOnly", errno: CSHM_EBADF,
    remedy: "Open it for reading and writing.")
  public static let nothingBeingRead = Self(
    name: "nothingBeingRead", errno: CSHM_EBADMSG,
    remedy: "Go on to the next message first, and read as many bytes as it has.")
  public static let notABindEvent = Self(
    name: "notABindEvent", errno: CSHM_EBADMSG,
    remedy: "Take apart only messages named $.KBUS.ReplierBindEvent that the bus has made.")
  public static let badAddress = Self(
    name: "badAddress", errno: CSHM_EFAULT,
    remedy: "Pass the address of a variable of the right type.")
  public static let timedOut = Self(
    name: "timedOut", errno: CSHM_ETIMEDOUT,
    remedy: "Try again, or allow more time.")
  // Settings
  public static let badValue = Self(
    name: "badValue", errno: CSHM_EINVAL,
    remedy: "See the documentation of the call.")
  public static let tooManyBuses = Self(
    name: "tooManyBuses", errno: CSHM_EINVAL,
    remedy: "Remove one with `kbus remove`.")
  // The Ksock
  public static let closed = Self(
    name: "closed", errno: CSHM_EBADF,
    remedy: "Open a new one.")
  public static let forked = Self(
    name: "forked", errno: CSHM_ECHILD,
    remedy: "Open a Ksock of its own in the child.")
  // Memory
  public static let poolExhausted = Self(
    name: "poolExhausted", errno: CSHM_ENOMEM,
    remedy: "Have whoever holds most read or release its messages, or make a bus with higher limits (`kbus create`).")
  public static let tooManyHeld = Self(
    name: "tooManyHeld", errno: CSHM_ENOMEM,
    remedy: "Release some before taking more.")
  public static let noSpace = Self(
    name: "noSpace", errno: CSHM_ENOSPC,
    remedy: "Free some, or enlarge it. A container has 64 MB there unless started with more (docker run --shm-size=1g).")
  // The bus file
  public static let noSuchBus = Self(
    name: "noSuchBus", errno: CSHM_ENOENT,
    remedy: "Make it: `kbus create N`. Only bus 0 is made by being opened.")
  public static let noDirectory = Self(
    name: "noDirectory", errno: CSHM_ENOENT,
    remedy: "Set KBUS_DIR to an existing directory on a tmpfs, or mount one at /dev/shm.")
  public static let busExists = Self(
    name: "busExists", errno: CSHM_EEXIST,
    remedy: "Use it, or remove it first with `kbus remove N`.")
  public static let noPermission = Self(
    name: "noPermission", errno: CSHM_EACCES,
    remedy: "Run as its owner, or make the bus for a group: `kbus create --group GROUP --mode 0660 N`.")
  public static let notABus = Self(
    name: "notABus", errno: CSHM_EINVAL,
    remedy: "Remove it, if nothing else needs it, with `rm`.")
  public static let wrongVersion = Self(
    name: "wrongVersion", errno: CSHM_EPROTO,
    remedy: "Stop its users, then `kbus remove N`; or use programs of one version.")
  public static let wrongFingerprint = Self(
    name: "wrongFingerprint", errno: CSHM_EPROTO,
    remedy: "32- and 64-bit programs can't share a bus: use one kind.")
  public static let truncated = Self(
    name: "truncated", errno: CSHM_EUCLEAN,
    remedy: "Stop its users, then `kbus remove N`.")
  public static let corrupt = Self(
    name: "corrupt", errno: CSHM_EUCLEAN,
    remedy: "Stop its users, then `kbus remove N`, and tell us how it came.")
  public static let badOption = Self(
    name: "badOption", errno: CSHM_EINVAL,
    remedy: "See `kbus create --help`.")
  public static let system = Self(
    name: "system", errno: CSHM_EIO,
    remedy: "See the errno.")
  // Waiting
  public static let lockStalled = Self(
    name: "lockStalled", errno: CSHM_ETIMEDOUT,
    remedy: "Continue or end that process; nothing is lost.")
  public static let lockHeldHere = Self(
    name: "lockHeldHere", errno: CSHM_EDEADLK,
    remedy: "Don't use a Ksock in a signal handler.")

  /// A failed system call keeps its own errno.
  static func system(_ errno: CInt) -> Self {
    Self(name: "system", errno: Int(errno), remedy: errno == CInt(CSHM_EMFILE) ? fewDescriptors : system.remedy)
  }

  private static let fewDescriptors: StaticString = "Close some, or let the process have more (ulimit -n)."
}
