// Taking over from a dead holder of the lock: finish its transaction or drop it, finish its long operation, wake everybody.

internal import CShm

extension SharedBus {
  /// How often the lock has been taken over from a dead holder.
  var recoveryCount: UInt64 { memory.u64(geometry.state + CSHM_STATE_RECOVERIES) }

  /// Repairs the bus, under a lock that came with EOWNERDEAD. If we die here, the next one does all of it again.
  func recover() throws(KBusError) {
    try Transaction.recover(self)
    var rings = Rings(self)
    try finishOperation(&rings)
    let count = geometry.state + CSHM_STATE_RECOVERIES
    memory.store64(count, recoveryCount &+ 1)
    // The dead may have owed a wake to anybody. Under the lock, since what is woken only looks again.
    ringAll()
  }
}
