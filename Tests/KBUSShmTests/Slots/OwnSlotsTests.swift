import CShm
import Testing

@testable import KBUSShm

@Suite("Slots that a Ksock has for itself", .timeLimit(.minutes(5))) struct OwnSlotsTests {
  @Test("small messages that are read at once go through two slots in turn, large ones through one", arguments: [64, 100_000])
  func inTurn(bytes: Int) throws {
    let bus = try TemporaryBus(BusOptions()), (sender, listener) = (try bus.open(), try bus.open())
    try listener.bind("$.A")
    var places: [Int] = []
    for _ in 0..<6 {
      let loan = try sender.loan(Announcement("$.A"), bytes: bytes)
      places.append(loan.payloadOffset)
      try sender.send(loan)
      #expect(try listener.receive() != nil)
    }
    #expect((places[0] != places[1]) == (bytes == 64))
    for number in 2..<6 { #expect(places[number] == places[number - 2]) }
    try bus.expectSound()
  }

  @Test("another process that comes takes none away as long as there are some that nobody has")
  func newcomer() throws {
    let bus = try TemporaryBus(BusOptions()), ksock = try bus.open(), shared = ksock.shared
    try ksock.send(Announcement("$.A"))
    let owned = { (0..<shared.geometry.slotCount).filter { shared.slot($0).sender & ~CSHM_SLOT_IDLE == ksock.incarnation } }
    let before = owned()
    #expect(before.count == 2)
    // It knows nothing of where others have found theirs.
    for number in 0..<shared.scratch.hints.count { shared.scratch.hints[number] = 0 }
    try bus.open().send(Announcement("$.A"))
    #expect(owned() == before)
  }

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
