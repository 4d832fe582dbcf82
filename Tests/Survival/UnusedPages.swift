// What nobody does but whoever watches over a bus: giving back the pages of large slots that are not used. Only debug builds let the tool
// see that much of the library.

#if DEBUG
  @testable import KBUSShm
#else
  import KBUSShm
#endif

extension Ksock {
  /// Gives the pages of two large slots to be given back: one that was sent and is idle, and one that nobody has.
  func useLargeSlots() throws(KBusError) {
    let dropped = try loan(Announcement("$.Nobody"), bytes: Scene.largeSlot)
    try send(try loan(Announcement("$.Nobody"), bytes: Scene.largeSlot))
    _ = consume dropped
  }

  /// As whoever has the role of watching. Nobody else may have it.
  func giveBackPages() {
    #if DEBUG
      var unused = UnusedSlots(patience: 1)
      while unused.look(shared) != .max {}
    #endif
  }

  /// Large slots that have pages, and those that are not back in the pool yet.
  func slotsToGiveBack() -> Int {
    #if DEBUG
      return (shared.geometry.firstLargeSlot..<shared.geometry.slotCount).count {
        shared.slot($0).isBacked || !shared.isFree(shared.slot($0))
      }
    #else
      return 0
    #endif
  }
}
