import Glibc

/// Ends this process by SIGALRM if a scenario hangs. Its servers and its directory go with it.
enum Watchdog {
  private static let seconds: UInt32 = 300

  static func restart() { alarm(seconds) }
  static func stop() { alarm(0) }
}
