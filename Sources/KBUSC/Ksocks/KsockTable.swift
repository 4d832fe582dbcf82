// Which number is which Ksock.
//
// Numbers are the kernel's, and a program may copy and close them without asking us. So a number is believed only after a look at
// what it is now; only the calls of kbus_shm.h that carry messages skip that look.

internal import CShm

enum KsockTable {
  // Guarded by the process lock.
  private nonisolated(unsafe) static var ksocks: [OpenKsock?] = []

  static func insert(_ ksock: OpenKsock, at number: CInt) {
    // The number may have been another Ksock's, which its program has closed with close(2).
    if let old = entry(number) { lose(number, old) }
    set(number, ksock)
  }

  /// The Ksock of this number. `looking`: after a look at whether the number is still the descriptor.
  ///
  /// **Errors:** `closed` if it is not an open Ksock, `forked` if it is a parent's.
  @inline(__always) static func find(_ number: CInt, looking: Bool) throws(KBusError) -> OpenKsock {
    guard let ksock = entry(number) else { return try findCopied(number) }
    guard ksock.ksock.isOurs else { throw .forked("find") }
    guard looking, !ksock.ksock.isDescriptor(number) else { return ksock }
    lose(number, ksock)
    return try findCopied(number)
  }

  /// Closes a number; with the last number of a Ksock the Ksock.
  static func close(_ number: CInt) throws(KBusError) {
    guard let ksock = entry(number), !ksock.ksock.isOurs else {
      let ksock = try find(number, looking: true)
      _ = cshm_file_close(number)
      lose(number, ksock)
      return
    }
    // A child gives back its copy, and nothing else.
    set(number, nil)
    if ksock.ksock.isDescriptor(number) { _ = cshm_file_close(number) }
  }

  /// This number is not the Ksock's any more. Another copy may be.
  private static func lose(_ number: CInt, _ ksock: OpenKsock) {
    set(number, nil)
    guard ksock.ksock.isOurs else { return }
    guard let other = ksock.ksock.findDescriptor() else { return ksock.close() }
    set(other, ksock)
  }

  /// A number that dup made of one that we know.
  private static func findCopied(_ number: CInt) throws(KBusError) -> OpenKsock {
    let known = withTable { $0.compactMap { $0 } }
    for ksock in known where ksock.ksock.isDescriptor(number) {
      guard ksock.ksock.isOurs else { throw .forked("find") }
      set(number, ksock)
      return ksock
    }
    throw .notAKsock(number)
  }

  @inline(__always) private static func entry(_ number: CInt) -> OpenKsock? {
    withTable { number >= 0 && Int(number) < $0.count ? $0[Int(number)] : nil }
  }

  private static func set(_ number: CInt, _ ksock: OpenKsock?) {
    withTable { table in
      while table.count <= Int(number) { table.append(nil) }
      table[Int(number)] = ksock
    }
  }

  @inline(__always) private static func withTable<Result>(_ body: (inout [OpenKsock?]) -> Result) -> Result {
    cshm_process_lock()
    defer { cshm_process_unlock() }
    return unsafe body(&ksocks)
  }
}
