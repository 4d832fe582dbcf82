import Glibc

/// Signals that are waited for instead of being handled.
struct SignalSet {
  private(set) var set = sigset_t()

  init(_ signals: [Int32]) {
    unsafe sigemptyset(&set)
    for signal in signals { unsafe sigaddset(&set, signal) }
  }

  /// Keeps the signals for `wait`; threads started later inherit this.
  func block() {
    var set = set
    unsafe pthread_sigmask(SIG_BLOCK, &set, nil)
  }

  /// The next signal; nil if none came in time. Without a limit it waits for ever.
  func wait(within limit: Duration?) -> Int32? {
    var set = set
    guard let limit else {
      var signal: Int32 = 0
      return unsafe sigwait(&set, &signal) == 0 ? signal : nil
    }
    let (seconds, attoseconds) = max(limit, .zero).components
    var time = timespec(tv_sec: Int(seconds), tv_nsec: Int(attoseconds / 1_000_000_000))
    let signal = unsafe sigtimedwait(&set, nil, &time)
    return signal > 0 ? signal : nil
  }
}
