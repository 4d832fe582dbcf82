import Glibc

/// What ends this process when nobody else does.
enum Lifeline {
  /// prctl(2) is variadic, so Swift doesn't see it.
  private static let control = unsafe unsafeBitCast(
    dlsym(nil, "prctl"), to: (@convention(c) (Int32, UInt, UInt, UInt, UInt) -> Int32).self)

  /// PR_SET_PDEATHSIG of <linux/prctl.h>.
  private static let setParentDeathSignal: Int32 = 1

  /// From now on the process ends with the thread that started it, and in any case after so many seconds.
  static func attach(seconds: UInt32) {
    let parent = getppid()
    alarm(seconds)
    _ = control(setParentDeathSignal, UInt(SIGKILL), 0, 0, 0)
    // Whoever started us may have gone just before.
    if getppid() != parent || parent == 1 { exit(70) }
  }
}
