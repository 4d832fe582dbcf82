// A message on one line, in the words of the original's C library. The Python face prints otherwise.

public import CKBUS

@c(kbus_msg_print) @implementation
public func kbus_msg_print(_ stream: UnsafeMutablePointer<FILE>!, _ msg: UnsafePointer<kbus_message_t>!) {
  unsafe kbus_msg_print2(stream, msg, UInt32(KBUS_MSG_PRINT_FLAGS_ABBREVIATE))
}

@c(kbus_msg_print2) @implementation
public func kbus_msg_print2(_ stream: UnsafeMutablePointer<FILE>!, _ msg: UnsafePointer<kbus_message_t>!, _ flags: UInt32) {
  guard let stream = unsafe stream, let msg = unsafe msg else { return }
  let isAbbreviated = flags & UInt32(KBUS_MSG_PRINT_FLAGS_ABBREVIATE) != 0
  unsafe ByteStream.locked(stream) { out in unsafe printLine(msg, on: out, dataLimit: isAbbreviated ? 20 : .max) }
}

private func printLine(_ message: UnsafePointer<kbus_message_t>, on out: borrowing ByteStream, dataLimit: Int) {
  let header = unsafe message.pointee
  let name = unsafe message.claimedName
  let isReply = unsafe kbus_msg_is_reply(message) != 0
  let isRequest = unsafe kbus_msg_is_request(message) != 0
  let isBindEvent = unsafe !isReply && !isRequest && name.hasPrefix(bindEventName) && name.count == bindEventName.utf8CodeUnitCount
  if isBindEvent {
    out.put("<ReplierBindEvent")
  } else {
    let isStatus = unsafe isReply && name.hasPrefix(busPrefix) && name.count > busPrefix.utf8CodeUnitCount
    out.put(isStatus ? "<Status '" : isReply ? "<Reply '" : isRequest ? "<Request '" : "<Announcement '")
    unsafe out.put(escaped: name)
    out.put("'")
  }
  unsafe out.put(" id=[", header.id.network_id, ":", header.id.serial_num, "]")
  unsafe out.put(" to=", header.to)
  unsafe out.put(" from=", header.from)
  unsafe out.put(" orig_from=(", header.orig_from.network_id, ",", header.orig_from.local_id, ")")
  unsafe out.put(" final_to=(", header.final_to.network_id, ",", header.final_to.local_id, ")")
  unsafe out.put(" in_reply_to=[", header.in_reply_to.network_id, ":", header.in_reply_to.serial_num, "]")
  unsafe out.put(flags: header.flags)
  unsafe out.put(data: message.claimedData, limit: dataLimit, isBindEvent: isBindEvent)
  out.put(">")
}

private let busPrefix: StaticString = "$.KBUS."
private let bindEventName: StaticString = "$.KBUS.ReplierBindEvent"

extension UnsafeRawBufferPointer {
  fileprivate func hasPrefix(_ text: StaticString) -> Bool {
    guard let start = baseAddress, count >= text.utf8CodeUnitCount else { return false }
    return unsafe memcmp(start, text.utf8Start, text.utf8CodeUnitCount) == 0
  }
}

extension ByteStream {
  /// A field, if it is set.
  fileprivate func put(_ label: StaticString, _ value: UInt32) {
    guard value != 0 else { return }
    put(label)
    put(decimal: value)
  }

  /// A field of two parts, if either is set.
  fileprivate func put(_ label: StaticString, _ first: UInt32, _ separator: StaticString, _ second: UInt32, _ end: StaticString) {
    guard first != 0 || second != 0 else { return }
    put(label)
    put(decimal: first)
    put(separator)
    put(decimal: second)
    put(end)
  }

  fileprivate func put(flags: UInt32) {
    guard flags != 0 else { return }
    put(" flags=0x")
    put(hexadecimal: UInt(flags))
    for (flag, mnemonic) in MessageFlags.named where MessageFlags(rawValue: flags).contains(flag) {
      put(" ")
      put(mnemonic)
    }
  }

  fileprivate func put(data: UnsafeRawBufferPointer, limit: Int, isBindEvent: Bool) {
    guard unsafe !data.isEmpty else { return }
    put(" data=")
    if isBindEvent, let event = unsafe BindEvent(data) {
      unsafe put(event.isBind != 0 ? " [Bind '" : " [Unbind '")
      unsafe put(escaped: event.name)
      put("' for ")
      unsafe put(decimal: event.binder)
      put("]")
    } else {
      unsafe put(escaped: UnsafeRawBufferPointer(rebasing: data.prefix(limit)))
      if data.count > limit { put("...") }
    }
  }

  /// Printable bytes as themselves, others as `\xHH`.
  fileprivate func put(escaped bytes: UnsafeRawBufferPointer) {
    for index in bytes.indices {
      let byte = unsafe bytes[index]
      if isPrintable(byte) {
        put(byte: byte)
      } else {
        put("\\x")
        put(hexadecimal: UInt(byte), digits: 2)
      }
    }
  }
}
