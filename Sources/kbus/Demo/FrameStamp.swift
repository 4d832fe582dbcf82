/// What stands before the picture in a frame's message.
///
/// A whole cache line, so that the picture behind it is aligned as the bus aligns payloads.
struct FrameStamp: Equatable {
  static let bytes = 64

  /// Which frame of the film this is; the first is 0.
  var number: Int
  /// How many frames the decoder had sent before this one.
  var sentBefore: Int
  /// Where the decoder wrote the payload, in bytes from the start of the bus file: the UI finds it at the same place.
  var payloadOffset: Int

  init(number: Int, sentBefore: Int, payloadOffset: Int) {
    self.number = number
    self.sentBefore = sentBefore
    self.payloadOffset = payloadOffset
  }

  func write(to span: inout MutableRawSpan) {
    span.storeBytes(of: Int64(number), toByteOffset: 0, as: Int64.self)
    span.storeBytes(of: Int64(sentBefore), toByteOffset: 8, as: Int64.self)
    span.storeBytes(of: Int64(payloadOffset), toByteOffset: 16, as: Int64.self)
    for offset in stride(from: 24, to: Self.bytes, by: 8) { span.storeBytes(of: 0, toByteOffset: offset, as: Int64.self) }
  }

  /// Nil if these bytes are too few to be a frame.
  init?(_ span: borrowing RawSpan) {
    guard span.byteCount >= Self.bytes else { return nil }
    number = Int(unsafe span.unsafeLoadUnaligned(fromByteOffset: 0, as: Int64.self))
    sentBefore = Int(unsafe span.unsafeLoadUnaligned(fromByteOffset: 8, as: Int64.self))
    payloadOffset = Int(unsafe span.unsafeLoadUnaligned(fromByteOffset: 16, as: Int64.self))
  }
}
