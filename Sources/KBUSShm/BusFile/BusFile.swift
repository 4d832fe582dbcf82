// Making, opening and checking bus files. A new file has no name until it is whole: it is made with O_TMPFILE, filled,
// and then linked into place, so a kill at any moment leaves a bus or nothing.

internal import CShm

/// An open bus file that has passed every check, not mapped yet.
struct BusFile: ~Copyable {
  private(set) var descriptor: CInt
  let path: String
  let geometry: Geometry
  let header: Header
  let device: UInt64
  let inode: UInt64

  /// What the core needs of the header page, read and checked once.
  struct Header {
    let hashSeed: UInt64
    let mode: UInt32
    let bootID: [UInt8]
  }

  deinit { if descriptor >= 0 { _ = cshm_file_close(descriptor) } }

  /// Hands the descriptor over: whoever takes it closes it.
  consuming func keepDescriptor() -> CInt {
    let kept = descriptor
    descriptor = -1
    return kept
  }

  // Opening

  /// Opens a bus. Only bus 0 comes into being by being opened (with the options of `$KBUS_CREATE`).
  static func open(_ number: Int, in directory: String, mayCreate: Bool) throws(KBusError) -> BusFile {
    guard number >= 0, number < BusDirectory.mostBuses else { throw .noSuchBus(number, directory) }
    let path = BusDirectory.path(number, in: directory)
    // Twice at most: somebody else may make bus 0 between our look and our link.
    for _ in 0..<2 {
      let descriptor = unsafe path.withCharacters { unsafe cshm_file_open($0) }
      if descriptor >= 0 { return try BusFile(checking: descriptor, path) }
      guard descriptor == -CInt(CSHM_ENOENT) else { throw .cannotOpen(path, -descriptor) }
      try BusDirectory.check(directory, "open")
      guard number == 0, mayCreate else { throw .noSuchBus(number, directory) }
      do throws(KBusError) {
        try create(0, BusOptions(parsing: Machine.environment("KBUS_CREATE") ?? ""), in: directory)
      } catch  where error.code == .busExists {}
    }
    throw .noSuchBus(number, directory)
  }

  private init(checking descriptor: CInt, _ path: String) throws(KBusError) {
    let facts: cshm_file_facts
    do throws(KBusError) {
      (geometry, header, facts) = try Self.check(descriptor, path)
    } catch {
      _ = cshm_file_close(descriptor)
      throw error
    }
    self.descriptor = descriptor
    self.path = path
    device = facts.device
    inode = facts.inode
  }

  private static func check(
    _ descriptor: CInt, _ path: String
  ) throws(KBusError) -> (Geometry, Header, cshm_file_facts) {
    var facts = cshm_file_facts()
    let result = unsafe cshm_file_facts_of(descriptor, &facts)
    guard result == 0 else { throw .system(-result, "open", path) }
    guard facts.is_regular != 0 else { throw .notABus(path, "it is not a regular file") }
    let bytes = Int(truncatingIfNeeded: facts.bytes)
    let (limits, header) = try readHeader(descriptor, path, fileBytes: bytes)
    let geometry = Geometry(limits)
    guard geometry.fileBytes == bytes else { throw .truncated(path, found: bytes, expected: geometry.fileBytes) }
    return (geometry, header, facts)
  }

