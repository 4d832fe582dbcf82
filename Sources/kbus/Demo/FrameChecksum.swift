/// The checksum of a picture: Adler-32 started at 0, which is what `ffmpeg -f framecrc` prints for each frame.
enum FrameChecksum {
  /// The largest prime below 65536, and how many bytes can be summed before the sums overflow 32 bits.
  private static let modulus: UInt32 = 65521
  private static let stretch = 5552

  /// The checksum of everything from `offset` on.
  static func of(_ bytes: borrowing RawSpan, from offset: Int) -> UInt32 {
    unsafe bytes.withUnsafeBytes { raw in
      var (a, b): (UInt32, UInt32) = (0, 0)
      var start = offset
      while start < raw.count {
        let end = min(raw.count, start + stretch)
        for index in start..<end {
          a &+= UInt32(unsafe raw[index])
          b &+= a
        }
        a %= modulus
        b %= modulus
        start = end
      }
      return b << 16 | a
    }
  }

  static func text(_ checksum: UInt32) -> String {
    let digits = String(checksum, radix: 16)
    return "0x" + String(repeating: "0", count: 8 - digits.count) + digits
  }
}
