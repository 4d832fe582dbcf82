// The one door to shared memory. Everything in the core reads and writes the bus file through these accessors, by
// offset from its start; each checks its bounds, so no index found in the file can lead outside the mapping. Indices are
// checked before they are used (DESIGN R6) and become errors; the preconditions here guard against our own mistakes.

internal import CShm

/// The bytes of a mapped bus file.
@safe struct BusMemory: @unchecked Sendable {
  // Sendable: words are atomic (cshm_word.h); who may write which, and when, stands at the structures in cshm_layout.h.
  private let base: UnsafeMutableRawPointer
  let count: Int

  init(base: UnsafeMutableRawPointer, count: Int) {
    unsafe self.base = base
    self.count = count
  }

  @inline(__always) func place(_ offset: Int, _ bytes: Int) -> UnsafeMutableRawPointer {
    // One comparison: a negative offset is a very large unsigned one. A mapping is never smaller than what is asked for here.
    precondition(UInt(bitPattern: offset) <= UInt(bitPattern: count &- bytes), "an offset of the core lies outside the bus file")
    return unsafe base + offset
  }

  /// Called before each store, so that tests can kill a process there.
  @inline(__always) private func faultPoint() {
    #if KBUS_FAULTS
      cshm_fault_point()
    #endif
  }

  // Words

  @inline(__always) func u32(_ offset: Int) -> UInt32 { unsafe cshm_load32(place(offset, 4)) }
  @inline(__always) func u64(_ offset: Int) -> UInt64 { unsafe cshm_load64(place(offset, 8)) }
  @inline(__always) func acquire32(_ offset: Int) -> UInt32 { unsafe cshm_load32_acquire(place(offset, 4)) }
  @inline(__always) func acquire64(_ offset: Int) -> UInt64 { unsafe cshm_load64_acquire(place(offset, 8)) }

  @inline(__always) func store32(_ offset: Int, _ value: UInt32) {
    faultPoint()
    unsafe cshm_store32(place(offset, 4), value)
  }

  @inline(__always) func store64(_ offset: Int, _ value: UInt64) {
    faultPoint()
    unsafe cshm_store64(place(offset, 8), value)
  }

  /// Two words side by side, such as a journal entry.
  @inline(__always) func pair64(_ offset: Int) -> (UInt64, UInt64) {
    let place = unsafe place(offset, 16)
    return unsafe (cshm_load64(place), cshm_load64(place + 8))
  }

  @inline(__always) func storePair64(_ offset: Int, _ first: UInt64, _ second: UInt64) {
    let place = unsafe place(offset, 16)
    faultPoint()
    unsafe cshm_store64(place, first)
    faultPoint()
    unsafe cshm_store64(place + 8, second)
  }

  @inline(__always) func exchange64(_ offset: Int, _ value: UInt64) {
    faultPoint()
    _ = unsafe cshm_exchange64(place(offset, 8), value)
  }

  @inline(__always) func add32(_ offset: Int, _ value: UInt32) {
    faultPoint()
    _ = unsafe cshm_add32(place(offset, 4), value)
  }

  /// Stores `new` if the word is still `old`.
  func replace32(_ offset: Int, _ old: UInt32, _ new: UInt32) {
    faultPoint()
    _ = unsafe cshm_replace32(place(offset, 4), old, new)
  }

  /// The same of a word of 64 bits; returns whether it was.
  func replace64(_ offset: Int, _ old: UInt64, _ new: UInt64) -> Bool {
    faultPoint()
    return unsafe cshm_replace64(place(offset, 8), old, new) != 0
  }

  @inline(__always) func clearBits(_ offset: Int, _ bits: UInt64) {
    faultPoint()
    _ = unsafe cshm_and64(place(offset, 8), ~bits)
  }

  // Cache lines asked for ahead of need

  @inline(__always) func prefetch(_ offset: Int) { unsafe cshm_prefetch(place(offset, 8)) }
  @inline(__always) func prefetchToWrite(_ offset: Int) { unsafe cshm_prefetch_to_write(place(offset, 8)) }

  // Bytes

  func copyIn(_ bytes: UnsafeRawBufferPointer, at offset: Int) {
    guard let source = bytes.baseAddress, unsafe !bytes.isEmpty else { return }
    faultPoint()
    unsafe cshm_copy(place(offset, bytes.count), source, bytes.count)
  }

