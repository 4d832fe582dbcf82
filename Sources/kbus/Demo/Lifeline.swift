// What ties the demo's processes to each other. The parent holds one end of a pipe and never lets another process
// have it; the child holds the other end. However the parent dies, the kernel closes its end, and the child sees it.
// Unlike PR_SET_PDEATHSIG this leaves the UI time to put the terminal right.

import Glibc

/// The child's side of the pipe to its parent.
enum Lifeline {
  /// The number that the parent gives the child's end.
  static let descriptor: Int32 = 3

  /// Calls `orphaned` on a thread of its own when the parent is gone.
  static func watch(orphaned: @escaping @Sendable () -> Void) throws(SystemError) {
    try startThread {
      var byte: UInt8 = 0
      while true {
        let got = unsafe read(descriptor, &byte, 1)
        if got == 0 || (got < 0 && errno != EINTR) { return orphaned() }
      }
    }
  }
}
