// A String's bytes, by the one way that brings nothing else with it: in libkbus.so the standard library's other ways are 8 KB of code for
// strings that are not UTF-8 in one piece. On Linux all are.

internal import CShm

extension String {
  /// Its bytes, as UTF-8.
  var bytes: [UInt8] {
    guard let bytes = unsafe utf8.withContiguousStorageIfAvailable({ unsafe [UInt8]($0) }) else {
      preconditionFailure("a String of Linux is UTF-8 in one piece")
    }
    return bytes
  }

  /// Text of bytes from outside. If they are not UTF-8, what is not ASCII is shown as `?`.
  ///
  /// (What the standard library has for this knows UTF-16 as well, which is five thousand bytes of libkbus.so.)
  @inline(never) init(bytes: [UInt8]) {
    self = String(validating: bytes, as: UTF8.self) ?? String(validating: bytes.map { $0 < 0x80 ? $0 : 0x3F }, as: UTF8.self) ?? ""
  }

  /// The same, of bytes that a 0 ends.
  @inline(never) init(characters: UnsafePointer<CChar>) {
    unsafe self.init(bytes: [UInt8](UnsafeRawBufferPointer(start: characters, count: cshm_text_length(characters))))
  }

  /// Calls `body` with its bytes and a 0 behind them, for system calls.
  func withCharacters<Result>(_ body: (UnsafePointer<CChar>) -> Result) -> Result {
    var bytes = bytes
    bytes.append(0)
    return unsafe bytes.withUnsafeBytes { unsafe body($0.baseAddress!.assumingMemoryBound(to: CChar.self)) }
  }
}
