// The global `environ` is what needs `@preconcurrency`: it is read here only, before there are other threads.
@unsafe @preconcurrency import Glibc

/// This executable, started again in another role, and tied to this process by a pipe.
struct ChildProcess {
  let pid: pid_t
  /// The end of the lifeline that this process holds.
  private let lifeline: Int32

  /// How a process ended.
  enum Ending: Equatable {
    case exit(Int32)
    case signal(Int32)
  }

  /// Starts `kbus` with these arguments and `input` as its standard input.
  static func start(_ arguments: [String], input: Int32) throws(SystemError) -> ChildProcess {
    var ends: [Int32] = [0, 0]
    guard unsafe pipe(&ends) == 0 else { throw SystemError("pipe") }
    defer { close(ends[0]) }
    for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }

    var actions = unsafe posix_spawn_file_actions_t()
    unsafe posix_spawn_file_actions_init(&actions)
    defer { unsafe posix_spawn_file_actions_destroy(&actions) }
    unsafe posix_spawn_file_actions_adddup2(&actions, input, STDIN_FILENO)
    unsafe posix_spawn_file_actions_adddup2(&actions, ends[0], Lifeline.descriptor)

    // Ctrl-C reaches every process at the terminal. This one hears it and tells the UI, so that it ends in good order.
    var attributes = posix_spawnattr_t()
    unsafe posix_spawnattr_init(&attributes)
    defer { unsafe posix_spawnattr_destroy(&attributes) }
    var blocked = SignalSet([SIGINT]).set
    unsafe posix_spawnattr_setsigmask(&attributes, &blocked)
    unsafe posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK))

    var pid = pid_t()
    let strings = unsafe (["kbus"] + arguments).map { unsafe strdup($0) }
    defer { for index in unsafe strings.indices { unsafe free(strings[index]) } }
    let failure = unsafe posix_spawn(&pid, "/proc/self/exe", &actions, &attributes, strings + [nil], environ)
    guard failure == 0 else {
      close(ends[1])
      throw SystemError("starting kbus again", errno: failure)
    }
    return ChildProcess(pid: pid, lifeline: ends[1])
  }

  /// Sends a byte down the lifeline.
  func tell(_ byte: UInt8) {
    var byte = byte
    _ = unsafe write(lifeline, &byte, 1)
  }

  /// Lets go of the lifeline: the process ends.
  func letGo() { close(lifeline) }

  func kill() { _ = Glibc.kill(pid, SIGKILL) }

  /// How it ended; nil if it still runs.
  func reap() -> Ending? {
    var status: Int32 = 0
    guard unsafe waitpid(pid, &status, WNOHANG) == pid else { return nil }
    let signal = status & 0x7F
    return signal == 0 ? .exit(status >> 8 & 0xFF) : .signal(signal)
  }
}
