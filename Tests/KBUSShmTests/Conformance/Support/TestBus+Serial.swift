// The serial counter of a bus, set forward so that a test need not send four thousand million messages.

import CShm
import Foundation
import KBUSShm

extension TestBus {
  /// Makes this the serial given out last on bus 0, on which nobody may be doing anything.
  ///
  /// There is no call for it: the word is written into the bus file. It stands in the first cache line behind
  /// the header's page.
  func setLastSerial(_ serial: UInt32) throws {
    let path = Bus.path(0, in: directory)
    let file = try FileHandle(forWritingTo: URL(fileURLWithPath: path))
    defer { try? file.close() }
    try file.seek(toOffset: cshm_page_bytes() + UInt64(CSHM_LOCK_LINE_LAST_SERIAL))
    // The numbers of the file are in the byte order of the machine.
    let shifts = 1.littleEndian == 1 ? [0, 8, 16, 24] : [24, 16, 8, 0]
    try file.write(contentsOf: shifts.map { UInt8(truncatingIfNeeded: serial >> UInt32($0)) })
  }
}
