import CShm
import Testing

@testable import KBUSShm

@Suite("Slots that a Ksock has for itself", .timeLimit(.minutes(5))) struct OwnSlotsTests {
  @Test("an idle one is taken away by whoever needs it, one that its owner has begun to fill is not")
  func takenAway() throws {
    let bus = try TemporaryBus(), ksock = try bus.open(), shared = ksock.shared
    for heir in [0, CSHM_SLOT_RETURNING] {
      let loan = try ksock.loan(Announcement("$.A"), bytes: 8)
      let slot = try #require((0..<shared.geometry.slotCount).map { shared.slot($0) }.first { $0.payload == loan.payloadOffset })
      // Whoever looked a moment before saw it free.
      let isTaken = shared.disown(slot, to: heir)
      #expect(!isTaken)
      #expect(slot.sender == ksock.incarnation)
      try ksock.send(loan)
      #expect(shared.isFree(slot))
      #expect(shared.disown(slot, to: heir))
      #expect(slot.sender == heir)
      shared.memory.store64(slot.at + CSHM_SLOT_SENDER, 0)
      // It finds another to fill.
      try ksock.send(Announcement("$.A", "b"))
    }
    try bus.expectSound()
  }
}
