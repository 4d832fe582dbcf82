// Messages that wait for room while tasks wait for that (KBUSShmAsync). libkbus has no tasks.

#if !$Embedded
  extension Ksock {
    /// Tries the pending message, for tasks that wait for it. Whether they should look: it is sent, or is refused, or that can't be told.
    package func hasNewsOfPending() -> Bool {
      guard retryForProgram() == .done else { return true }
      lockSends()
      defer { unlockSends() }
      return pending == nil || wasRefused
    }

    package static var noRoomInTime: KBusError { .noRoomInTime("send") }
  }
#endif
