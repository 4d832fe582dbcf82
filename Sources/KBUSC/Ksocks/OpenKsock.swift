// A Ksock as a C program has it: the number of a descriptor, and behind it the Ksock with a message half read and one half
// written.

internal import CShm

final class OpenKsock: @unchecked Sendable {
  // Sendable: `reading` is guarded by word 0 of `locks`, `writing` by word 1.
  let ksock: Ksock
  var reading = MessageReading()
  var writing = MessageWriting()
  /// For a message held in place, and for a loan.
  let roomToRead = SpareRoom(), roomToFill = SpareRoom()
  private let locks = LocalArray<UInt32>(repeating: 0, count: 2)

  init(_ ksock: Ksock) { self.ksock = ksock }

  deinit { locks.deallocate() }

  @inline(__always) func withReading<Result>(
    _ body: (inout MessageReading) throws(KBusError) -> Result
  ) throws(KBusError) -> Result {
    unsafe cshm_local_lock(locks.address(0))
    defer { unsafe cshm_local_unlock(locks.address(0)) }
    return try body(&reading)
  }

  @inline(__always) func withWriting<Result>(
    _ body: (inout MessageWriting) throws(KBusError) -> Result
  ) throws(KBusError) -> Result {
    unsafe cshm_local_lock(locks.address(1))
    defer { unsafe cshm_local_unlock(locks.address(1)) }
    return try body(&writing)
  }

  /// The next message, with a time limit as C has it. No limit is computed while something is queued.
  func take(within nanoseconds: Int64, yielding: Bool = false) throws(KBusError) -> Taken? {
    try ksock.settleRefusal()
    if let taken = try ksock.takeAsIs() { return taken }
    return nanoseconds == 0 ? nil : try ksock.waitToTake(.after(limit(nanoseconds)), yielding: yielding)
  }

  /// Closes the Ksock on its bus. What is half read or half written is given back.
  func close() {
    guard ksock.isOurs else { return }
    try? withReading { reading in reading.drop() }
    try? withWriting { writing in writing.drop() }
    ksock.close()
  }
}
