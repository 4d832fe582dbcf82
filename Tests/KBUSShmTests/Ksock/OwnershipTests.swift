// A process as an owner on a bus, again and again.

import Synchronization
import Testing

@testable import KBUSShm

@Suite(.timeLimit(.minutes(10))) struct OwnershipTests {
  private final class Progress: Sendable { let isOver = Atomic(false) }

  @Test("a process that becomes an owner anew is not taken for dead by a thread of its own that looks at that moment")
  func notByItself() throws {
    let bus = try TemporaryBus(), progress = Progress()
    // The bus stays mapped, with one view of it, while the process has no Ksock there.
    let first = try bus.open()
    first.close()
    let shared = first.shared
    let looking = Blocked { while !progress.isOver.load(ordering: .relaxed) { try shared.reap(.all) } }
    defer { progress.isOver.store(true, ordering: .relaxed) }
    for _ in 0..<1000 {
      let ksock = try bus.open()
      try ksock.send(Announcement("$.Nobody"))
      ksock.close()
    }
    progress.isOver.store(true, ordering: .relaxed)
    try looking.outcome()
    #expect(shared.reapCount == 0)
  }
}
