// Calls on a thread of their own, so that the test can do what they wait for.

import Foundation
import Synchronization

/// A call under way on a thread of its own.
final class OtherThread<Outcome: Sendable>: Sendable {
  private let outcome = Mutex<Outcome?>(nil)

  struct StillRunning: Error {}

  init(_ body: @escaping @Sendable () -> Outcome) {
    Thread.detachNewThread {
      let result = body()
      self.outcome.withLock { $0 = result }
    }
  }

  /// What the call returned, once it has.
  func join() throws -> Outcome {
    try wait { outcome.withLock { $0 != nil } }
    return outcome.withLock { $0! }
  }

  var isOver: Bool { outcome.withLock { $0 != nil } }
}

struct NotInTime: Error {}

/// Waits until something holds, and fails if it does not come to hold.
func wait(until condition: () throws -> Bool) throws {
  let deadline = ContinuousClock.now.advanced(by: .seconds(60))
  while try !condition() {
    guard ContinuousClock.now < deadline else { throw NotInTime() }
    sched_yield()
  }
}
