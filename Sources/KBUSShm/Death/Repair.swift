// What recovery and reaping do, on request: `kbus repair`.

internal import CShm

/// What a repair has done.
public struct BusRepair: Sendable {
  /// The lock was taken over from a dead holder, and what that was changing is finished or undone.
  public let recoveredLock: Bool
  /// Processes that had ended, and whose Ksocks were closed now.
  public let reaped: UInt64
  /// How the bus is afterwards.
  public let condition: BusCondition
}

extension Bus {
  /// Does at once what otherwise the next user of the bus, or whoever watches over it, does: takes the lock over from a dead holder,
  /// closes what ended processes have left, and wakes everybody who may have been owed a wake.
  ///
  /// **Errors:** those of opening a bus; `corrupt` if it is damaged, which nothing repairs.
  public static func repair(_ number: Int, in directory: String? = nil) throws(KBusError) -> BusRepair {
    let shared = try SharedBus.join(number, in: directory ?? BusDirectory.standard, mayCreate: false)
    defer { shared.leave() }
    return try shared.repair()
  }
}

extension SharedBus {
  private static let burials = 20
  private static let betweenBurials: UInt64 = 10_000_000

  fileprivate func repair() throws(KBusError) -> BusRepair {
    let recoveries = recoveryCount, reaps = reapCount
    try lock("repair")
    unlock()
    // Whoever is just ending is over in a moment.
    for _ in 0..<Self.burials {
      guard try reap(.all).contains(.departed) else { break }
      cshm_wait(Self.betweenBurials)
    }
    ringAll()
    return BusRepair(recoveredLock: recoveryCount != recoveries, reaped: reapCount &- reaps, condition: try examine())
  }
}
