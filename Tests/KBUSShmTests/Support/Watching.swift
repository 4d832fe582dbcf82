// Watching over a bus in the place of a reaper.

import Testing

@testable import KBUSShm

/// The test has the role of watching over a bus, and gives back what has not been used for a nanosecond.
final class Watching {
  private let bus: SharedBus
  private var watch: Watch
  private var unused: UnusedSlots

  /// Before anybody has a Ksock there: then the role is free, and nobody starts a reaper.
  init(_ directory: String, patience: UInt64 = 1) throws {
    bus = try SharedBus.join(0, in: directory, mayCreate: false)
    watch = Watch(bus, as: .reaper)
    unused = UnusedSlots(patience: patience)
    watch.begin()
    watch.look()
    let hasRole = watch.hasRole
    try #require(hasRole)
  }

  func end() {
    watch.end()
    bus.leave()
  }

  private var large: [SlotRecord] { (bus.geometry.firstLargeSlot..<bus.geometry.slotCount).map(bus.slot) }

  var backed: Int { large.count { $0.isBacked } }
  var isReturning: Bool { large.contains { $0.isReturning } }

  /// Tries to take every slot with pages out of the pool; how many could be.
  func beginReturns() throws -> Int { try large.count { try $0.isBacked && bus.beginReturn($0) } }

  func look() -> UInt64 { unused.look(bus) }

  func giveBackAll() { while isReturning || large.contains(where: { $0.isBacked && bus.isFree($0) }) { _ = look() } }
}
