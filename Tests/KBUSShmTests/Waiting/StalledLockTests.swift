// What is left undone while somebody sits in the bus lock is done when it is to be had again.

import CShm
import Glibc
import Synchronization
import Testing

@testable import KBUSShm

@Suite("A bus lock that is not to be had for a while", .timeLimit(.minutes(10))) struct StalledLockTests {
  private final class Progress: Sendable {
    let isHeld = Atomic(false), mayEnd = Atomic(false)
  }

  @Test("a Listener that could not grant the room that a sender waits for grants it afterwards, and does not sleep over it")
  func room() throws {
    let bus = try TemporaryBus(), progress = Progress()
    let (listener, sender) = (try bus.open(), try bus.open())
    let shared = listener.shared
    try listener.setMaxMessages(1)
    try listener.bind("$.A")
    try sender.send(Announcement("$.A", "first"))
    expectFailure(.pending, errno: EAGAIN) { try sender.send(Announcement("$.A", "second", flags: .allOrWait)) }
    let waiting = Blocked { try sender.waitUntilWritable(within: .seconds(300)) }
    waiting.waitUntilAsleep()
    let holding = Blocked {
      try shared.lock("test")
      progress.isHeld.store(true, ordering: .relaxed)
      while !progress.mayEnd.load(ordering: .relaxed) { usleep(1000) }
      shared.unlock()
    }
    defer { progress.mayEnd.store(true, ordering: .relaxed) }
    try bus.eventually("the lock to be held") { progress.isHeld.load(ordering: .relaxed) }
    #expect(try listener.receive()?.text == "first", "although the lock is not to be had")
    let second = Blocked { try listener.receive(within: .seconds(300)) }
    try bus.eventually("it to be about to sleep") { listener.record.sleepers == 1 }
    // One more attempt for the lock, of 40 looks, fails; then it sleeps.
    func stalls() -> UInt32 { shared.memory.u32(shared.geometry.lockLine + CSHM_LOCK_LINE_STALLS) }
    let before = stalls()
    try bus.eventually("the lock to be asked for in vain") { stalls() &- before > 45 }
    progress.mayEnd.store(true, ordering: .relaxed)
    try holding.outcome()
    #expect(try second.outcome()?.text == "second")
    #expect(try waiting.outcome())
    try bus.expectSound()
  }
}
