// The tasks that wait for one Ksock.
//
// A task looks for itself whether there is what it wants; only if not it leaves a continuation here. The process's helper thread,
// which sleeps on the bells of Ksocks that have waiters, looks what has come and resumes those who find something. It takes
// nothing: a message is taken and handed out by the task, in one step, so none is lost when a task is cancelled.

internal import KBUSShm
internal import Synchronization

/// What a task waits for at a Ksock.
enum Wanted {
  case message
  case answer(MessageID)
}

final class Waiters: Sendable {
  /// Whoever waits holds the Ksock; without waiters nobody asks for it.
  private unowned let ksock: Ksock
  private let state = Mutex(State())

  private struct Waiter {
    let continuation: CheckedContinuation<Void, any Error>
    let deadline: UInt64
  }

  private struct State {
    /// Oldest first.
    var messages: [(ticket: UInt64, waiter: Waiter)] = []
    var answers: [MessageID: (ticket: UInt64, waiter: Waiter)] = [:]
    var lastTicket: UInt64 = 0
    /// Cancelled before they began to wait.
    var cancelled: Set<UInt64> = []
    /// The helper hears the bell.
    var isHeard = false

    var isEmpty: Bool { messages.isEmpty && answers.isEmpty }
    var earliest: UInt64 {
      answers.values.reduce(messages.reduce(.max) { min($0, $1.waiter.deadline) }) { min($0, $1.waiter.deadline) }
    }
  }

  /// How long the helper goes on hearing a bell for which nobody waits: most tasks are back before.
  private static let patience: UInt64 = 10_000_000

  init(_ ksock: Ksock) { self.ksock = ksock }

  /// Suspends the task until it may find what it wants, or the time is past.
  func wait(for wanted: Wanted, until deadline: UInt64) async throws {
    let ticket = state.withLock { state in
      state.lastTicket += 1
      return state.lastTicket
    }
    defer { state.withLock { _ = $0.cancelled.remove(ticket) } }
    try await withTaskCancellationHandler {
      try await withCheckedThrowingContinuation { continuation in
        add(ticket, wanted, Waiter(continuation: continuation, deadline: deadline))
      }
    } onCancel: {
      cancel(ticket)
    }
  }

  private func add(_ ticket: UInt64, _ wanted: Wanted, _ waiter: Waiter) {
    enum Next { case hear, look, lookSooner, end }
    let next = state.withLock { state -> Next in
      if state.cancelled.contains(ticket) { return .end }
      let isSooner = waiter.deadline < state.earliest
      switch wanted {
      case .message: state.messages.append((ticket, waiter))
      case .answer(let id): state.answers[id] = (ticket, waiter)
      }
      defer { state.isHeard = true }
      return !state.isHeard ? .hear : isSooner ? .lookSooner : .look
    }
    switch next {
    case .end: waiter.continuation.resume(throwing: CancellationError())
    // What came between the task's own look and this may have been meant for others.
    case .look: _ = serve()
    case .lookSooner:
      _ = serve()
      // The helper sleeps until the time of another.
      ksock.ringOwnBell()
    case .hear:
      do {
        try ksock.hearBell { [self] in serve() }
      } catch {
        resumeAll(throwing: error)
      }
    }
  }

  private func cancel(_ ticket: UInt64) {
    let waiter = state.withLock { state -> Waiter? in
      if let place = state.messages.firstIndex(where: { $0.ticket == ticket }) { return state.messages.remove(at: place).waiter }
      if let id = state.answers.first(where: { $0.value.ticket == ticket })?.key { return state.answers.removeValue(forKey: id)?.waiter }
      state.cancelled.insert(ticket)
      return nil
    }
    waiter?.continuation.resume(throwing: CancellationError())
  }

  /// Resumes those for whom there is something. Returns when to look again, or nil if nobody waits.
  private func serve() -> UInt64? {
    var resumed: [Waiter] = []
    let next = state.withLock { state -> UInt64? in
      if state.isEmpty {
        // Nobody has waited for a while, or the Ksock has been closed.
        state.isHeard = false
        return nil
      }
      if ksock.isClosed {
        resumed = state.messages.map(\.waiter) + state.answers.values.map(\.waiter)
        state.messages = []
        state.answers = [:]
        state.isHeard = false
        return nil
      }
      if !state.messages.isEmpty {
        let count = min(state.messages.count, ksock.queuedMessages)
        resumed += state.messages[..<count].map(\.waiter)
        state.messages.removeFirst(count)
      }
      if !state.answers.isEmpty {
        for id in ksock.answeredRequests() { if let found = state.answers.removeValue(forKey: id) { resumed.append(found.waiter) } }
      }
      let now = Ksock.timeNow
      if state.earliest <= now {
        resumed += state.messages.filter { $0.waiter.deadline <= now }.map(\.waiter)
        state.messages.removeAll { $0.waiter.deadline <= now }
        resumed += state.answers.values.filter { $0.waiter.deadline <= now }.map(\.waiter)
        state.answers = state.answers.filter { $0.value.waiter.deadline > now }
      }
      return state.isEmpty ? now + Self.patience : state.earliest
    }
    for waiter in resumed { waiter.continuation.resume() }
    return next
  }

  private func resumeAll(throwing error: any Error) {
    let waiters = state.withLock { state in
      defer { state = State(lastTicket: state.lastTicket, cancelled: state.cancelled) }
      return state.messages.map(\.waiter) + state.answers.values.map(\.waiter)
    }
    for waiter in waiters { waiter.continuation.resume(throwing: error) }
  }
}

extension Ksock {
  var asyncWaiters: Waiters { waiters { Waiters(self) } }
}
