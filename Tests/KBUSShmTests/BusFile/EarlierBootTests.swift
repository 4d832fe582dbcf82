import CShm
import Foundation
import Glibc
import Testing

@testable import KBUSShm

@Suite("A bus file of an earlier boot", .timeLimit(.minutes(5))) struct EarlierBootTests {
  @Test("whoever was on it is over, whatever its words say of threads that exist again; ids go on")
  func takenOver() async throws {
    let bus = try TemporaryBus()
    await #expect(processExitsWith: .success) { [directory = bus.directory as String] in
      // A power failure: the process is gone, and no kernel has changed a word.
      let end = inForkedChild {
        guard let ksock = try? Ksock(bus: 0, in: directory), (try? ksock.bind("$.Old")) != nil else { return 1 }
        return withExtendedLifetime(ksock) { _exit(0) }
      }
      #expect(end == .exited(0))
      let geometry = Geometry(try Geometry.Limits(.small))
      do {
        let bytes = try BusBytes(Bus.path(0, in: directory))
        // This very process, in the words of that time: as if its ids had been given out again.
        let thread = UInt32(bitPattern: getpid()), waiters: UInt32 = 0x8000_0000, owner = geometry.owners.at(0)
        try bytes.set(owner + CSHM_OWNER_LIFE, thread | waiters)
        try bytes.set(owner + CSHM_OWNER_PID, thread)
        try bytes.set(owner + CSHM_OWNER_START_TIME, cshm_start_time(thread))
        try bytes.set(geometry.watchLine + CSHM_WATCH_LINE_ROLE, thread | waiters)
        try bytes.set(geometry.lockLine + CSHM_LOCK_LINE_LOCK, thread)
        try bytes.set(CSHM_HEADER_BOOT_ID, 7 as UInt64)
      }
      let ksock = try Ksock(bus: 0, in: directory)
      #expect(ksock.id == 2)
      let statistics = try ksock.statistics()
      #expect(statistics.ksocks.map(\.id) == [2])
      #expect(statistics.recoveries == 1 && statistics.reaps == 1)
      #expect(try ksock.bindings().isEmpty)
      #expect(try Bus.check(0, in: directory).isEmpty)
    }
  }
}
