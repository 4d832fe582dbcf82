// Reading single bytes of a span.

extension RawSpan {
  /// Whether both have the same bytes, being equally long.
  @inline(__always) func holdsSame(as other: RawSpan) -> Bool {
    for position in 0..<byteCount where byte(position) != other.byte(position) { return false }
    return true
  }

  /// One byte; the caller stays within `byteCount`.
  @inline(__always) func byte(_ position: Int) -> UInt8 { unsafe unsafeLoad(fromByteOffset: position, as: UInt8.self) }
}
