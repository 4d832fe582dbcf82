// Ksocks whose process is gone without closing them. Until there is a reaper that notices a death at once, whoever opens a bus
// next closes them: with everything that section 15 asks for, statuses to waiting requesters among it.

internal import CShm

extension SharedBus {
  /// A Ksock as it was seen without the lock.
  struct Sighting {
    let index: Int
    let incarnation: UInt64
  }

  /// Ksocks whose owner is known to be gone. Asks the kernel, so not under the lock.
  func findAbandoned() -> [Sighting] {
    var found: [Sighting] = []
    var pid: UInt32 = 0, start: UInt64 = 0, isGone = false
    for index in 0..<geometry.limits.ksocks {
      let ksock = ksock(index)
      guard ksock.isOpen else { continue }
      // A process often has many Ksocks: ask about it once.
      if ksock.pid != pid || ksock.startTime != start {
        pid = ksock.pid
        start = ksock.startTime
        isGone = Machine.isGone(pid: pid, startTime: start, namespace: ksock.pidNamespace)
      }
      if isGone { found.append(Sighting(index: index, incarnation: ksock.incarnation)) }
    }
    return found
  }

  /// Closes them, under the lock, unless somebody else has by now.
  func closeAbandoned(_ found: [Sighting], _ rings: inout Rings) throws(KBusError) {
    for sighting in found where ksock(sighting.index).incarnation == sighting.incarnation {
      try closeKsock(ksock(sighting.index), keepingHeld: false, &rings)
    }
  }
}
