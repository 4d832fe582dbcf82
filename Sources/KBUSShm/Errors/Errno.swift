// The errno numbers that KBUS uses, with the name and the meaning that the system gives them.

internal import CShm

/// The errno values that the bus uses.
public enum Errno {
  /// Number, symbol and the system's own words. Linux's numbers come from <errno.h>, not from here.
  public static var all: [(number: Int, symbol: StaticString)] {
    [
      (CSHM_ENOENT, "ENOENT"), (CSHM_EIO, "EIO"), (CSHM_EBADF, "EBADF"), (CSHM_ECHILD, "ECHILD"), (CSHM_EAGAIN, "EAGAIN"),
      (CSHM_ENOMEM, "ENOMEM"), (CSHM_EACCES, "EACCES"), (CSHM_EFAULT, "EFAULT"), (CSHM_EBUSY, "EBUSY"),
      (CSHM_EEXIST, "EEXIST"), (CSHM_EINVAL, "EINVAL"), (CSHM_ENOSPC, "ENOSPC"), (CSHM_EPIPE, "EPIPE"),
      (CSHM_EDEADLK, "EDEADLK"), (CSHM_ENAMETOOLONG, "ENAMETOOLONG"), (CSHM_ENOLCK, "ENOLCK"), (CSHM_ENOMSG, "ENOMSG"),
      (CSHM_EPROTO, "EPROTO"), (CSHM_EBADMSG, "EBADMSG"), (CSHM_EMSGSIZE, "EMSGSIZE"), (CSHM_EADDRINUSE, "EADDRINUSE"),
      (CSHM_EADDRNOTAVAIL, "EADDRNOTAVAIL"), (CSHM_ETIMEDOUT, "ETIMEDOUT"), (CSHM_ECONNREFUSED, "ECONNREFUSED"),
      (CSHM_EALREADY, "EALREADY"), (CSHM_EUCLEAN, "EUCLEAN"), (CSHM_EMFILE, "EMFILE"),
    ]
  }

  /// The symbol of a number that the bus uses, such as `EPIPE`.
  public static func symbol(_ number: CInt) -> String? {
    for entry in all where entry.number == Int(number) { return entry.symbol.description }
    return nil
  }
}
