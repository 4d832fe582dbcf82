// fork(2), for what must not disturb the process that asks for it: a crash, a hang, a changed user. Only in the
// process of an exit test, where no other test runs.

import Glibc

/// How a forked child ended.
enum ChildEnd: Equatable {
  case exited(CInt)
  case signalled(CInt)
}

/// Runs in a forked child and waits for its end; a child that hangs gets SIGALRM.
func inForkedChild(alarmAfter seconds: CUnsignedInt = 60, _ body: () -> CInt) -> ChildEnd {
  // Swift hides fork, since a child has only the thread that called it. That is all that we need.
  let address = unsafe dlsym(nil, "fork")!
  let child = unsafe unsafeBitCast(address, to: (@convention(c) () -> pid_t).self)()
  precondition(child >= 0, "a process can't be made")
  if child == 0 {
    var signals = sigset_t()
    unsafe sigemptyset(&signals)
    unsafe sigaddset(&signals, SIGALRM)
    unsafe pthread_sigmask(SIG_UNBLOCK, &signals, nil)
    alarm(seconds)
    _exit(body())
  }
  var status: CInt = 0
  unsafe waitpid(child, &status, 0)
  return status & 0x7F == 0 ? .exited(status >> 8 & 0xFF) : .signalled(status & 0x7F)
}
