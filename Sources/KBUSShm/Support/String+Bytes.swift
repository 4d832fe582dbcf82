// A String's bytes, by the one way that brings nothing else with it: in libkbus.so the standard library's other ways are 8 KB of code for
// strings that are not UTF-8 in one piece. On Linux all are.

extension String {
  /// Its bytes, as UTF-8.
  var bytes: [UInt8] {
    guard let bytes = unsafe utf8.withContiguousStorageIfAvailable({ unsafe [UInt8]($0) }) else {
      preconditionFailure("a String of Linux is UTF-8 in one piece")
    }
    return bytes
  }

  /// Calls `body` with its bytes and a 0 behind them, for system calls.
  func withCharacters<Result>(_ body: (UnsafePointer<CChar>) -> Result) -> Result {
    var bytes = bytes
    bytes.append(0)
    return unsafe bytes.withUnsafeBytes { unsafe body($0.baseAddress!.assumingMemoryBound(to: CChar.self)) }
  }
}
