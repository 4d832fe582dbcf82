// A call that blocks, made on a thread of its own so that the test can do what ends it.

import Foundation
import Synchronization

/// A blocking call under way on a thread of its own.
///
/// Threads rather than tasks: a task that blocks holds a thread of the pool that the other tests need.
final class Blocked<Outcome: Sendable>: Sendable {
  private let result = Mutex<Result<Outcome, any Error>?>(nil)
  /// The place of the thread under /proc, such as `17/task/18`.
  private let thread = Mutex<String?>(nil)

  struct StillBlocked: Error {}

  init(_ call: @escaping @Sendable () throws -> Outcome) {
    Thread.detachNewThread {
      let place = try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/thread-self")
      self.thread.withLock { $0 = place }
      let outcome = Result { try call() }
      self.result.withLock { $0 = outcome }
    }
  }

  /// Lets time pass until the call sleeps in the kernel, or is over. A call that only spins is given a second.
  func waitUntilAsleep() {
    wait(within: .seconds(1)) { result.withLock { $0 != nil } || isAsleep }
  }

  /// What the call returned; fails if it does not return.
  func outcome(within limit: Duration = .seconds(20)) throws -> Outcome {
    wait(within: limit) { result.withLock { $0 != nil } }
    guard let result = result.withLock({ $0 }) else { throw StillBlocked() }
    return try result.get()
  }

  private var isAsleep: Bool {
    guard let place = thread.withLock({ $0 }),
      let stat = try? String(contentsOfFile: "/proc/\(place)/stat", encoding: .utf8),
      let name = stat.lastIndex(of: ")")
    else { return false }
    return stat[name...].dropFirst(2).first == "S"
  }

  private func wait(within limit: Duration, until condition: () -> Bool) {
    let deadline = ContinuousClock.now.advanced(by: limit)
    while !condition(), ContinuousClock.now < deadline { sched_yield() }
  }
}