  func copyIn(_ bytes: [UInt8], at offset: Int) { unsafe bytes.withUnsafeBytes { unsafe copyIn($0, at: offset) } }

  func copyOut(_ offset: Int, count: Int) -> [UInt8] {
    guard count > 0 else { return [] }
    let source = unsafe place(offset, count)
    return unsafe [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
      unsafe cshm_copy(buffer.baseAddress!, source, count)
      filled = count
    }
  }

  func copyOut(_ offset: Int, count: Int, to place: UnsafeMutableRawPointer) {
    unsafe cshm_copy(place, self.place(offset, count), count)
  }

  func zero(_ offset: Int, count: Int) {
    guard count > 0 else { return }
    faultPoint()
    unsafe cshm_zero(place(offset, count), count)
  }

  /// Gives whole pages back to the system. If they can't be, they stay, which harms nobody.
  func giveBackPages(_ offset: Int, count: Int) { _ = unsafe cshm_give_back_pages(place(offset, count), UInt64(count)) }

  /// `unlessSame`: leaves bytes alone that are there already. It counts as a store all the same, so that tests meet the same
  /// stores in each run.
  @inline(__always) func copyIn(_ bytes: RawSpan, at offset: Int, unlessSame: Bool = false) {
    if unlessSame, isSame(bytes, at: offset) { return faultPoint() }
    unsafe bytes.withUnsafeBytes { unsafe copyIn($0, at: offset) }
  }

  @inline(__always) private func isSame(_ bytes: RawSpan, at offset: Int) -> Bool {
    let place = unsafe place(offset, bytes.byteCount)
    return unsafe bytes.withUnsafeBytes { unsafe cshm_same(place, $0.baseAddress!, $0.count) != 0 }
  }

  /// Whether the first `count` bytes of the span are those at this place.
  @inline(__always) func holds(_ bytes: RawSpan, upTo count: Int, at offset: Int) -> Bool {
    let place = unsafe place(offset, count)
    guard count <= bytes.byteCount else { return false }
    return unsafe bytes.withUnsafeBytes { unsafe cshm_equal(place, $0.baseAddress!, count) != 0 }
  }

  func holds(_ bytes: UnsafeRawBufferPointer, at offset: Int) -> Bool {
    guard let other = bytes.baseAddress, unsafe !bytes.isEmpty else { return true }
    return unsafe cshm_equal(place(offset, bytes.count), other, bytes.count) != 0
  }

  func holds(_ bytes: [UInt8], at offset: Int) -> Bool { unsafe bytes.withUnsafeBytes { unsafe holds($0, at: offset) } }

  /// The payload at this place, for as long as its slot is held.
  func bytes(_ offset: Int, count: Int) -> UnsafeMutableRawBufferPointer {
    unsafe UnsafeMutableRawBufferPointer(start: place(offset, count), count: count)
  }

  /// Bytes of the file to be read where they are, for as long as nobody changes them.
  @_lifetime(borrow self)
  borrowing func span(_ offset: Int, count: Int) -> RawSpan {
    let span = unsafe RawSpan(_unsafeBytes: UnsafeRawBufferPointer(bytes(offset, count: count)))
    return unsafe _overrideLifetime(span, borrowing: self)
  }

  // Futexes and the lock

  func sleep(on offset: Int, while value: UInt32, until deadline: UInt64) -> CInt {
    unsafe cshm_futex_wait(place(offset, 4), value, deadline)
  }

  /// Wakes whoever sleeps on a word, all or some.
  func wake(_ offset: Int, atMost: CInt = .max) { _ = unsafe cshm_futex_wake(place(offset, 4), atMost) }

  /// The word of a robust lock, for the functions of cshm_lock.h.
  @inline(__always) func lockWord(_ offset: Int) -> UnsafeMutableRawPointer { unsafe place(offset, 4) }

  /// Words of this region that tell of the calling thread's end (cshm_life.h).
  func beginLife(_ offset: Int, bytes: Int) -> OpaquePointer? { unsafe cshm_life_begin(place(offset, bytes), bytes) }

  func unmap() -> CInt { unsafe cshm_unmap(base, UInt64(count)) }
}
