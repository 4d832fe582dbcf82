// Checks every invariant of a bus by number (cshm_layout.h, docs/LAYOUT.md). Tests run it after each crash.
//
// It holds the lock, so nothing that is written under the lock moves. Owners take without it: on a bus in use a message
// taken during the check can look like a broken S1 or K5, so look twice before you believe one there.

internal import CShm

/// An invariant that does not hold.
public struct Violation: Sendable, CustomStringConvertible {
  public let invariant: Invariant
  public let found: String

  public var description: String { "\(invariant.number): \(found) (\(invariant.sentence))" }
}

extension Bus {
  /// Checks every invariant of a bus; empty if all hold.
  ///
  /// **Blocking:** holds the bus for as long as it takes to look at all of it. **Errors:** those of opening a bus.
  public static func check(_ number: Int, in directory: String? = nil) throws(KBusError) -> [Violation] {
    let shared = try SharedBus.join(number, in: directory ?? BusDirectory.standard, mayCreate: false)
    defer { shared.leave() }
    try shared.lock("check")
    defer { shared.unlock() }
    var checker = InvariantChecker(shared)
    try checker.checkAll()
    return checker.violations
  }
}

struct InvariantChecker {
  private let bus: SharedBus
  private(set) var violations: [Violation] = []
  /// Holder bits that somebody accounts for, by slot.
  private var holders: [UInt64]
  private var extensionBits: [UInt64]
  private var chunksInQueues = 0
  private var nodesInLists = 0
  private var asideInLists = 0
  private var bindingsInLists = 0

  init(_ bus: SharedBus) {
    self.bus = bus
    holders = Array(repeating: 0, count: bus.geometry.slotCount)
    extensionBits = Array(repeating: 0, count: bus.geometry.extensions.count)
  }

  mutating func checkAll() throws(KBusError) {
    checkJournals()
    checkOwners()
    for index in 0..<bus.geometry.limits.ksocks where bus.ksock(index).isInUse { try checkKsock(bus.ksock(index)) }
    checkPools()
    checkRequests()
    try checkBindings()
    checkSlots()
  }

  private mutating func expect(_ holds: Bool, _ invariant: Invariant, _ found: String) {
    if !holds { violations.append(Violation(invariant: invariant, found: found)) }
  }

  private func isOpen(_ incarnation: UInt64) -> Bool {
    (0..<bus.geometry.limits.ksocks).contains { bus.ksock($0).incarnation == incarnation }
  }

  // The bus as a whole

  private mutating func checkJournals() {
    let geometry = bus.geometry, memory = bus.memory
    for number in 0...geometry.limits.ksocks {
      let journal = number == 0 ? geometry.wideJournal : geometry.journals.at(number - 1)
      let phase = memory.u64(journal + CSHM_JOURNAL_PHASE)
      expect(phase == 0, phase < CSHM_COMMITTED ? .j2 : .j1, "journal \(number) has phase \(phase)")
    }
    expect(memory.u64(geometry.state + CSHM_STATE_OPERATION) == 0, .t1, "a long operation is unfinished")
  }

  private mutating func checkPools() {
    let geometry = bus.geometry
    func used(_ region: Geometry.Region) -> Int {
      (0..<region.count).reduce(0) { bus.memory.u64(region.at($1)) != 0 ? $0 + 1 : $0 }
    }
    expect(used(geometry.chunks) == chunksInQueues, .c1, "\(used(geometry.chunks)) chunks are in use, \(chunksInQueues) in queues")
    expect(
      used(geometry.urgentNodes) == nodesInLists, .n1, "\(used(geometry.urgentNodes)) urgent nodes are in use, \(nodesInLists) in lists")
    let aside = used(geometry.setAsideNodes)
    expect(aside == asideInLists, .n1, "\(aside) set-aside nodes are in use, \(asideInLists) in lists")
    expect(bus.setAsideCount == aside, .t3, "set_aside is \(bus.setAsideCount), nodes in use \(aside)")
    expect(!bus.isTragic || aside > 0, .t3, "tragic with nothing set aside")
  }

  private mutating func checkOwners() {
    var known: [UInt64] = []
    for index in 0..<bus.geometry.owners.count where bus.owner(index).isInUse {
      let incarnation = bus.owner(index).incarnation
      expect(!known.contains(incarnation), .o1, "owner \(index) has the incarnation \(incarnation) of another")
      known.append(incarnation)
    }
  }

