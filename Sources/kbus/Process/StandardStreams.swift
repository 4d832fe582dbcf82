// Standard output and error by plain write(2): every line leaves at once, and a failed write is noticed.

import Glibc

enum StandardStreams {
  /// Makes the three standard descriptors safe to use. Called first of all.
  ///
  /// If one of them were closed, the bus file would get its number, and what we print would be written over the bus.
  /// So a closed one is opened on /dev/null, in the direction in which using it still fails.
  static func prepare() {
    for (descriptor, flags) in [(STDIN_FILENO, O_WRONLY), (STDOUT_FILENO, O_RDONLY), (STDERR_FILENO, O_RDONLY)] {
      if fcntl(descriptor, F_GETFD) == -1 { _ = unsafe open("/dev/null", flags) }
    }
    // A reader who has left shall be seen as EPIPE: the Ksock is then closed like at any other end.
    signal(SIGPIPE, SIG_IGN)
  }

  /// Writes a line to standard output.
  static func print(_ line: String) throws { try print(bytes: Array((line + "\n").utf8)) }

  /// Writes bytes to standard output, just as they are.
  static func print(bytes: [UInt8]) throws {
    switch write(bytes, to: STDOUT_FILENO) {
    case 0: return
    case EPIPE: throw Failure.outputClosed
    case let code: throw Failure(errno: code, doing: "standard output cannot be written")
    }
  }

  /// Writes to standard error. If that is not possible either, there is nobody left to tell.
  static func complain(_ text: String) { _ = write(Array(text.utf8), to: STDERR_FILENO) }

  /// Writes all of `bytes`; returns 0 or an errno.
  private static func write(_ bytes: [UInt8], to descriptor: Int32) -> Int32 {
    var done = 0
    while done < bytes.count {
      let written = unsafe bytes.withUnsafeBytes {
        unsafe Glibc.write(descriptor, $0.baseAddress! + done, $0.count - done)
      }
      if written >= 0 {
        done += written
      } else if errno == EAGAIN {
        // Somebody who shares our descriptor has made it non-blocking.
        var writable = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
        _ = unsafe poll(&writable, 1, -1)
      } else if errno != EINTR {
        return errno
      }
    }
    return 0
  }
}
