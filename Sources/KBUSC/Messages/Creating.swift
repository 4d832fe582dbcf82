// Messages are made with malloc and freed with free, so that a C program may mix these functions with its own.

public import CKBUS

@c(kbus_msg_create) @implementation
public func kbus_msg_create(
  _ msg: UnsafeMutablePointer<UnsafeMutablePointer<kbus_message_t>?>!, _ name: UnsafePointer<CChar>!, _ name_len: UInt32,
  _ data: UnsafeRawPointer!, _ data_len: UInt32, _ flags: UInt32
) -> CInt {
  let content = unsafe Content(name: name, nameLength: name_len, data: data, dataLength: data_len)
  return call { () throws(KBusError) in try unsafe content.make(.pointy, flags: flags, into: msg) }
}

@c(kbus_msg_create_entire) @implementation
public func kbus_msg_create_entire(
  _ msg: UnsafeMutablePointer<UnsafeMutablePointer<kbus_message_t>?>!, _ name: UnsafePointer<CChar>!, _ name_len: UInt32,
  _ data: UnsafeRawPointer!, _ data_len: UInt32, _ flags: UInt32
) -> CInt {
  let content = unsafe Content(name: name, nameLength: name_len, data: data, dataLength: data_len)
  return call { () throws(KBusError) in try unsafe content.make(.entire, flags: flags, into: msg) }
}

@c(kbus_msg_create_request) @implementation
public func kbus_msg_create_request(
  _ msg: UnsafeMutablePointer<UnsafeMutablePointer<kbus_message_t>?>!, _ name: UnsafePointer<CChar>!, _ name_len: UInt32,
  _ data: UnsafeRawPointer!, _ data_len: UInt32, _ flags: UInt32
) -> CInt {
  unsafe kbus_msg_create(msg, name, name_len, data, data_len, flags | MessageFlags.wantAReply.rawValue)
}

@c(kbus_msg_create_entire_request) @implementation
public func kbus_msg_create_entire_request(
  _ msg: UnsafeMutablePointer<UnsafeMutablePointer<kbus_message_t>?>!, _ name: UnsafePointer<CChar>!, _ name_len: UInt32,
  _ data: UnsafeRawPointer!, _ data_len: UInt32, _ flags: UInt32
) -> CInt {
  unsafe kbus_msg_create_entire(msg, name, name_len, data, data_len, flags | MessageFlags.wantAReply.rawValue)
}

@c(kbus_msg_create_reply_to) @implementation
public func kbus_msg_create_reply_to(
  _ msg: UnsafeMutablePointer<UnsafeMutablePointer<kbus_message_t>?>!, _ in_reply_to: UnsafePointer<kbus_message_t>!,
  _ data: UnsafeRawPointer!, _ data_len: UInt32, _ flags: UInt32
) -> CInt {
  call { () throws(KBusError) in try unsafe makeReply(.pointy, to: in_reply_to, data, data_len, flags, into: msg) }
}

@c(kbus_msg_create_entire_reply_to) @implementation
public func kbus_msg_create_entire_reply_to(
  _ msg: UnsafeMutablePointer<UnsafeMutablePointer<kbus_message_t>?>!, _ in_reply_to: UnsafePointer<kbus_message_t>!,
  _ data: UnsafeRawPointer!, _ data_len: UInt32, _ flags: UInt32
) -> CInt {
  call { () throws(KBusError) in try unsafe makeReply(.entire, to: in_reply_to, data, data_len, flags, into: msg) }
}

@c(kbus_msg_create_stateful_request) @implementation
public func kbus_msg_create_stateful_request(
  _ msg: UnsafeMutablePointer<UnsafeMutablePointer<kbus_message_t>?>!, _ earlier_msg: UnsafePointer<kbus_message_t>!,
  _ name: UnsafePointer<CChar>!, _ name_len: UInt32, _ data: UnsafeRawPointer!, _ data_len: UInt32, _ flags: UInt32
) -> CInt {
  let content = unsafe Content(name: name, nameLength: name_len, data: data, dataLength: data_len)
  return call { () throws(KBusError) in try unsafe makeStatefulRequest(.pointy, after: earlier_msg, content, flags, into: msg) }
}

@c(kbus_msg_create_entire_stateful_request) @implementation
public func kbus_msg_create_entire_stateful_request(
  _ msg: UnsafeMutablePointer<UnsafeMutablePointer<kbus_message_t>?>!, _ earlier_msg: UnsafePointer<kbus_message_t>!,
  _ name: UnsafePointer<CChar>!, _ name_len: UInt32, _ data: UnsafeRawPointer!, _ data_len: UInt32, _ flags: UInt32
) -> CInt {
  let content = unsafe Content(name: name, nameLength: name_len, data: data, dataLength: data_len)
  return call { () throws(KBusError) in try unsafe makeStatefulRequest(.entire, after: earlier_msg, content, flags, into: msg) }
}

@c(kbus_msg_delete) @implementation
public func kbus_msg_delete(_ msg_p: UnsafeMutablePointer<UnsafeMutablePointer<kbus_message_t>?>!) {
  guard let place = unsafe msg_p else { return }
  unsafe free(place.pointee)
  unsafe place.pointee = nil
}

@c(kbus_msg_delete_all) @implementation
public func kbus_msg_delete_all(_ msg_p: UnsafeMutablePointer<UnsafeMutablePointer<kbus_message_t>?>!) {
  guard let message = unsafe msg_p?.pointee else { return }
  if let name = unsafe message.pointee.name {
    unsafe free(name)
    unsafe free(message.pointee.data)
  }
  unsafe kbus_msg_delete(msg_p)
}

/// The Reply to a Request that its reader is to answer.
private func makeReply(
  _ form: Content.Form, to request: UnsafePointer<kbus_message_t>?, _ data: UnsafeRawPointer?, _ dataLength: UInt32, _ flags: UInt32,
  into place: UnsafeMutablePointer<UnsafeMutablePointer<kbus_message_t>?>?
) throws(KBusError) -> CInt {
  guard let request = unsafe request else { throw .nullArgument }
  guard unsafe kbus_msg_wants_us_to_reply(request) != 0 else { throw .notOursToAnswer }
  let content = unsafe Content(
    name: kbus_msg_name_ptr(request), nameLength: request.pointee.name_len, data: data, dataLength: dataLength)
  return try unsafe content.make(form, flags: flags, to: request.pointee.from, inReplyTo: request.pointee.id, into: place)
}

/// A Request to the Ksock that sent a Reply, or that an earlier stateful Request went to.
private func makeStatefulRequest(
  _ form: Content.Form, after earlier: UnsafePointer<kbus_message_t>?, _ content: Content, _ flags: UInt32,
  into place: UnsafeMutablePointer<UnsafeMutablePointer<kbus_message_t>?>?
) throws(KBusError) -> CInt {
  guard let earlier = unsafe earlier else { throw .nullArgument }
  let flags = flags | MessageFlags.wantAReply.rawValue
  if unsafe kbus_msg_is_reply(earlier) != 0 {
    return try unsafe content.make(form, flags: flags, to: earlier.pointee.from, finalTo: earlier.pointee.orig_from, into: place)
  }
  guard unsafe kbus_msg_is_stateful_request(earlier) != 0 else { throw .nothingToFollow }
  return try unsafe content.make(form, flags: flags, to: earlier.pointee.to, finalTo: earlier.pointee.final_to, into: place)
}
