// Watching over a bus in the place of a reaper.

@testable import KBUSShm

/// The test has the role of watching over a bus, and gives back what has not been used for a nanosecond.
final class Watching {
  private let bus: SharedBus
  private var watch: Watch
  private var unused: UnusedSlots

  init(_ bus: SharedBus, patience: UInt64 = 1) {
    self.bus = bus
    watch = Watch(bus, as: .reaper)
    unused = UnusedSlots(patience: patience)
    while true {
      watch.begin()
      watch.look()
      if watch.hasRole { break }
      watch.wait()
    }
  }

  func end() { watch.end() }

  private var large: [SlotRecord] { (bus.geometry.firstLargeSlot..<bus.geometry.slotCount).map(bus.slot) }

  var backed: Int { large.count { $0.isBacked } }
  var isReturning: Bool { large.contains { $0.isReturning } }

  func look() -> UInt64 { unused.look(bus) }

  func giveBackAll() { while isReturning || large.contains(where: { $0.isBacked && bus.isFree($0) }) { _ = look() } }
}
