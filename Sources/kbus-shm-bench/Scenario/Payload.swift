import KBUSShm

/// The stamps on a payload: the number of its round trip, in its first and in its last 8 bytes.
///
/// Reading both shows that the payload came whole and is the one expected, at a price that hardly shows; the bytes
/// between are neither written nor read, which is what a loan is for.
enum Payload {
  /// Of a reply, whatever the size of the request.
  static let replyBytes = 64
  /// Asks the server to end. No round trip has this number.
  static let end = UInt64.max

  static func stamp(_ span: inout MutableRawSpan, _ number: UInt64) {
    span.storeBytes(of: number, toByteOffset: 0, as: UInt64.self)
    span.storeBytes(of: number, toByteOffset: span.byteCount - 8, as: UInt64.self)
  }

  static func stamp(_ data: inout [UInt8], _ number: UInt64) {
    var span = data.mutableSpan
    var bytes = unsafe span.mutableBytes
    stamp(&bytes, number)
  }

  /// A function of its own: where a received message is in a local constant whose `bytes` are used there, the compiler (6.3.1) puts
  /// it on the heap.
  static func number(in message: borrowing ReceivedMessage, bytes: Int) -> UInt64? { number(in: message.bytes, bytes: bytes) }

  static func number(in data: [UInt8], bytes: Int) -> UInt64? { number(in: unsafe data.span.bytes, bytes: bytes) }

  /// The number if both stamps agree and the payload has this length.
  static func number(in span: RawSpan, bytes: Int) -> UInt64? {
    guard span.byteCount == bytes else { return nil }
    // Any 8 bytes are a number, and the span checks its bounds.
    let first = unsafe span.unsafeLoadUnaligned(fromByteOffset: 0, as: UInt64.self)
    let last = unsafe span.unsafeLoadUnaligned(fromByteOffset: bytes - 8, as: UInt64.self)
    return first == last ? first : nil
  }
}
