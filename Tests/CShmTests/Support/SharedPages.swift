// A shared file without a name, mapped as a bus file is: what the lock and the futexes are tried on. Having no name it
// goes with the processes that use it, however they end.

import CShm
import Glibc

/// Two pages of a nameless file.
@safe final class SharedPages: @unchecked Sendable {
  // Sendable: the words in it are atomic, and the lock is what the tests are about.
  static let bytes = 2 * Int(cshm_page_bytes())

  let file: CInt
  let base: UnsafeMutableRawPointer

  struct Failed: Error {
    let errno: CInt
  }

  /// Makes the file.
  convenience init() throws {
    let file = unsafe cshm_file_make("/dev/shm")
    guard file >= 0, cshm_file_set_size(file, UInt64(Self.bytes)) == 0 else { throw Failed(errno: -file) }
    try self.init(file)
  }

  /// Maps the file that the process `owner` made.
  convenience init(of owner: pid_t, file: CInt) throws {
    let copy = unsafe open("/proc/\(owner)/fd/\(file)", O_RDWR | O_CLOEXEC)
    guard copy >= 0 else { throw Failed(errno: errno) }
    try self.init(copy)
  }

  private init(_ file: CInt) throws {
    var base: UnsafeMutableRawPointer?
    let result = unsafe cshm_map(file, UInt64(Self.bytes), &base)
    guard result == 0, let base = unsafe base else { throw Failed(errno: -result) }
    self.file = file
    unsafe self.base = base
  }

  deinit {
    _ = unsafe cshm_unmap(base, UInt64(Self.bytes))
    _ = cshm_file_close(file)
  }

  // The lock

  private var lockPlace: UnsafeMutableRawPointer { unsafe base + (Self.bytes - 4) }

  func lock(within nanoseconds: UInt64 = 50_000_000) -> CInt { unsafe cshm_lock_take(lockPlace, nanoseconds) }
  func unlock() -> CInt { unsafe cshm_lock_release(lockPlace) }
  func bereave(_ holder: UInt32) { unsafe cshm_lock_bereave(lockPlace, holder) }
  var lockHolder: UInt32 { unsafe cshm_lock_holder(lockPlace) }

  /// The futex word of the lock, as a peer could overwrite it.
  var lockWord: UInt32 {
    get { unsafe cshm_load32(lockPlace) }
    set { unsafe cshm_store32(lockPlace, newValue) }
  }

  // Words, by byte offset

  subscript(offset: Int) -> UInt32 {
    get { unsafe cshm_load32_acquire(base + offset) }
    set { unsafe cshm_store32(base + offset, newValue) }
  }

  func sleep(on offset: Int, while value: UInt32, until deadline: UInt64 = .max) -> CInt {
    unsafe cshm_futex_wait(base + offset, value, deadline)
  }

  func wake(_ offset: Int, _ count: CInt = .max) -> CInt { unsafe cshm_futex_wake(base + offset, count) }

  /// What is in the file, read apart from the mapping.
  func contents() throws -> [UInt8] {
    var bytes = [UInt8](repeating: 0xFF, count: Self.bytes)
    let result = unsafe bytes.withUnsafeMutableBytes { unsafe cshm_file_read(file, 0, $0.baseAddress!, $0.count) }
    guard result == 0 else { throw Failed(errno: -result) }
    return bytes
  }
}