  /// Reads and checks the header page (H1, H2), by read(2): a truncated file must not raise SIGBUS.
  private static func readHeader(
    _ descriptor: CInt, _ path: String, fileBytes: Int
  ) throws(KBusError) -> (Geometry.Limits, Header) {
    guard fileBytes > 0 else { throw .notABus(path, "it is empty") }
    var page = [UInt8](repeating: 0, count: CSHM_HEADER_SIZE)
    let result = unsafe page.withUnsafeMutableBytes { unsafe cshm_file_read(descriptor, 0, $0.baseAddress!, $0.count) }
    func u32(_ offset: Int) -> UInt32 { unsafe page.withUnsafeBytes { unsafe $0.load(fromByteOffset: offset, as: UInt32.self) } }
    func u64(_ offset: Int) -> UInt64 { unsafe page.withUnsafeBytes { unsafe $0.load(fromByteOffset: offset, as: UInt64.self) } }
    guard u64(CSHM_HEADER_MAGIC) == CSHM_MAGIC else { throw .notABus(path, "it does not begin as a bus file does") }
    guard result == 0 else { throw .truncated(path, found: fileBytes, expected: Geometry.page) }
    guard u32(CSHM_HEADER_LAYOUT_VERSION) == UInt32(CSHM_LAYOUT_VERSION) else {
      throw .wrongVersion(path, found: u32(CSHM_HEADER_LAYOUT_VERSION), expected: UInt32(CSHM_LAYOUT_VERSION))
    }
    guard u64(CSHM_HEADER_FINGERPRINT) == cshm_fingerprint(), cshm_page_bytes() == UInt64(Geometry.page) else {
      throw .wrongFingerprint(path)
    }
    let classes = Int(u32(CSHM_HEADER_CLASS_COUNT))
    let sizes: [Int] = [
      Int(u32(CSHM_HEADER_MAX_KSOCKS)), Int(u32(CSHM_HEADER_MAX_BINDINGS)), Int(u32(CSHM_HEADER_MAX_REQUESTS)),
    ]
    guard classes >= 1, classes <= Int(CSHM_CLASSES), sizes.allSatisfy({ $0 >= 1 && $0 <= 1_000_000 }) else {
      throw .corrupt(.h2, "open")
    }
    var slots: [BusOptions.SlotClass] = []
    for index in 0..<classes {
      let at = CSHM_HEADER_CLASSES + index * CSHM_CLASS_SIZE
      let bytes = u64(at + CSHM_CLASS_PAYLOAD_BYTES), count = u64(at + CSHM_CLASS_COUNT)
      guard bytes >= 64, bytes <= UInt64(Geometry.largestPayload), count >= 1, count <= UInt64(Geometry.mostSlots),
        slots.last.map({ $0.bytes < Int(bytes) }) ?? true
      else { throw .corrupt(.h2, "open") }
      slots.append(BusOptions.SlotClass(bytes: Int(bytes), count: Int(count)))
    }
    let maximum = u64(CSHM_HEADER_ABSOLUTE_MAX_MESSAGE)
    guard maximum >= UInt64(Geometry.lowestAbsoluteMaxMessage), maximum <= UInt64(Geometry.largestPayload) * 2 else {
      throw .corrupt(.h2, "open")
    }
    let limits = Geometry.Limits(
      ksocks: sizes[0], bindings: sizes[1], requests: sizes[2], absoluteMaxMessage: Int(maximum), slots: slots)
    let boot = Array(page[CSHM_HEADER_BOOT_ID..<(CSHM_HEADER_BOOT_ID + 16)])
    return (limits, Header(hashSeed: u64(CSHM_HEADER_HASH_SEED), mode: u32(CSHM_HEADER_MODE), bootID: boot))
  }

  // Making

  /// Makes a bus; fails with `busExists` if its name is taken.
  static func create(_ number: Int, _ options: BusOptions, in directory: String) throws(KBusError) {
    try create(number, Geometry.Limits(options), mode: options.mode, group: options.group.map(Int64.init) ?? -1, in: directory)
  }

  @inline(never) static func create(
    _ number: Int, _ limits: Geometry.Limits, mode: UInt32, group: Int64, in directory: String
  ) throws(KBusError) {
    guard number >= 0, number < BusDirectory.mostBuses else { throw .tooManyBuses(number) }
    let path = BusDirectory.path(number, in: directory)
    try BusDirectory.check(directory, "create")
    guard BusDirectory.facts(path) == nil else { throw .busExists(path) }
    let descriptor = unsafe directory.withCharacters { unsafe cshm_file_make($0) }
    guard descriptor >= 0 else { throw .cannotCreate(path, -descriptor) }
    defer { _ = cshm_file_close(descriptor) }
    let geometry = Geometry(limits)
    try reserve(descriptor, geometry, path, directory)
    try initialise(descriptor, geometry, number, mode, path)
    var result = cshm_file_set_access(descriptor, mode, group)
    guard result == 0 else { throw .cannotCreate(path, -result) }
    result = unsafe path.withCharacters { unsafe cshm_file_link(descriptor, $0) }
    guard result == 0 else { throw result == -CInt(CSHM_EEXIST) ? .busExists(path) : .cannotCreate(path, -result) }
  }

