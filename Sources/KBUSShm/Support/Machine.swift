// What the core asks of the machine, apart from shared memory.

internal import CShm

enum Machine {
  static func environment(_ name: StaticString) -> String? {
    let value = name.withUTF8Buffer { unsafe cshm_environment(UnsafeRawPointer($0.baseAddress!).assumingMemoryBound(to: CChar.self)) }
    guard let value = unsafe value else { return nil }
    return unsafe String(characters: value)
  }

  static func group(named name: String) -> UInt32? {
    let number = unsafe name.withCharacters { unsafe cshm_group_number($0) }
    return number < 0 ? nil : UInt32(truncatingIfNeeded: number)
  }

  /// Bytes from the kernel's generator.
  static func random() -> UInt64 {
    var value: UInt64 = 0
    _ = unsafe withUnsafeMutableBytes(of: &value) { unsafe cshm_random($0.baseAddress!, $0.count) }
    return value
  }

  static func errorText(_ errno: CInt) -> String { unsafe String(characters: cshm_error_text(errno)) }

  /// Whether a process of this pid namespace is gone: its pid is unused, or used by a younger process. False if that can't be told.
  static func isGone(pid: UInt32, startTime: UInt64) -> Bool { cshm_process_is_gone(pid, startTime) != 0 }
}
