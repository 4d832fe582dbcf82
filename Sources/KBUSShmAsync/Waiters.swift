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
  /// For the message that the Ksock has pending.
  case room
}

final class Waiters: Sendable {
  /// Whoever waits holds the Ksock; without waiters nobody asks for it.
  private unowned let ksock: Ksock
  private let state = Mutex(State())
  private let takes = Atomic<UInt32>(0)

  private struct Waiter {
    let continuation: CheckedContinuation<Void, any Error>
    let deadline: UInt64
  }

  private typealias Entry = (ticket: UInt64, waiter: Waiter)

  private struct State {
    /// Oldest first.
    var messages: [Entry] = []
    var rooms: [Entry] = []
    var answers: [MessageID: Entry] = [:]
    var lastTicket: UInt64 = 0
    /// Cancelled before they began to wait.
    var cancelled: Set<UInt64> = []
    /// The helper hears the bell.
    var isHeard = false

    var isEmpty: Bool { messages.isEmpty && rooms.isEmpty && answers.isEmpty }
    var all: [Waiter] { messages.map(\.waiter) + rooms.map(\.waiter) + answers.values.map(\.waiter) }
    var earliest: UInt64 {
      var earliest = UInt64.max
      for entry in messages { earliest = min(earliest, entry.waiter.deadline) }
      for entry in rooms { earliest = min(earliest, entry.waiter.deadline) }
      for entry in answers.values { earliest = min(earliest, entry.waiter.deadline) }
      return earliest
    }

    mutating func add(_ entry: Entry, for wanted: Wanted) {
      switch wanted {
      case .message: messages.append(entry)
      case .room: rooms.append(entry)
      case .answer(let id): answers[id] = entry
      }
    }

    mutating func remove(_ ticket: UInt64) -> Waiter? {
      if let place = messages.firstIndex(where: { $0.ticket == ticket }) { return messages.remove(at: place).waiter }
      if let place = rooms.firstIndex(where: { $0.ticket == ticket }) { return rooms.remove(at: place).waiter }
      guard let id = answers.first(where: { $0.value.ticket == ticket })?.key else { return nil }
      return answers.removeValue(forKey: id)?.waiter
    }

    /// Those who wait no longer than until then.
    mutating func removeDue(_ now: UInt64) -> [Waiter] {
      guard earliest <= now else { return [] }
      let due = all.filter { $0.deadline <= now }
      messages.removeAll { $0.waiter.deadline <= now }
      rooms.removeAll { $0.waiter.deadline <= now }
      answers = answers.filter { $0.value.waiter.deadline > now }
      return due
    }

    /// All of them, and nobody waits any more.
    mutating func removeAll() -> [Waiter] {
      defer { (messages, rooms, answers, isHeard) = ([], [], [:], false) }
      return all
    }
  }

  /// How long the helper goes on hearing a bell for which nobody waits: most tasks are back before.
  private static let patience: UInt64 = 10_000_000

  /// Takes after which a task lets others have its thread.
  private static let takesInTurn: UInt32 = 64

  init(_ ksock: Ksock) { self.ksock = ksock }

  /// Counts a take. Whether others who share the task's thread are to have it first: a bus that is never silent would keep it.
  func isOthersTurn() -> Bool { takes.wrappingAdd(1, ordering: .relaxed).newValue % Self.takesInTurn == 0 }

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
      state.add((ticket, waiter), for: wanted)
      defer { state.isHeard = true }
      return !state.isHeard ? .hear : isSooner ? .lookSooner : .look
    }
    switch next {
    case .end: waiter.continuation.resume(throwing: CancellationError())
    // What came between the task's own look and this may have been meant for others.
    case .look: _ = serve(asHelper: false)
    case .lookSooner:
      _ = serve(asHelper: false)
      // The helper sleeps until the time of another.
      ksock.ringOwnBell()
    case .hear:
      do {
        try ksock.hearBell { [self] in serve(asHelper: true) }
      } catch {
        resumeAll(throwing: error)
      }
    }
  }

  private func cancel(_ ticket: UInt64) {
    let waiter = state.withLock { state -> Waiter? in
      let waiter = state.remove(ticket)
      if waiter == nil { state.cancelled.insert(ticket) }
      return waiter
    }
    waiter?.continuation.resume(throwing: CancellationError())
  }

  /// Resumes those for whom there is something. Returns when to look again, or nil if nobody waits.
  private func serve(asHelper: Bool) -> UInt64? {
    var resumed: [Waiter] = []
    let next = state.withLock { state -> UInt64? in
      if state.isEmpty {
        // Nobody has waited for a while, or the Ksock has been closed. The helper alone knows that it stops hearing the bell.
        if asHelper { state.isHeard = false }
        return nil
      }
      if ksock.isClosed {
        resumed = state.removeAll()
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
      if !state.rooms.isEmpty, ksock.hasNewsOfPending() {
        resumed += state.rooms.map(\.waiter)
        state.rooms = []
      }
      let now = Ksock.timeNow
      resumed += state.removeDue(now)
      return state.isEmpty ? now + Self.patience : state.earliest
    }
    for waiter in resumed { waiter.continuation.resume() }
    return next
  }

  private func resumeAll(throwing error: any Error) {
    for waiter in state.withLock({ $0.removeAll() }) { waiter.continuation.resume(throwing: error) }
  }
}

extension Ksock {
  var asyncWaiters: Waiters { waiters { Waiters(self) } }
}
