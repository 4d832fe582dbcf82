// The message being read: taken from the queue by NEXTMSG, read in pieces of any size (specification, section 13). It is read in
// its entire form, which is put together on the way: header, padded name, padded data, end guard.

internal import CKBUS
internal import CShm

struct MessageReading: ~Copyable {
  private var message: ReceivedMessage?
  private var nameLength = 0
  /// Bytes read of it.
  private var position = 0

  /// How many bytes are left.
  private(set) var left = 0

  /// Goes on to a message, or to none. What is left of the one before is dropped.
  mutating func begin(_ next: consuming ReceivedMessage?) {
    message = next
    position = 0
    nameLength = message?.nameCount ?? 0
    left = message?.entireCount(nameLength: nameLength) ?? 0
  }

  mutating func drop() { begin(nil) }

  /// Reads some bytes of what is left. With the last one the message is done with.
  mutating func read(_ count: Int, to place: UnsafeMutableRawPointer) {
    unsafe message?.copyEntire(nameLength: nameLength, from: position, count: count, to: place)
    position += count
    left -= count
    if left == 0 { message = nil }
  }
}

extension ReceivedMessage {
  // With the length of the name as it was once read: what C has made room for.

  /// The length of the entire form.
  func entireCount(nameLength: Int) -> Int { MessageSize.entire(nameLength: nameLength, dataLength: count) }

  /// The header, with null pointers. `place` need not be anything yet.
  func writeHeader(to place: UnsafeMutableRawPointer, nameLength: Int) {
    if let words { return unsafe words.writeHeader(to: place, nameLength: nameLength, count: count, isYours: wantsUsToReply) }
    let header = unsafe place.beginHeader(nameLength: nameLength, count: count)
    unsafe header.pointee.id = kbus_msg_id(id)
    unsafe header.pointee.in_reply_to = kbus_msg_id(inReplyTo)
    unsafe header.pointee.to = to
    unsafe header.pointee.from = from
    unsafe header.pointee.flags = flags.rawValue
  }

  /// The whole message in its entire form. `place` has room for `entireCount` bytes, at an address for a header.
  func copyEntire(nameLength: Int, to place: UnsafeMutableRawPointer) {
    let names = MessageSize.padded(nameLength: nameLength), datas = MessageSize.padded(dataLength: count)
    unsafe writeHeader(to: place, nameLength: nameLength)
    let name = unsafe place + MessageSize.header
    // Padding first: the bytes before it are then written over.
    unsafe (name + names - 4).storeBytes(of: 0, as: UInt32.self)
    unsafe copyName(nameLength, to: name)
    let data = unsafe name + names
    if datas > 0 { unsafe (data + datas - 4).storeBytes(of: 0, as: UInt32.self) }
    if count > 0 { unsafe withUnsafeBytes { unsafe data.copyMemory(from: $0.baseAddress!, byteCount: $0.count) } }
    unsafe (data + datas).storeBytes(of: UInt32(KBUS_MSG_END_GUARD), as: UInt32.self)
  }

  /// Some bytes of the entire form. Data is copied from where it lies; the rest is put together anew for each piece.
  fileprivate func copyEntire(nameLength: Int, from start: Int, count wanted: Int, to place: UnsafeMutableRawPointer) {
    if start == 0, wanted == entireCount(nameLength: nameLength) { return unsafe copyEntire(nameLength: nameLength, to: place) }
    let names = MessageSize.padded(nameLength: nameLength), datas = MessageSize.padded(dataLength: count)
    let dataStart = MessageSize.header + names, dataEnd = dataStart + count
    var ends = [UInt8](repeating: 0, count: dataStart + (datas - count) + 4)
    unsafe ends.withUnsafeMutableBytes { ends in
      unsafe writeHeader(to: ends.baseAddress!, nameLength: nameLength)
      unsafe copyName(nameLength, to: ends.baseAddress! + MessageSize.header)
      unsafe ends.storeBytes(of: UInt32(KBUS_MSG_END_GUARD), toByteOffset: ends.count - 4, as: UInt32.self)
    }
    let piece = Piece(start: start, end: start + wanted)
    unsafe ends.withUnsafeBytes { ends in
      unsafe piece.copy(UnsafeRawBufferPointer(rebasing: ends[..<dataStart]), lyingAt: 0, to: place)
      unsafe piece.copy(UnsafeRawBufferPointer(rebasing: ends[dataStart...]), lyingAt: dataEnd, to: place)
    }
    unsafe withUnsafeBytes { unsafe piece.copy($0, lyingAt: dataStart, to: place) }
  }
}

extension Window {
  /// The header of the message in this slot, with null pointers, as C sees it. `place` need not be anything yet.
  @inline(__always) func writeHeader(to place: UnsafeMutableRawPointer, nameLength: Int, count: Int, isYours: Bool) {
    let header = unsafe place.beginHeader(nameLength: nameLength, count: count)
    unsafe header.pointee.id = kbus_msg_id(MessageID(word: u64(CSHM_SLOT_ID)))
    unsafe header.pointee.in_reply_to = kbus_msg_id(MessageID(word: u64(CSHM_SLOT_IN_REPLY_TO)))
    unsafe header.pointee.to = u32(CSHM_SLOT_TO)
    unsafe header.pointee.from = u32(CSHM_SLOT_FROM)
    unsafe header.pointee.orig_from = kbus_orig_from(Origin(word: u64(CSHM_SLOT_ORIG_FROM)))
    unsafe header.pointee.final_to = kbus_orig_from(Origin(word: u64(CSHM_SLOT_FINAL_TO)))
    unsafe header.pointee.flags = u32(CSHM_SLOT_FLAGS) | (isYours ? MessageFlags.wantYouToReply.rawValue : 0)
  }
}

extension UnsafeMutableRawPointer {
  /// A header with what does not come from the bus, and zero between its fields, too.
  @inline(__always) fileprivate func beginHeader(nameLength: Int, count: Int) -> UnsafeMutablePointer<kbus_message_header> {
    unsafe cshm_zero(self, MemoryLayout<kbus_message_header>.size)
    let header = unsafe bindMemory(to: kbus_message_header.self, capacity: 1)
    unsafe header.pointee.start_guard = UInt32(KBUS_MSG_START_GUARD)
    unsafe header.pointee.name_len = UInt32(truncatingIfNeeded: nameLength)
    unsafe header.pointee.data_len = UInt32(truncatingIfNeeded: count)
    unsafe header.pointee.end_guard = UInt32(KBUS_MSG_END_GUARD)
    return unsafe header
  }
}

/// A piece of a message, from one position to another.
private struct Piece {
  let start: Int
  let end: Int

  /// Copies what a part of the message, which lies at some position, has in common with the piece.
  func copy(_ part: UnsafeRawBufferPointer, lyingAt position: Int, to place: UnsafeMutableRawPointer) {
    let from = max(start, position), to = min(end, position + part.count)
    guard from < to else { return }
    unsafe (place + (from - start)).copyMemory(from: part.baseAddress! + (from - position), byteCount: to - from)
  }
}