  // One Ksock

  private mutating func checkKsock(_ ksock: KsockRecord) throws(KBusError) {
    checkOwner(of: ksock)
    checkChunks(ksock)
    let head = ksock.head, tail = ksock.tail, reserved = UInt64(ksock.reserved)
    expect(head <= tail && tail < ksock.end, .k2, "Ksock \(ksock.id): head \(head), tail \(tail), end \(ksock.end)")
    expect(ksock.end &- tail > reserved, .k3, "Ksock \(ksock.id): \(ksock.end &- tail) entries for \(reserved) answers")
    let outstanding = (0..<bus.geometry.limits.requests).reduce(0) { count, index in
      let record = bus.request(index)
      return record.sequence != 0 && record.requesterIncarnation == ksock.incarnation ? count + 1 : count
    }
    expect(outstanding == Int(reserved), .k4, "Ksock \(ksock.id): \(reserved) reserved, \(outstanding) outstanding")
    // A process killed between the two words leaves passed one ahead of head: at most one too many.
    let ring = Int64(bitPattern: tail &- ksock.tombstones &- ksock.passed)
    expect(ring >= -1, .k5, "Ksock \(ksock.id): \(ksock.passed) passed of \(tail &- ksock.tombstones)")
    let seen = bus.memory.u64(ksock.at + CSHM_KSOCK_PASSED_SEEN)
    expect(seen <= ksock.passed, .k9, "Ksock \(ksock.id): \(seen) seen, \(ksock.passed) passed")
    let watched = bus.memory.u32(ksock.at + CSHM_KSOCK_WATCHED)
    let polled = bus.memory.u32(ksock.at + CSHM_KSOCK_POLLED)
    expect(
      ksock.hasDescriptor & ~UInt32(CSHM_DESCRIPTOR_FAST) <= UInt32(CSHM_DESCRIPTOR_LISTENS) && polled <= 1 && watched <= 1, .k10,
      "Ksock \(ksock.id): descriptor \(ksock.hasDescriptor), polled \(polled), watched \(watched)")
    let inode = bus.memory.u64(ksock.at + CSHM_KSOCK_FAST_INODE)
    expect(!ksock.hasFastDescriptor || inode != 0, .k12, "Ksock \(ksock.id): a fast descriptor without an inode")
    expect(ksock.backlogTail <= tail, .k13, "Ksock \(ksock.id): backlog to \(ksock.backlogTail), tail \(tail)")
    try checkEntries(ksock)
    try checkLists(ksock)
    try checkHeld(ksock)
  }

  private mutating func checkOwner(of ksock: KsockRecord) {
    guard let owner = bus.owner(of: ksock), owner.isInUse else {
      expect(false, .o2, "Ksock \(ksock.id): its owner is not in use")
      return
    }
    expect(!owner.isDeparted || ksock.isDeparted, .o3, "Ksock \(ksock.id): its owner \(owner.index) has departed")
    guard ksock.isDeparted else { return }
    let left = ksock.bindings != 0 || ksock.reserved != 0 || ksock.urgentCount != 0 || ksock.setAsideCount != 0 || ksock.pending != 0
    expect(!left, .k11, "Ksock \(ksock.id): bindings \(ksock.bindings), reserved \(ksock.reserved), pending \(ksock.pending)")
    expect(!bus.owesAnswer(ksock.incarnation), .k11, "Ksock \(ksock.id): a request waits for its answer")
  }

  private mutating func checkChunks(_ ksock: KsockRecord) {
    var word = ksock.firstChunk
    var base: UInt64?
    var hops = 0
    while word != 0, Int(word) <= bus.geometry.chunks.count, hops <= bus.geometry.chunks.count {
      let chunk = bus.chunk(Int(word) - 1)
      hops += 1
      chunksInQueues += 1
      expect(chunk.owner == ksock.incarnation, .c1, "Ksock \(ksock.id): chunk \(chunk.index) has owner \(chunk.owner)")
      if let base {
        expect(chunk.base == base &+ 32, .c2, "Ksock \(ksock.id): base \(chunk.base) follows \(base)")
      } else {
        expect(chunk.base <= ksock.head, .k2, "Ksock \(ksock.id): first base \(chunk.base), head \(ksock.head)")
      }
      base = chunk.base
      if chunk.next == 0 {
        expect(word == ksock.lastChunk, .c2, "Ksock \(ksock.id): last chunk is \(word), not \(ksock.lastChunk)")
        expect(chunk.base &+ 32 == ksock.end, .k2, "Ksock \(ksock.id): end \(ksock.end), last base \(chunk.base)")
      }
      word = chunk.next
    }
    expect(word == 0 && hops > 0, .c2, "Ksock \(ksock.id): the chain of chunks does not end")
  }

