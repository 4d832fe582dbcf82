// A bus file that has outlived its machine: in a directory on disk, after a reboot or a power failure. Nobody who used it is there any
// more, but no kernel has said so: its words still name threads, of which some may exist again.

internal import CShm

extension SharedBus {
  /// Marks everybody on a bus of an earlier boot as ended, as the kernel would have. The next one to open it reaps them.
  func startAnew(of boot: [UInt8]) throws(KBusError) {
    var current = [UInt8](repeating: 0, count: boot.count)
    let result = unsafe current.withUnsafeMutableBytes { unsafe cshm_boot_id($0.baseAddress!.assumingMemoryBound(to: UInt8.self)) }
    guard result == 0, boot != current, boot.contains(where: { $0 != 0 }) else { return }
    // One at a time; whoever comes later finds it done. The bus lock itself may be held by a thread of that time.
    let deadline = cshm_now() &+ Self.patience
    while cshm_file_mark(descriptor, 0) == -CInt(CSHM_EAGAIN) {
      guard cshm_now() < deadline else { throw .system(CInt(CSHM_EAGAIN), "open", path) }
      cshm_wait(Self.pause)
    }
    defer { cshm_file_unmark(descriptor, 0) }
    guard memory.copyOut(CSHM_HEADER_BOOT_ID, count: boot.count) != current else { return }
    for index in 0..<geometry.owners.count where owner(index).isInUse {
      memory.store32(owner(index).at + CSHM_OWNER_PID_NAMESPACE, 0)
      unsafe cshm_life_mark_ended(memory.lockWord(owner(index).lifePlace))
    }
    unsafe cshm_life_mark_ended(memory.lockWord(geometry.watchLine + CSHM_WATCH_LINE_ROLE))
    unsafe cshm_life_mark_ended(memory.lockWord(geometry.lockLine + CSHM_LOCK_LINE_LOCK))
    memory.copyIn(current, at: CSHM_HEADER_BOOT_ID)
  }

  private static let patience: UInt64 = 2_000_000_000
  private static let pause: UInt64 = 1_000_000
}
