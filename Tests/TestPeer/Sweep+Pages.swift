// The sweep of what nobody does but whoever watches over a bus: giving back the pages of slots that are not used. Only debug builds
// have stores to be killed at, and only they let a test see that much of the library.

#if DEBUG
  import CShm
  @testable import KBUSShm

  extension Sweep {
    /// Two slots, one that was sent and is idle, and one that nobody has.
    static func giveBack(_ ksock: Ksock, killedBefore n: UInt64) throws(KBusError) -> UInt64 {
      do {
        let dropped = try ksock.loan(Announcement("$.Nobody"), bytes: 1 << 20)
        try ksock.send(try ksock.loan(Announcement("$.Nobody"), bytes: 1 << 20))
        _ = consume dropped
      }
      let bus = ksock.shared
      // As a reaper it gets the role from whoever has it.
      var watch = Watch(bus, as: .reaper)
      while true {
        watch.begin()
        watch.look()
        if watch.hasRole { break }
        watch.wait()
      }
      var unused = UnusedSlots(patience: 1)
      cshm_fault_arm(n, CInt(CSHM_FAULT_KILL))
      while unused.look(bus) != .max {}
      let stores = cshm_fault_disarm()
      watch.end()
      return stores
    }
  }
#endif
