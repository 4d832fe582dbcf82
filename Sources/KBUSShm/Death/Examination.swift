// What an administrator wants to know of a bus that may be alive, dead or damaged: `kbus check`.

internal import CShm

/// The state of a bus, as it was found.
public struct BusCondition: Sendable {
  /// Who has the lock of the bus.
  public enum Lock: Sendable, Equatable {
    case free
    case held(thread: UInt32)
    /// Its holder died: whoever comes next repairs what was being changed.
    case bereaved
  }

  /// One process with Ksocks on the bus.
  public struct Owner: Sendable {
    public enum State: UInt8, Sendable {
      case alive
      /// It is ending, or has become another program.
      case ending
      /// It is gone, and nobody has buried it yet.
      case over
    }

    /// Its pid, in its own pid namespace.
    public let pid: Int32
    public let state: State
    /// Whether its Ksocks have been taken off the bus.
    public let isDeparted: Bool
    /// Whether a thread of it tells of its end; without, only its pid does.
    public let hasLifeWord: Bool
    public let isInOtherPidNamespace: Bool
  }

  /// Invariants that do not hold, in every look that was taken.
  public let violations: [Violation]
  /// Some process found the bus damaged, and all refuse to use it.
  public let isMarkedCorrupt: Bool
  public let lock: Lock
  public let owners: [Owner]
  public let watcher: Watcher
}

extension Bus {
  /// Examines a bus without changing it: not even what a dead process has left is repaired.
  ///
  /// **Blocking:** holds the bus for as long as it takes to look at all of it, several times if something looks broken.
  /// **Errors:** those of opening a bus.
  public static func examine(_ number: Int, in directory: String? = nil) throws(KBusError) -> BusCondition {
    let shared = try SharedBus.join(number, in: directory ?? BusDirectory.standard, mayCreate: false)
    defer { shared.leave() }
    return try shared.examine()
  }
}

extension SharedBus {
  /// A message taken while the checker looks can seem to be a broken invariant (S1, K5): one that really is stays broken.
  private static let looks = 5
  private static let betweenLooks: UInt64 = 20_000_000

  func examine() throws(KBusError) -> BusCondition {
    var violations = try look()
    for _ in 1..<Self.looks where !violations.isEmpty {
      cshm_wait(Self.betweenLooks)
      let again = try look()
      violations = violations.filter { violation in again.contains { $0.isSame(as: violation) } }
    }
    return BusCondition(
      violations: violations, isMarkedCorrupt: isCorrupt, lock: lockCondition, owners: ownerConditions(), watcher: watcher)
  }

  private func look() throws(KBusError) -> [Violation] {
    // With the lock nothing moves but what owners take. To take it from the dead would be to repair; on a damaged bus nobody does.
    let isToBeTaken = !isCorrupt && lockCondition != .bereaved
    if isToBeTaken { try lock("check") }
    defer { if isToBeTaken { unlock() } }
    var checker = InvariantChecker(self)
    do throws(KBusError) {
      try checker.checkAll()
    } catch {
      // It could not go on: what stopped it is a finding too.
      guard error.code == .corrupt, let invariant = Invariant(namedIn: error) else { throw error }
      return checker.violations + [Violation(invariant: invariant, found: "the check could go no further")]
    }
    return checker.violations
  }

  private var lockCondition: BusCondition.Lock {
    let word = memory.acquire32(geometry.lockLine + CSHM_LOCK_LINE_LOCK)
    if cshm_life_has_ended(word) != 0 { return .bereaved }
    let holder = unsafe cshm_lock_holder(memory.lockWord(geometry.lockLine + CSHM_LOCK_LINE_LOCK))
    return holder == 0 ? .free : .held(thread: holder)
  }

  private func ownerConditions() -> [BusCondition.Owner] {
    var owners: [BusCondition.Owner] = []
    for index in 0..<geometry.owners.count {
      let owner = owner(index)
      guard owner.isInUse else { continue }
      let state: BusCondition.Owner.State =
        switch verdict(on: owner, thorough: true) {
        case .alive: .alive
        case .ending: .ending
        case .over: .over
        }
      owners.append(
        BusCondition.Owner(
          pid: Int32(bitPattern: owner.pid), state: state, isDeparted: owner.isDeparted, hasLifeWord: owner.life != 0,
          isInOtherPidNamespace: !isNear(owner)))
    }
    return owners
  }
}

extension Invariant {
  fileprivate init?(namedIn error: KBusError) {
    let named = Self.allCases.first { error.explanation.utf8.elementsEqual(KBusError.corrupt($0, "check").explanation.utf8) }
    guard let named else { return nil }
    self = named
  }
}

extension Violation {
  fileprivate func isSame(as other: Violation) -> Bool {
    invariant == other.invariant && found.utf8.elementsEqual(other.found.utf8)
  }
}
