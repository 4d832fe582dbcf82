// The bytes of a bus file, read and changed behind the back of whoever has it open.

import CShm
import Glibc

/// A bus file as bytes.
struct BusBytes: ~Copyable {
  private let file: CInt

  struct Failed: Error {
    let errno: CInt
  }

  init(_ path: String) throws(Failed) {
    file = unsafe cshm_file_open(path)
    guard file >= 0 else { throw Failed(errno: -file) }
  }

  deinit { _ = cshm_file_close(file) }

  func word32(_ offset: Int) throws(Failed) -> UInt32 {
    var word: UInt32 = 0
    let result = unsafe cshm_file_read(file, UInt64(offset), &word, 4)
    guard result == 0 else { throw Failed(errno: -result) }
    return word
  }

  func set(_ offset: Int, _ word: UInt32) throws(Failed) {
    var word = word
    guard unsafe pwrite(file, &word, 4, offset) == 4 else { throw Failed(errno: errno) }
  }

  func set(_ offset: Int, _ word: UInt64) throws(Failed) {
    var word = word
    guard unsafe pwrite(file, &word, 8, offset) == 8 else { throw Failed(errno: errno) }
  }

  func cut(to bytes: Int) throws(Failed) {
    guard ftruncate(file, bytes) == 0 else { throw Failed(errno: errno) }
  }

  func size() -> Int {
    var facts = cshm_file_facts()
    _ = unsafe cshm_file_facts_of(file, &facts)
    return Int(facts.bytes)
  }
}
