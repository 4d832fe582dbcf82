// The fast descriptor: for event loops, which wait for something to read and for nothing else (docs/decisions/0015).
//
// It is a FIFO beside the bus file, made when it is first asked for. From then on it is rung instead of the full descriptor, by the
// same rules (Descriptor.swift), but that it is drained by a take that finds nothing only. Its name holds the incarnation of its
// Ksock, and the record its inode, so that nobody rings a FIFO that has taken its place. Whoever takes a Ksock off the bus removes
// its FIFO.

internal import CShm

extension Ksock {
  /// A descriptor that is readable from when a message is queued until a take finds none, for poll, epoll and whatever is built upon them.
  /// The first call makes it; the Ksock owns it, and closes it with itself. Nothing is to be read from it or written into it.
  ///
  /// Once `send` has returned, the descriptors of its recipients are readable. A loop that takes messages until there are none needs
  /// nothing else; it may once find its descriptor readable with no message there.
  ///
  /// **Errors:** `readOnly` on a write-only Ksock, and `system`: no descriptors left (EMFILE), or no permission in the directory of
  /// the bus.
  public func fastDescriptor() throws(KBusError) -> CInt {
    if mode == .writeOnly { throw .wrongMode("fastDescriptor", "reading") }
    try lockTakes(for: "fastDescriptor")
    defer { unlockTakes() }
    if descriptor.fast >= 0 { return descriptor.fast }
    var inode: UInt64 = 0
    let fifo = try shared.makeFifo(incarnation, &inode)
    shared.memory.store64(record.at + CSHM_KSOCK_FAST_INODE, inode)
    changeDescriptor {
      shared.memory.store32(record.at + CSHM_KSOCK_HAS_DESCRIPTOR, record.hasDescriptor | UInt32(CSHM_DESCRIPTOR_FAST))
      descriptor.fast = fifo
      tellIsPolled()
      shared.fifos.add(record, incarnation, fifo)
    }
    return fifo
  }

  /// With takeLock, when the Ksock is about to leave the bus.
  func closeFastDescriptor() {
    guard descriptor.fast >= 0 else { return }
    BusDirectory.removeFifo(shared.path, incarnation)
    shared.fifos.remove(incarnation)
    _ = cshm_file_close(descriptor.fast)
    descriptor.fast = -1
  }
}

/// The fast descriptors of this process on one bus, and those of others that it has rung lately.
final class Fifos: @unchecked Sendable {
  // Sendable: everything is guarded by `word`, so that none is closed while it is rung.
  private var own: [(ksock: KsockRecord, incarnation: UInt64, fifo: CInt)] = []
  private let word = LocalArray(repeating: UInt32(0), count: 1)
  private let known = LocalArray(repeating: Known(), count: 16)
  private var oldest = 0

  private struct Known: BitwiseCopyable {
    var incarnation: UInt64 = 0
    var fifo: CInt = -1
  }

  deinit {
    for place in 0..<known.count where known[place].fifo >= 0 { _ = cshm_file_close(known[place].fifo) }
    known.deallocate()
    word.deallocate()
  }

  fileprivate func add(_ ksock: KsockRecord, _ incarnation: UInt64, _ fifo: CInt) {
    unsafe cshm_local_lock(word.address(0))
    defer { unsafe cshm_local_unlock(word.address(0)) }
    own.append((ksock, incarnation, fifo))
  }

  fileprivate func remove(_ incarnation: UInt64) {
    unsafe cshm_local_lock(word.address(0))
    defer { unsafe cshm_local_unlock(word.address(0)) }
    own.removeAll { $0.incarnation == incarnation }
  }

  /// Rings those of this process that somebody could not ring.
  func ringForOthers(_ bus: SharedBus) {
    unsafe cshm_local_lock(word.address(0))
    defer { unsafe cshm_local_unlock(word.address(0)) }
    for (ksock, incarnation, fifo) in own where ksock.incarnation == incarnation && ksock.isLeftToHelper {
      bus.ringDescriptor(of: ksock, fifo: fifo)
    }
  }

  /// Rings the FIFO of a Ksock of this incarnation. 0, or a negative errno: it may not have been rung.
  func ring(_ ksock: KsockRecord, _ incarnation: UInt64, of bus: SharedBus) -> CInt {
    unsafe cshm_local_lock(word.address(0))
    defer { unsafe cshm_local_unlock(word.address(0)) }
    let inode = bus.memory.u64(ksock.at + CSHM_KSOCK_FAST_INODE)
    for place in 0..<known.count where known[place].incarnation == incarnation {
      if cshm_fifo_ring(known[place].fifo) == 0 { return 0 }
      // The program has closed our descriptor, and another may have its number: that one stays open.
      known[place] = Known()
    }
    let fifo = unsafe BusDirectory.fifoPath(bus.path, incarnation).withCharacters { unsafe cshm_fifo_open($0, inode) }
    guard fifo >= 0 else { return fifo }
    if known[oldest].fifo >= 0 { _ = cshm_file_close(known[oldest].fifo) }
    known[oldest] = Known(incarnation: incarnation, fifo: fifo)
    oldest = (oldest + 1) % known.count
    return cshm_fifo_ring(fifo)
  }
}

extension SharedBus {
  fileprivate func makeFifo(_ incarnation: UInt64, _ inode: inout UInt64) throws(KBusError) -> CInt {
    let path = BusDirectory.fifoPath(path, incarnation)
    var facts = cshm_file_facts()
    let group = unsafe cshm_file_facts_of(descriptor, &facts) == 0 ? Int64(facts.group) : -1
    var fifo = unsafe path.withCharacters { unsafe cshm_fifo_make($0, mode, group, &inode) }
    if fifo == -CInt(CSHM_EEXIST) {
      // Left by a bus that had this number before.
      BusDirectory.removeFifo(self.path, incarnation)
      fifo = unsafe path.withCharacters { unsafe cshm_fifo_make($0, mode, group, &inode) }
    }
    guard fifo >= 0 else { throw .system(-fifo, "fastDescriptor", path) }
    return fifo
  }

  /// Removes the FIFOs of Ksocks that were not closed, but have departed, or are not on the bus any more. A Ksock is on the bus before
  /// it makes its FIFO.
  func removeStrayFifos() {
    for incarnation in BusDirectory.fifos(of: number, in: directory) {
      let isStray = !(0..<geometry.limits.ksocks).contains { ksock($0).incarnation == incarnation && !ksock($0).isDeparted }
      if isStray { BusDirectory.removeFifo(path, incarnation) }
    }
  }
}

extension BusDirectory {
  /// Where the FIFO of a Ksock is, beside the file of its bus.
  static func fifoPath(_ bus: String, _ incarnation: UInt64) -> String {
    let path: Phrase = "\(bus).fifo-\(incarnation)"
    return path.text
  }

  static func removeFifo(_ bus: String, _ incarnation: UInt64) {
    _ = unsafe fifoPath(bus, incarnation).withCharacters { unsafe cshm_file_remove($0) }
  }

  /// The incarnations of Ksocks whose FIFOs are there.
  static func fifos(of number: Int, in directory: String) -> [UInt64] {
    let prefix: Phrase = "kbus\(number).fifo-", most = 256
    return unsafe [UInt64](unsafeUninitializedCapacity: most) { found, count in
      let result = unsafe directory.withCharacters { directory in
        unsafe prefix.text.withCharacters { unsafe cshm_fifo_list(directory, $0, found.baseAddress!, CInt(most)) }
      }
      count = Int(max(0, result))
    }
  }
}