  private mutating func checkEntries(_ ksock: KsockRecord) throws(KBusError) {
    var copies: [Copy] = []
    var stale: UInt64?
    try bus.forEachEntry(of: ksock, "check") { position, entry throws(KBusError) in
      if entry.stamp != position &+ 1 { stale = position }
      if !entry.copy.isTombstone { copies.append(entry.copy) }
      return true
    }
    expect(stale == nil, .c3, "Ksock \(ksock.id): the entry at \(stale ?? 0) is not published")
    for copy in copies { account(copy, "queue of Ksock \(ksock.id)") }
  }

  private mutating func checkLists(_ ksock: KsockRecord) throws(KBusError) {
    var urgent = 0
    var word = ksock.urgentCount == 0 ? 0 : ksock.urgentHead
    while word != 0, urgent <= bus.geometry.urgentNodes.count {
      let node = try bus.urgentNode(checking: word, "check")
      urgent += 1
      expect(node.owner == ksock.incarnation, .n1, "Ksock \(ksock.id): urgent node \(node.index) has owner \(node.owner)")
      account(node.entry.copy, "urgent list of Ksock \(ksock.id)")
      word = node.next
    }
    nodesInLists += urgent
    expect(urgent == Int(ksock.urgentCount), .k6, "Ksock \(ksock.id): count \(ksock.urgentCount), list \(urgent)")
    var aside: [NodeRecord] = []
    try bus.forEachSetAside(of: ksock, "check") { node, _ throws(KBusError) in
      aside.append(node)
      return true
    }
    for node in aside {
      expect(node.owner == ksock.incarnation, .n1, "Ksock \(ksock.id): set-aside node \(node.index) has owner \(node.owner)")
      account(node.entry.copy, "set-aside list of Ksock \(ksock.id)")
    }
    asideInLists += aside.count
    expect(aside.count == Int(ksock.setAsideCount), .k8, "Ksock \(ksock.id): count \(ksock.setAsideCount), list \(aside.count)")
    let special = ksock.special
    expect((special & UInt32(CSHM_SPECIAL_URGENT) != 0) == (urgent > 0), .k7, "Ksock \(ksock.id): special \(special), urgent \(urgent)")
    expect(
      (special & UInt32(CSHM_SPECIAL_SET_ASIDE) != 0) == !aside.isEmpty, .k7, "Ksock \(ksock.id): special \(special), aside \(aside.count)")
  }

  private mutating func checkHeld(_ ksock: KsockRecord) throws(KBusError) {
    for number in 0..<Int(CSHM_HELD) {
      let at = bus.heldRecord(ksock, number), position = bus.memory.u64(at + CSHM_HELD_POSITION)
      guard position != 0, position == CSHM_HELD_SPECIAL || position <= ksock.head else { continue }
      let slot = bus.memory.u32(at + CSHM_HELD_SLOT)
      guard slot >= 1, Int(slot) <= bus.geometry.slotCount else {
        expect(false, .e1, "Ksock \(ksock.id): held record \(number) names slot \(slot)")
        continue
      }
      guard bus.slot(Int(slot) - 1).sequence == bus.memory.u64(at + CSHM_HELD_SEQUENCE) else { continue }
      account(Copy(slot: slot, holder: bus.memory.u32(at + CSHM_HELD_HOLDER)), nil)
    }
  }

  /// Somebody refers to this copy: its holder bit must be set, and may be.
  private mutating func account(_ copy: Copy, _ place: String?) {
    guard copy.isMessage else { return }
    guard copy.slot >= 1, Int(copy.slot) <= bus.geometry.slotCount else {
      expect(false, .s1, "\(place ?? "held record"): slot \(copy.slot)")
      return
    }
    let slot = bus.slot(Int(copy.slot) - 1)
    // A held record may lag behind its bit: that is cleared first, and its extension may be another slot's by now.
    guard let (offset, bit) = bus.holderBit(slot, copy.holder) else {
      if let place { expect(false, .s1, "\(place): slot \(slot.index) has no holder \(copy.holder)") }
      return
    }
    if let place { expect(bus.memory.u64(offset) & bit != 0, .s1, "\(place): slot \(slot.index) lacks the bit of holder \(copy.holder)") }
    if copy.holder < UInt32(SlotRecord.inlineHolders) {
      holders[slot.index] |= bit
    } else {
      extensionBits[(offset - bus.geometry.extensions.start) / bus.geometry.extensions.stride] |= bit
    }
  }