  /// Reserves all memory that is written under the lock, so that a full tmpfs can never be SIGBUS in a transaction.
  private static func reserve(
    _ descriptor: CInt, _ geometry: Geometry, _ path: String, _ directory: String
  ) throws(KBusError) {
    let needed = UInt64(geometry.reservedBytes)
    var result = cshm_file_set_size(descriptor, UInt64(geometry.fileBytes))
    if result == 0 { result = cshm_file_reserve(descriptor, 0, needed) }
    if result == -CInt(CSHM_ENOSPC) {
      let left = unsafe directory.withCharacters { unsafe cshm_space_left($0) }
      throw .noSpace("create", path, needed: needed, left: left)
    }
    guard result == 0 else { throw .cannotCreate(path, -result) }
  }

  private static func initialise(
    _ descriptor: CInt, _ geometry: Geometry, _ number: Int, _ mode: UInt32, _ path: String
  ) throws(KBusError) {
    let memory = try map(descriptor, geometry, path)
    defer { _ = memory.unmap() }
    var boot = [UInt8](repeating: 0, count: 16)
    _ = unsafe boot.withUnsafeMutableBytes { unsafe cshm_boot_id($0.baseAddress!.assumingMemoryBound(to: UInt8.self)) }
    memory.store64(CSHM_HEADER_FINGERPRINT, cshm_fingerprint())
    memory.store32(CSHM_HEADER_LAYOUT_VERSION, UInt32(CSHM_LAYOUT_VERSION))
    memory.store32(CSHM_HEADER_PAGE_BYTES, UInt32(Geometry.page))
    memory.store64(CSHM_HEADER_FILE_BYTES, UInt64(geometry.fileBytes))
    memory.copyIn(boot, at: CSHM_HEADER_BOOT_ID)
    memory.store64(CSHM_HEADER_UUID, Machine.random())
    memory.store64(CSHM_HEADER_UUID + 8, Machine.random())
    memory.store64(CSHM_HEADER_HASH_SEED, Machine.random())
    memory.store32(CSHM_HEADER_MAX_KSOCKS, UInt32(geometry.limits.ksocks))
    memory.store32(CSHM_HEADER_MAX_BINDINGS, UInt32(geometry.limits.bindings))
    memory.store32(CSHM_HEADER_MAX_REQUESTS, UInt32(geometry.limits.requests))
    memory.store32(CSHM_HEADER_CLASS_COUNT, UInt32(geometry.classes.count))
    memory.store64(CSHM_HEADER_ABSOLUTE_MAX_MESSAGE, UInt64(geometry.limits.absoluteMaxMessage))
    memory.store32(CSHM_HEADER_MODE, mode)
    memory.store32(CSHM_HEADER_NUMBER, UInt32(number))
    for (index, slotClass) in geometry.limits.slots.enumerated() {
      let at = CSHM_HEADER_CLASSES + index * CSHM_CLASS_SIZE
      memory.store64(at + CSHM_CLASS_PAYLOAD_BYTES, UInt64(slotClass.bytes))
      memory.store64(at + CSHM_CLASS_COUNT, UInt64(slotClass.count))
      memory.store64(at + CSHM_CLASS_HEADERS, UInt64(geometry.classes[index].headers.start))
      memory.store64(at + CSHM_CLASS_PAYLOADS, UInt64(geometry.classes[index].payloads.start))
      memory.store64(at + CSHM_CLASS_PAYLOAD_STRIDE, UInt64(geometry.classes[index].payloads.stride))
    }
    memory.store64(geometry.state + CSHM_STATE_MAX_MESSAGE, UInt64(geometry.limits.absoluteMaxMessage))
    memory.store64(CSHM_HEADER_MAGIC, CSHM_MAGIC)
  }

  static func map(_ descriptor: CInt, _ geometry: Geometry, _ path: String) throws(KBusError) -> BusMemory {
    var base: UnsafeMutableRawPointer?
    let result = unsafe cshm_map(descriptor, UInt64(geometry.fileBytes), &base)
    guard result == 0, let base = unsafe base else { throw .system(-result, "map", path) }
    return unsafe BusMemory(base: base, count: geometry.fileBytes)
  }
}
