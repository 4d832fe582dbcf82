// A record of shared memory, looked at through a window: its bounds are checked once, for all of its words. The message path goes
// through windows, where a check for each word would cost more than the word.

internal import CShm

/// The bytes of one record. Fields are the constants of cshm_offsets.h, so that they lie within the record.
@safe struct Window: BitwiseCopyable, @unchecked Sendable {
  // Sendable: as BusMemory is.
  private let base: UnsafeMutableRawPointer

  fileprivate init(base: UnsafeMutableRawPointer) { unsafe self.base = base }

  @inline(__always) private func faultPoint() {
    #if KBUS_FAULTS
      cshm_fault_point()
    #endif
  }

  @inline(__always) func u32(_ field: Int) -> UInt32 { unsafe cshm_load32(base + field) }
  @inline(__always) func u64(_ field: Int) -> UInt64 { unsafe cshm_load64(base + field) }
  @inline(__always) func acquire32(_ field: Int) -> UInt32 { unsafe cshm_load32_acquire(base + field) }
  @inline(__always) func acquire64(_ field: Int) -> UInt64 { unsafe cshm_load64_acquire(base + field) }

  @inline(__always) func store32(_ field: Int, _ value: UInt32) {
    faultPoint()
    unsafe cshm_store32(base + field, value)
  }

  @inline(__always) func store64(_ field: Int, _ value: UInt64) {
    faultPoint()
    unsafe cshm_store64(base + field, value)
  }

  /// `unlessSame`: leaves a word alone that is there already. It counts as a store all the same, so that tests meet the same
  /// stores in each run.
  @inline(__always) func store64(_ field: Int, _ value: UInt64, unlessSame: Bool) {
    if unlessSame, u64(field) == value { return faultPoint() }
    store64(field, value)
  }

  /// Two words of 32 bits side by side, in one store.
  @inline(__always) func store64(_ field: Int, low: UInt32, high: UInt32) { store64(field, Self.word(low, high)) }

  /// The word of 64 bits that two of 32 bits make, the one at the lower address first.
  @inline(__always) static func word(_ low: UInt32, _ high: UInt32) -> UInt64 {
    (UInt64(high.littleEndian) << 32 | UInt64(low.littleEndian)).littleEndian
  }

  /// The two that such a word was made of.
  @inline(__always) static func low(_ word: UInt64) -> UInt32 { UInt32(truncatingIfNeeded: word.littleEndian).littleEndian }
  @inline(__always) static func high(_ word: UInt64) -> UInt32 { UInt32(truncatingIfNeeded: word.littleEndian >> 32).littleEndian }

  /// Stores `new` if the word is still `old`; returns whether it was.
  @inline(__always) func replace64(_ field: Int, _ old: UInt64, _ new: UInt64) -> Bool {
    faultPoint()
    return unsafe cshm_replace64(base + field, old, new) != 0
  }

  @inline(__always) func add32(_ field: Int, _ value: UInt32) {
    faultPoint()
    _ = unsafe cshm_add32(base + field, value)
  }

  @inline(__always) func clearBits(_ field: Int, _ bits: UInt64) {
    faultPoint()
    _ = unsafe cshm_and64(base + field, ~bits)
  }

  /// So many stores would change nothing. They count all the same, as with `unlessSame`.
  @inline(__always) func leave(_ stores: Int) {
    #if KBUS_FAULTS
      for _ in 0..<stores { cshm_fault_point() }
    #endif
  }

  /// Bytes for a field with so much room; those that are there already stay.
  @inline(__always) func copyIn(_ bytes: RawSpan, to field: Int, room: Int) {
    precondition(bytes.byteCount <= room, "too long for its field")
    faultPoint()
    unsafe bytes.withUnsafeBytes { bytes in
      guard let source = bytes.baseAddress, unsafe cshm_same(base + field, source, bytes.count) == 0 else { return }
      unsafe cshm_copy(base + field, source, bytes.count)
    }
  }

  /// The entry behind this one, which must be in the same chunk.
  @inline(__always) var nextEntry: Window { advanced(by: CSHM_ENTRY_SIZE) }

  /// A record so many bytes further on, in a run of which all has been checked.
  @inline(__always) func advanced(by bytes: Int) -> Window { unsafe Window(base: base + bytes) }

  /// Bytes for a payload that has room for them.
  @inline(__always) func copyIn(_ bytes: RawSpan) {
    guard bytes.byteCount > 0 else { return }
    faultPoint()
    unsafe bytes.withUnsafeBytes { unsafe cshm_copy(base, $0.baseAddress!, $0.count) }
  }

  /// The bytes themselves, for as long as their slot is held.
  @inline(__always) var bytes: UnsafeRawPointer { unsafe UnsafeRawPointer(base) }
  @inline(__always) var mutableBytes: UnsafeMutableRawPointer { unsafe base }

  /// The word of a robust lock, for the functions of cshm_lock.h.
  @inline(__always) func lockWord(_ field: Int) -> UnsafeMutableRawPointer { unsafe base + field }

  @inline(__always) func prefetch(_ field: Int = 0) { unsafe cshm_prefetch(base + field) }
  @inline(__always) func prefetchToWrite(_ field: Int = 0) { unsafe cshm_prefetch_to_write(base + field) }
}

extension BusMemory {
  /// The record of so many bytes at this place.
  @inline(__always) func window(_ offset: Int, _ bytes: Int) -> Window { unsafe Window(base: place(offset, bytes)) }
}