  // Slots, requests, bindings

  private mutating func checkSlots() {
    for index in 0..<bus.geometry.slotCount {
      let slot = bus.slot(index)
      let orphans = slot.holders & ~holders[index], sender = slot.sender & ~CSHM_SLOT_IDLE
      if orphans != 0 { expect(false, .s1, "slot \(index): nobody has the copies \(String(orphans, radix: 2))") }
      let backed = bus.memory.u32(slot.at + CSHM_SLOT_BACKED)
      expect(backed <= 1, .s5, "slot \(index): backed is \(backed)")
      if slot.isReturning {
        expect(index >= bus.geometry.firstLargeSlot && bus.isReleased(slot), .s4, "slot \(index): holders \(slot.holders)")
      } else if sender != 0, !isOpen(sender) {
        expect(false, .s1, "slot \(index): its sender \(sender) is not open")
      }
    }
    for index in extensionBits.indices {
      let bits = bus.memory.u64(bus.geometry.extensions.at(index) + CSHM_EXTENSION_BITS)
      if bits & ~extensionBits[index] != 0 { expect(false, .x1, "extension \(index): nobody has the copies \(String(bits, radix: 2))") }
    }
  }

  private mutating func checkRequests() {
    for index in 0..<bus.geometry.limits.requests {
      let record = bus.request(index)
      guard record.sequence != 0 else { continue }
      for (word, incarnation) in [(record.requester, record.requesterIncarnation), (record.replier, record.replierIncarnation)] {
        let isThere = Int(word) < bus.geometry.limits.ksocks && bus.ksock(Int(word)).incarnation == incarnation
        expect(isThere, .r2, "request \(record.id): Ksock record \(word) is not of incarnation \(incarnation)")
      }
    }
  }

  private mutating func checkBindings() throws(KBusError) {
    var depths = Array(repeating: 0, count: Int(CSHM_DEPTHS))
    var used = 0, longNames = 0
    for index in 0..<bus.geometry.limits.bindings {
      let binding = bus.binding(index)
      guard binding.sequence != 0 else { continue }
      used += 1
      if binding.longName != 0 {
        longNames += 1
        let owner =
          Int(binding.longName) <= bus.geometry.longNames.count ? bus.memory.u64(bus.geometry.longNames.at(Int(binding.longName) - 1)) : 0
        expect(owner == binding.sequence, .m1, "binding \(index): its long name has owner \(owner)")
      }
      var isFiled = false
      var chain = bus.bindings(filed: binding.hash)
      while !isFiled, let other = try chain.next("check") { isFiled = other.index == index }
      expect(isFiled, .b2, "binding \(index) is not in its bucket")
      if binding.form == .descendants {
        let dots = try binding.name("check").bytes.reduce(0) { $1 == Ascii.dot ? $0 + 1 : $0 }
        if dots >= 1 { depths[dots - 1] += 1 }
      }
    }
    for index in 0..<bus.geometry.limits.ksocks where bus.ksock(index).isInUse {
      var word = bus.ksock(index).bindings
      while word != 0, bindingsInLists <= used {
        let binding = try bus.binding(checking: word, "check")
        bindingsInLists += 1
        expect(Int(binding.ksock) == index, .b2, "binding \(binding.index) is in the list of Ksock record \(index)")
        word = binding.ownNext
      }
    }
    expect(bindingsInLists == used, .b2, "\(used) bindings are in use, \(bindingsInLists) in lists of Ksocks")
    let owned = (0..<bus.geometry.longNames.count).reduce(0) { bus.memory.u64(bus.geometry.longNames.at($1)) != 0 ? $0 + 1 : $0 }
    expect(owned == longNames, .m1, "\(owned) long names are in use, \(longNames) by bindings")
    for depth in 0..<Int(CSHM_DEPTHS) {
      let count = Int(bus.memory.u32(bus.geometry.state + CSHM_STATE_STAR_DEPTHS + depth * 4))
      expect(count == depths[depth], .t2, "depth \(depth): count \(count), bindings \(depths[depth])")
    }
  }
}
