// Everything that is known about a message, on several lines, for somebody who looks for a fault.

// `stdout` is a variable to Swift, and nobody changes it here.
@unsafe @preconcurrency public import CKBUS

@c(kbus_msg_dump) @implementation
public func kbus_msg_dump(_ msg: UnsafePointer<kbus_message_t>!, _ dump_data: CInt) {
  unsafe ByteStream.locked(stdout) { out in
    if let msg = unsafe msg { unsafe dump(msg, withData: dump_data != 0, on: out) } else { out.put("Message: none\n") }
  }
}

private func dump(_ message: UnsafePointer<kbus_message_t>, withData: Bool, on out: borrowing ByteStream) {
  let header = unsafe message.pointee
  unsafe out.put(header.name == nil ? "Entire message at 0x" : "Pointy message at 0x")
  out.put(hexadecimal: UInt(bitPattern: message))
  unsafe out.line("start_guard", hexadecimal: UInt(header.start_guard), digits: 8)
  unsafe out.line("id", header.id.network_id, header.id.serial_num)
  unsafe out.line("in_reply_to", header.in_reply_to.network_id, header.in_reply_to.serial_num)
  unsafe out.line("to", header.to)
  unsafe out.line("from", header.from)
  unsafe out.line("orig_from", header.orig_from.network_id, header.orig_from.local_id)
  unsafe out.line("final_to", header.final_to.network_id, header.final_to.local_id)
  unsafe out.line("extra", header.extra)
  unsafe out.line("flags", hexadecimal: UInt(header.flags), digits: 8)
  unsafe out.line("name_len", header.name_len)
  unsafe out.line("data_len", header.data_len)
  unsafe out.line("name", hexadecimal: UInt(bitPattern: header.name))
  unsafe out.line("data", hexadecimal: UInt(bitPattern: header.data))
  unsafe out.line("end_guard", hexadecimal: UInt(header.end_guard), digits: 8)
  unsafe out.line("name text", text: message.claimedName)
  let data = unsafe message.claimedData
  if unsafe withData && !data.isEmpty {
    unsafe out.line("data text", text: data)
    unsafe out.line("data bytes", bytes: data, perLine: 16)
  }
  // An entire message ends with its data.
  let count = withData ? unsafe message.byteCount : MessageSize.header
  unsafe out.line("message bytes", bytes: UnsafeRawBufferPointer(start: message, count: count), perLine: 26)
  out.put("\n")
}

extension ByteStream {
  private func label(_ label: StaticString) {
    put("\n  ")
    put(label)
    put(": ")
  }

  fileprivate func line(_ name: StaticString, _ value: UInt32) {
    label(name)
    put(decimal: value)
  }

  fileprivate func line(_ name: StaticString, _ first: UInt32, _ second: UInt32) {
    label(name)
    put("{")
    put(decimal: first)
    put(",")
    put(decimal: second)
    put("}")
  }

  fileprivate func line(_ name: StaticString, hexadecimal value: UInt, digits: Int = 1) {
    label(name)
    put("0x")
    put(hexadecimal: value, digits: digits)
  }

  fileprivate func line(_ name: StaticString, text: UnsafeRawBufferPointer) {
    label(name)
    for index in text.indices { unsafe put(byte: isPrintable(text[index]) ? text[index] : UInt8(ascii: "?")) }
  }

  fileprivate func line(_ name: StaticString, bytes: UnsafeRawBufferPointer, perLine: Int) {
    label(name)
    for index in bytes.indices {
      put(index % perLine == 0 ? "\n    " : " ")
      unsafe put(hexadecimal: UInt(bytes[index]), digits: 2)
    }
  }
}
