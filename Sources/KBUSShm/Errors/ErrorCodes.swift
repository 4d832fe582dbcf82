// Every code that an operation of the bus can fail with. ErrorCatalog.swift gives each its cause and its remedy.

internal import CShm

extension KBusError.Code {
  // Names
  public static let badName = Self(name: "badName", errno: CSHM_EBADMSG)
  public static let nameTooLong = Self(name: "nameTooLong", errno: CSHM_ENAMETOOLONG)
  // Binding
  public static let alreadyBound = Self(name: "alreadyBound", errno: CSHM_EADDRINUSE)
  public static let notBound = Self(name: "notBound", errno: CSHM_EINVAL)
  public static let eventNotDeliverable = Self(name: "eventNotDeliverable", errno: CSHM_EAGAIN)
  public static let noRoomForReports = Self(name: "noRoomForReports", errno: CSHM_EBUSY)
  // Sending
  public static let noReplier = Self(name: "noReplier", errno: CSHM_EADDRNOTAVAIL)
  public static let noRequester = Self(name: "noRequester", errno: CSHM_EADDRNOTAVAIL)
  public static let notWaitedFor = Self(name: "notWaitedFor", errno: CSHM_ECONNREFUSED)
  public static let anotherReplier = Self(name: "anotherReplier", errno: CSHM_EPIPE)
  public static let recipientFull = Self(name: "recipientFull", errno: CSHM_EBUSY)
  public static let pending = Self(name: "pending", errno: CSHM_EAGAIN)
  public static let alreadyPending = Self(name: "alreadyPending", errno: CSHM_EALREADY)
  public static let noRoomForReply = Self(name: "noRoomForReply", errno: CSHM_ENOLCK)
  public static let nothingToSend = Self(name: "nothingToSend", errno: CSHM_ENOMSG)
  public static let messageTooLong = Self(name: "messageTooLong", errno: CSHM_EMSGSIZE)
  public static let bothAllOrFlags = Self(name: "bothAllOrFlags", errno: CSHM_EINVAL)
  public static let notOursToAnswer = Self(name: "notOursToAnswer", errno: CSHM_EBADMSG)
  public static let nothingToFollow = Self(name: "nothingToFollow", errno: CSHM_EBADMSG)
  public static let readOnly = Self(name: "readOnly", errno: CSHM_EBADF)
  public static let nothingBeingRead = Self(name: "nothingBeingRead", errno: CSHM_EBADMSG)
  public static let badAddress = Self(name: "badAddress", errno: CSHM_EFAULT)
  public static let timedOut = Self(name: "timedOut", errno: CSHM_ETIMEDOUT)
  // Settings
  public static let badValue = Self(name: "badValue", errno: CSHM_EINVAL)
  public static let tooManyBuses = Self(name: "tooManyBuses", errno: CSHM_EINVAL)
  // The Ksock
  public static let closed = Self(name: "closed", errno: CSHM_EBADF)
  public static let forked = Self(name: "forked", errno: CSHM_ECHILD)
  // Memory
  public static let poolExhausted = Self(name: "poolExhausted", errno: CSHM_ENOMEM)
  public static let tooManyHeld = Self(name: "tooManyHeld", errno: CSHM_ENOMEM)
  public static let noSpace = Self(name: "noSpace", errno: CSHM_ENOSPC)
  // The bus file
  public static let noSuchBus = Self(name: "noSuchBus", errno: CSHM_ENOENT)
  public static let noDirectory = Self(name: "noDirectory", errno: CSHM_ENOENT)
  public static let busExists = Self(name: "busExists", errno: CSHM_EEXIST)
  public static let noPermission = Self(name: "noPermission", errno: CSHM_EACCES)
  public static let notABus = Self(name: "notABus", errno: CSHM_EINVAL)
  public static let wrongVersion = Self(name: "wrongVersion", errno: CSHM_EPROTO)
  public static let wrongFingerprint = Self(name: "wrongFingerprint", errno: CSHM_EPROTO)
  public static let truncated = Self(name: "truncated", errno: CSHM_EUCLEAN)
  public static let corrupt = Self(name: "corrupt", errno: CSHM_EUCLEAN)
  public static let badOption = Self(name: "badOption", errno: CSHM_EINVAL)
  public static let system = Self(name: "system", errno: CSHM_EIO)
  // Waiting
  public static let lockStalled = Self(name: "lockStalled", errno: CSHM_ETIMEDOUT)
  public static let lockHeldHere = Self(name: "lockHeldHere", errno: CSHM_EDEADLK)

  /// A failed system call keeps its own errno.
  static func system(_ errno: CInt) -> Self { Self(name: "system", errno: Int(errno)) }
}
