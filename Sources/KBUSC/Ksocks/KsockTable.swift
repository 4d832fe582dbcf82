// Which number is which Ksock.
//
// Numbers are the kernel's, and a program may copy and close them without asking us. So a number is believed only after a look at
// what it is now; only the calls of kbus_shm.h that carry messages skip that look.

internal import CShm

enum KsockTable {
  /// The Ksock of this number, with the caller among its users. `looking`: after a look at whether the number is still the descriptor.
  ///
  /// Not inlined: each of 40 calls would have it.
  /// **Errors:** `closed` if it is not an open Ksock, `forked` if it is a parent's.
  @inline(never) static func find(_ number: CInt, looking: Bool) throws(KBusError) -> KsockCell {
    guard let cell = enter(number) else { return try findCopied(number) }
    guard cell.isOurs else {
      cell.leave()
      throw .forked("find")
    }
    guard looking, !cell.isDescriptor(number) else { return cell }
    if remove(cell, at: number) { lose(cell) }
    cell.leave()
    return try findCopied(number)
  }

  /// The same without the look, written out where it is called: on the message path.
  @inline(__always) static func findHere(_ number: CInt) throws(KBusError) -> KsockCell {
    guard let cell = enter(number) else { return try find(number, looking: false) }
    if cell.with({ $0.ksock.isPlainlyOpen }) { return cell }
    cell.leave()
    return try find(number, looking: false)
  }

  /// A new Ksock at its number.
  static func insert(_ ksock: OpenKsock, at number: CInt) {
    let cell = KsockCell.make(for: ksock)
    insert(cell, at: number)
    cell.leave()
  }

  /// Closes a number; with the last number of a Ksock the Ksock.
  static func close(_ number: CInt) throws(KBusError) {
    if let cell = enter(number) {
      defer { cell.leave() }
      if !cell.isOurs {
        // A child gives back its copy, and nothing else.
        if remove(cell, at: number), cell.isDescriptor(number) { _ = cshm_file_close(number) }
        return
      }
    }
    let cell = try find(number, looking: true)
    defer { cell.leave() }
    // First: the moment it is closed the number can be another thread's.
    guard remove(cell, at: number) else { throw .notAKsock(number) }
    _ = cshm_file_close(number)
    lose(cell)
  }

  /// A number is not the Ksock's any more. Another copy may be.
  private static func lose(_ cell: KsockCell) {
    guard cell.isOurs else { return }
    if let other = cell.findDescriptor() { insert(cell, at: other) } else { cell.close() }
  }

  private static func insert(_ cell: KsockCell, at number: CInt) {
    cshm_process_lock()
    cell.enter()
    let old = exchange(number, cell)
    cshm_process_unlock()
    guard let old else { return }
    // The number may have been another Ksock's, which its program has closed with close(2).
    if old != cell { lose(old) }
    old.leave()
  }

  /// Returns whether it was there: another thread may have been quicker.
  private static func remove(_ cell: KsockCell, at number: CInt) -> Bool {
    cshm_process_lock()
    let isThere = self[number] == cell
    if isThere { _ = exchange(number, nil) }
    cshm_process_unlock()
    if isThere { cell.leave() }
    return isThere
  }

  /// A number that dup made of one that we know.
  private static func findCopied(_ number: CInt) throws(KBusError) -> KsockCell {
    guard let cell = enterCopied(number) else { throw .notAKsock(number) }
    guard cell.isOurs else {
      cell.leave()
      throw .forked("find")
    }
    insert(cell, at: number)
    return cell
  }

  private static func enterCopied(_ number: CInt) -> KsockCell? {
    for known in 0..<count {
      guard let cell = enter(known) else { continue }
      if cell.isDescriptor(number) { return cell }
      cell.leave()
    }
    return nil
  }

  @inline(__always) private static func enter(_ number: CInt) -> KsockCell? {
    while let cell = self[number] {
      cell.enter()
      cshm_fence_behind_atomic()
      if self[number] == cell { return cell }
      cell.leave()
    }
    return nil
  }

  // The table: how many numbers it has room for, the table before it, and a word for each number. It is read without a lock, so one that
  // has become too small stays where it is. Words are written with the process lock.

  @inline(__always) private static var table: UnsafeMutableRawPointer? {
    unsafe UnsafeMutableRawPointer(bitPattern: UInt(cshm_load64_acquire(cshm_table_word())))
  }

  private static var count: CInt { unsafe table.map { unsafe CInt(truncatingIfNeeded: $0.load(as: Int.self)) } ?? 0 }

  @inline(__always) private static func place(_ number: CInt) -> UnsafeMutableRawPointer? {
    guard let table = unsafe table, unsafe UInt(bitPattern: Int(number)) < table.load(as: UInt.self) else { return nil }
    return unsafe table + 16 + 8 * Int(number)
  }

  @inline(__always) private static subscript(number: CInt) -> KsockCell? {
    guard let place = unsafe place(number) else { return nil }
    return unsafe KsockCell(word: cshm_load64_acquire(place))
  }

  private static func exchange(_ number: CInt, _ cell: KsockCell?) -> KsockCell? {
    guard let place = unsafe place(number) else {
      grow(beyond: number)
      return exchange(number, cell)
    }
    return unsafe KsockCell(word: cshm_exchange64(place, cell?.word ?? 0))
  }

  private static func grow(beyond number: CInt) {
    let old = unsafe table, room = 2 * (Int(number) + 16)
    let new = LocalArray<UInt64>(repeating: 0, count: room + 2)
    new[0] = UInt64(room)
    new[1] = UInt64(UInt(bitPattern: old))
    for known in 0..<count { new[Int(known) + 2] = self[known]?.word ?? 0 }
    unsafe cshm_store64(cshm_table_word(), UInt64(UInt(bitPattern: new.address(0))))
  }
}

extension KsockCell {
  fileprivate var isOurs: Bool { @inline(__always) get { with { $0.ksock.isOurs } } }
  fileprivate func isDescriptor(_ number: CInt) -> Bool { with { $0.ksock.isDescriptor(number) } }
  fileprivate func findDescriptor() -> CInt? { with { $0.ksock.findDescriptor() } }
  fileprivate func close() { with { $0.close() } }
}
