// Text to a stream of C. No String: bytes are all that is needed, and the library stays small.

internal import CKBUS

/// A stream that is locked, so that what is put to it stays together.
@safe struct ByteStream: ~Copyable {
  private let stream: UnsafeMutablePointer<FILE>

  private init(_ stream: UnsafeMutablePointer<FILE>) { unsafe self.stream = stream }

  static func locked(_ stream: UnsafeMutablePointer<FILE>, _ body: (borrowing ByteStream) -> Void) {
    unsafe flockfile(stream)
    body(unsafe ByteStream(stream))
    unsafe funlockfile(stream)
  }

  func put(_ text: StaticString) { unsafe _ = fwrite(text.utf8Start, 1, text.utf8CodeUnitCount, stream) }

  func put(byte: UInt8) { unsafe _ = putc_unlocked(CInt(byte), stream) }

  func put(decimal value: UInt32) {
    if value > 9 { put(decimal: value / 10) }
    put(byte: 0x30 + UInt8(value % 10))
  }

  /// With leading zeros up to so many digits.
  func put(hexadecimal value: UInt, digits: Int = 1) {
    if value > 15 || digits > 1 { put(hexadecimal: value / 16, digits: digits - 1) }
    let digit = UInt8(value % 16)
    put(byte: digit < 10 ? 0x30 + digit : 0x57 + digit)
  }
}

func isPrintable(_ byte: UInt8) -> Bool { 0x20..<0x7F ~= byte }
