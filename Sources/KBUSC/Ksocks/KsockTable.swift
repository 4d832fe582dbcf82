// Which number is which Ksock.
//
// Numbers are the kernel's, and a program may copy and close them without asking us. So a number is believed only after a look at
// what it is now; only the calls of kbus_shm.h that carry messages skip that look.

internal import CShm

enum KsockTable {
  // Guarded by the process lock.
  private nonisolated(unsafe) static var ksocks: [OpenKsock?] = []

  static func insert(_ ksock: OpenKsock, at number: CInt) {
    let old = withTable { table -> OpenKsock? in
      while table.count <= Int(number) { table.append(nil) }
      defer { table[Int(number)] = ksock }
      return table[Int(number)]
    }
    // The number may have been another Ksock's, which its program has closed with close(2).
    if let old, old !== ksock { lose(old) }
  }

  /// The Ksock of this number. `looking`: after a look at whether the number is still the descriptor.
  ///
  /// Not inlined: each of 40 calls would have it.
  /// **Errors:** `closed` if it is not an open Ksock, `forked` if it is a parent's.
  @inline(never) static func find(_ number: CInt, looking: Bool) throws(KBusError) -> OpenKsock {
    guard let ksock = entry(number) else { return try findCopied(number) }
    guard ksock.ksock.isOurs else { throw .forked("find") }
    guard looking, !ksock.ksock.isDescriptor(number) else { return ksock }
    if remove(ksock, at: number) { lose(ksock) }
    return try findCopied(number)
  }

  /// Closes a number; with the last number of a Ksock the Ksock.
  static func close(_ number: CInt) throws(KBusError) {
    if let ksock = entry(number), !ksock.ksock.isOurs {
      // A child gives back its copy, and nothing else.
      if remove(ksock, at: number), ksock.ksock.isDescriptor(number) { _ = cshm_file_close(number) }
      return
    }
    let ksock = try find(number, looking: true)
    // First: the moment it is closed the number can be another thread's.
    guard remove(ksock, at: number) else { throw .notAKsock(number) }
    _ = cshm_file_close(number)
    lose(ksock)
  }

  /// A number is not the Ksock's any more. Another copy may be.
  private static func lose(_ ksock: OpenKsock) {
    guard ksock.ksock.isOurs else { return }
    guard let other = ksock.ksock.findDescriptor() else { return ksock.close() }
    insert(ksock, at: other)
  }

  /// Returns whether it was there: another thread may have been quicker.
  private static func remove(_ ksock: OpenKsock, at number: CInt) -> Bool {
    withTable { table in
      guard Int(number) < table.count, table[Int(number)] === ksock else { return false }
      table[Int(number)] = nil
      return true
    }
  }

  /// A number that dup made of one that we know.
  private static func findCopied(_ number: CInt) throws(KBusError) -> OpenKsock {
    let known = withTable { $0.compactMap { $0 } }
    for ksock in known where ksock.ksock.isDescriptor(number) {
      guard ksock.ksock.isOurs else { throw .forked("find") }
      insert(ksock, at: number)
      return ksock
    }
    throw .notAKsock(number)
  }

  @inline(__always) private static func entry(_ number: CInt) -> OpenKsock? {
    withTable { number >= 0 && Int(number) < $0.count ? $0[Int(number)] : nil }
  }

  @inline(__always) private static func withTable<Result>(_ body: (inout [OpenKsock?]) -> Result) -> Result {
    cshm_process_lock()
    defer { cshm_process_unlock() }
    return unsafe body(&ksocks)
  }
}
