// fork(2), for what must not disturb the process that asks for it: a crash, a hang, a changed user. Only in the
// process of an exit test, where no other test runs.

import Glibc

/// How a forked child ended.
enum ChildEnd: Equatable {
  case exited(CInt)
  case signalled(CInt)
}

/// A forked child that waits until it is told to go on.
///
/// A child has only the thread that forked it: what another had locked, in Swift's runtime too, stays locked in it. So it is made
/// before its parent has threads, and told later: whoever opens a bus gets a helper.
struct ForkedChild: ~Copyable {
  private let pid: pid_t
  private let ends: (from: CInt, to: CInt)

  /// A child that hangs gets SIGALRM.
  init(alarmAfter seconds: CUnsignedInt = 60, _ body: () -> CInt) {
    var pipeEnds: [CInt] = [-1, -1]
    precondition(unsafe pipe(&pipeEnds) == 0, "a pipe can't be made")
    ends = (pipeEnds[0], pipeEnds[1])
    // Swift hides fork, since a child has only the thread that called it. That is all that we need.
    let address = unsafe dlsym(nil, "fork")!
    pid = unsafe unsafeBitCast(address, to: (@convention(c) () -> pid_t).self)()
    precondition(pid >= 0, "a process can't be made")
    guard pid == 0 else { return }
    close(ends.to)
    var byte: UInt8 = 0
    // Nobody says go: the parent has ended.
    guard unsafe read(ends.from, &byte, 1) == 1 else { _exit(0) }
    var signals = sigset_t()
    unsafe sigemptyset(&signals)
    unsafe sigaddset(&signals, SIGALRM)
    unsafe pthread_sigmask(SIG_UNBLOCK, &signals, nil)
    alarm(seconds)
    _exit(body())
  }

  /// Lets it go on, and waits for its end.
  consuming func end() -> ChildEnd {
    var byte: UInt8 = 1
    _ = unsafe write(ends.to, &byte, 1)
    var status: CInt = 0
    unsafe waitpid(pid, &status, 0)
    return status & 0x7F == 0 ? .exited(status >> 8 & 0xFF) : .signalled(status & 0x7F)
  }

  deinit {
    close(ends.from)
    close(ends.to)
  }
}

/// Runs in a forked child, and waits for its end.
func inForkedChild(alarmAfter seconds: CUnsignedInt = 60, _ body: () -> CInt) -> ChildEnd {
  ForkedChild(alarmAfter: seconds, body).end()
}
