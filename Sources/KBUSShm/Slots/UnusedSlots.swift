// What whoever watches over a bus knows of its large slots, to give back the pages of those that nobody uses. It looks at them
// only: neither sender nor reader has anything to write down.

internal import CShm

struct UnusedSlots {
  /// What was seen of each large slot: the message that was in it last, and whether it was free; and since when it has been so.
  private var sights: [UInt64] = []
  private var since: [UInt64] = []
  /// Of the slot that is being given back: where its pages that are left begin.
  private var left = 0
  private let patience: UInt64

  /// Whoever sends a frame every few seconds keeps its slots.
  private static let patience: UInt64 = 5_000_000_000
  /// A slot that somebody holds is looked at the more rarely the longer that lasts, but no more rarely than this.
  private static let longestPause: UInt64 = 60_000_000_000

  /// `patience`: for so long must nobody have used a slot.
  init(patience: UInt64 = Self.patience) { self.patience = patience }

  /// With the role of watching: gives back some pages, if there are any to be given back. Not all of them, since deaths are not to
  /// wait. Returns when to look again: never, if no large slot has pages.
  mutating func look(_ bus: SharedBus) -> UInt64 {
    let first = bus.geometry.firstLargeSlot, now = cshm_now()
    if sights.isEmpty {
      sights = Array(repeating: .max, count: bus.geometry.slotCount - first)
      since = sights
    }
    // One slot at a time.
    for place in sights.indices {
      let slot = bus.slot(first + place)
      guard slot.isReturning, bus.isReleased(slot) else { continue }
      left = bus.giveBackPart(of: slot, from: left)
      return now
    }
    var next = UInt64.max
    for place in sights.indices {
      let slot = bus.slot(first + place)
      guard slot.isBacked else { continue }
      let time = look(bus, slot, place, now)
      if time <= now { return now }
      next = min(next, time)
    }
    return next
  }

  /// When to look at a slot again.
  private mutating func look(_ bus: SharedBus, _ slot: SlotRecord, _ place: Int, _ now: UInt64) -> UInt64 {
    let isFree = bus.isFree(slot), sight = slot.sequence << 1 | (isFree ? 1 : 0)
    if sight != sights[place] { (sights[place], since[place]) = (sight, now) }
    let age = now &- since[place]
    guard isFree else { return now &+ min(max(age, patience), Self.longestPause) }
    guard age >= patience || !bus.isUsed else { return since[place] &+ patience }
    // If it can't be had, it is tried again after as long as this.
    since[place] = now
    return (try? bus.beginReturn(slot)) == true ? now : now &+ patience
  }
}
