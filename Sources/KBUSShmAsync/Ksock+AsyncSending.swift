// Waiting for room as a task waits: suspended.

public import KBUSShm

extension Ksock {
  /// Sends a message; one with ALL_OR_WAIT waits for room at its recipients. Nil as the limit waits for ever.
  ///
  /// **Blocking:** never: the task is suspended. **Errors:** those of `send`; `timedOut`, and `CancellationError` if the task is cancelled:
  /// then nobody got the message. A Request that is refused after it has waited is answered with a status.
  @discardableResult
  public func send(_ message: some OutgoingMessage, within limit: Duration?) async throws -> MessageID {
    try Task.checkCancellation()
    let deadline = Ksock.time(after: limit)
    do throws(KBusError) {
      return try send(message)
    } catch {
      guard error.code == .pending, let id = error.messageID else { throw error }
      try await waitToSend(id, until: deadline)
      return id
    }
  }

  private func waitToSend(_ id: MessageID, until deadline: UInt64) async throws {
    while true {
      do throws(KBusError) {
        guard try waits(id) else { return }
      } catch {
        // It was refused; or that can't be told, and it is not to be sent later.
        _ = try? discard(only: id)
        throw error
      }
      do {
        guard deadline > Ksock.timeNow else { throw Ksock.noRoomInTime }
        try await asyncWaiters.wait(for: .room, until: deadline)
      } catch {
        // If it can't be withdrawn it was sent just now.
        if try discard(only: id) { throw error }
      }
    }
  }

  /// Waits until nothing is pending any more, trying again whenever room appears: for who has sent with ALL_OR_WAIT in another way. False
  /// when the time is up.
  ///
  /// **Blocking:** never: the task is suspended. **Errors:** those of `wait(for:within:)`, `wrongMode` if it is read-only, and `CancellationError`.
  public func untilWritable(within limit: Duration? = nil) async throws -> Bool {
    try requireWriting("wait")
    let deadline = Ksock.time(after: limit)
    while true {
      try Task.checkCancellation()
      if try wait(for: .writable, within: .zero).contains(.writable) { return true }
      if deadline <= Ksock.timeNow { return false }
      try await asyncWaiters.wait(for: .room, until: deadline)
    }
  }
}
