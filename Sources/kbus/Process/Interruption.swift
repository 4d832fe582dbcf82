// How a command that runs until it is told to stop learns of that. Nothing here polls: each of two threads sleeps until
// its event comes and then closes the Ksock, and that wakes the receive that the main thread sleeps in.

import Glibc
import KBUSShm
import Synchronization

/// SIGINT, SIGTERM, or a reader of standard output who has left.
final class Interruption: Sendable {
  private let happened = Atomic<Bool>(false)

  /// How long, in seconds, output that nobody takes is waited for after a signal.
  private static let patience: UInt32 = 2

  /// Runs `body` until it returns, or until an interruption closes `ksock` under it: that is a good end too.
  ///
  /// The library's own threads block all signals, so blocking them here leaves them to the thread that waits for them.
  static func watch(closing ksock: Ksock, while body: () throws -> Void) throws {
    var signals = Self.signals
    unsafe pthread_sigmask(SIG_BLOCK, &signals, nil)
    let interruption = Interruption()
    startThread {
      var signals = Self.signals
      var caught: Int32 = 0
      while unsafe sigwait(&signals, &caught) != 0 {}
      // Whoever cannot wait sends another one, and that kills.
      unsafe pthread_sigmask(SIG_UNBLOCK, &signals, nil)
      interruption.stop(ksock)
      // The main thread prints what it has taken, and ends. A reader who takes nothing does not hold it for ever.
      sleep(patience)
      exit(ExitStatus.done.rawValue)
    }
    startThread {
      // With no events asked for, only the other end's leaving is reported (POLLERR, POLLHUP); for a file, nothing ever.
      var output = pollfd(fd: STDOUT_FILENO, events: 0, revents: 0)
      while unsafe poll(&output, 1, -1) < 1 {}
      interruption.stop(ksock)
    }
    defer { ksock.close() }
    do {
      try body()
    } catch let error as KBusError where error.code == .closed && interruption.happened.load(ordering: .acquiring) {
      return
    }
  }

  private func stop(_ ksock: Ksock) {
    happened.store(true, ordering: .releasing)
    ksock.close()
  }

  private static var signals: sigset_t {
    var signals = sigset_t()
    unsafe sigemptyset(&signals)
    unsafe sigaddset(&signals, SIGINT)
    unsafe sigaddset(&signals, SIGTERM)
    return signals
  }

  /// Starts a thread that nobody waits for: it ends with the process.
  private static func startThread(_ run: @escaping @Sendable () -> Void) {
    let body = unsafe Unmanaged.passRetained(ThreadBody(run)).toOpaque()
    var thread = pthread_t()
    let result = unsafe pthread_create(
      &thread, nil,
      { body in
        unsafe Unmanaged<ThreadBody>.fromOpaque(body!).takeRetainedValue().run()
        return nil
      }, body)
    guard result == 0 else { Failure(errno: result, doing: "a thread cannot be started").end() }
    pthread_detach(thread)
  }
}

private final class ThreadBody: Sendable {
  let run: @Sendable () -> Void

  init(_ run: @escaping @Sendable () -> Void) { self.run = run }
}
