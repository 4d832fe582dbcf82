// What whoever watches over a bus knows of its large slots, to give back the pages of those that nobody uses. It looks at them
// only: neither sender nor reader has anything to write down.

internal import CShm

struct UnusedSlots {
  /// What was seen of a large slot, and since when it has been so: the message that was in it last, and whether it was free.
  private struct Sight {
    var state = UInt64.max
    var since: UInt64 = 0
  }

  private var seen: [Sight] = []
  /// Of the slot that is being given back: where its pages that are left begin.
  private var left = 0
  private let patience: UInt64

  /// A stream of any rate that one would call one keeps its slots.
  private static let patience: UInt64 = 5_000_000_000
  /// A slot that somebody holds is looked at the more rarely the longer that lasts, but no more rarely than this.
  private static let longestPause: UInt64 = 60_000_000_000

  /// `patience`: for so long must nobody have used a slot.
  init(patience: UInt64 = Self.patience) { self.patience = patience }

  /// With the role of watching: gives back some pages, if there are any to be given back. Not all of them, since deaths are not to wait. Returns when to look
  /// again: never, if no large slot has pages.
  mutating func look(_ bus: SharedBus) -> UInt64 {
    let large = bus.geometry.firstLargeSlot..<bus.geometry.slotCount, now = cshm_now()
    if seen.isEmpty { seen = Array(repeating: Sight(), count: large.count) }
    var next = UInt64.max
    for index in large {
      let slot = bus.slot(index)
      if slot.isReturning, bus.isReleased(slot) {
        left = bus.giveBackPart(of: slot, from: left)
        return now
      }
      guard slot.isBacked else { continue }
      let time = look(bus, slot, &seen[index - large.lowerBound], now)
      if time <= now { return now }
      next = min(next, time)
    }
    return next
  }

  /// When to look at a slot again.
  private func look(_ bus: SharedBus, _ slot: SlotRecord, _ sight: inout Sight, _ now: UInt64) -> UInt64 {
    let isFree = bus.isFree(slot), state = slot.sequence << 1 | (isFree ? 1 : 0)
    if state != sight.state { sight = Sight(state: state, since: now) }
    let age = now &- sight.since
    guard isFree else { return now &+ min(max(age, patience), Self.longestPause) }
    guard age >= patience || !bus.isUsed else { return sight.since &+ patience }
    // If it can't be had, it is tried again after as long as this.
    sight.since = now
    return (try? bus.beginReturn(slot)) == true ? now : now &+ patience
  }
}
