// One process that has Ksocks on the bus, as the bus file holds it (cshm_owner, invariants O1 to O4).

internal import CShm

struct OwnerRecord {
  let memory: BusMemory
  let at: Int
  let index: Int

  var incarnation: UInt64 { memory.u64(at + CSHM_OWNER_INCARNATION) }
  var startTime: UInt64 { memory.u64(at + CSHM_OWNER_START_TIME) }
  var pid: UInt32 { memory.u32(at + CSHM_OWNER_PID) }
  var pidNamespace: UInt32 { memory.u32(at + CSHM_OWNER_PID_NAMESPACE) }
  /// The word that the kernel changes when the owner's helper thread ends.
  var life: UInt32 { memory.acquire32(lifePlace) }
  var lifePlace: Int { at + CSHM_OWNER_LIFE }
  var isDeparted: Bool { memory.u32(at + CSHM_OWNER_DEPARTED) != 0 }
  var isInUse: Bool { incarnation != 0 }
}

extension SharedBus {
  func owner(_ index: Int) -> OwnerRecord {
    OwnerRecord(memory: memory, at: geometry.owners.at(index), index: index)
  }

  /// Whether any process has Ksocks here.
  var isUsed: Bool { (0..<geometry.owners.count).contains { owner($0).isInUse } }

  /// The process that opened a Ksock; nil if its record names none (O2).
  func owner(of ksock: KsockRecord) -> OwnerRecord? {
    let word = Int(memory.u32(ksock.at + CSHM_KSOCK_OWNER))
    return word >= 1 && word <= geometry.owners.count ? owner(word - 1) : nil
  }

  /// The first Ksock in use that a process opened and that is meant.
  func firstKsock(of owner: OwnerRecord, where isMeant: (KsockRecord) -> Bool = { _ in true }) -> KsockRecord? {
    for index in 0..<geometry.limits.ksocks {
      let ksock = ksock(index)
      if ksock.isInUse, memory.u32(ksock.at + CSHM_KSOCK_OWNER) == UInt32(owner.index) + 1, isMeant(ksock) { return ksock }
    }
    return nil
  }

  /// The pid of the process that opened a Ksock.
  func pid(of ksock: KsockRecord) -> UInt32 { owner(of: ksock)?.pid ?? 0 }

  /// Owners that ended without leaving, since the bus was made.
  var reapCount: UInt64 { memory.u64(geometry.watchLine + CSHM_WATCH_LINE_REAPS) }
}
