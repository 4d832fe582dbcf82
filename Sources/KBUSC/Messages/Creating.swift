// Messages are made with malloc and freed with free, so that a C program may mix these functions with its own.

public import CKBUS

@c(kbus_msg_create) @implementation
public func kbus_msg_create(
  _ msg: UnsafeMutablePointer<UnsafeMutablePointer<kbus_message_t>?>!, _ name: UnsafePointer<CChar>!, _ name_len: UInt32,
  _ data: UnsafeRawPointer!, _ data_len: UInt32, _ flags: UInt32
) -> CInt {
  unsafe kbus_message_t(name: name, name_len, data: data, data_len, flags: flags).make(.pointy, into: msg)
}

@c(kbus_msg_create_entire) @implementation
public func kbus_msg_create_entire(
  _ msg: UnsafeMutablePointer<UnsafeMutablePointer<kbus_message_t>?>!, _ name: UnsafePointer<CChar>!, _ name_len: UInt32,
  _ data: UnsafeRawPointer!, _ data_len: UInt32, _ flags: UInt32
) -> CInt {
  unsafe kbus_message_t(name: name, name_len, data: data, data_len, flags: flags).make(.entire, into: msg)
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
  unsafe makeReply(.pointy, to: in_reply_to, data, data_len, flags, into: msg)
}

@c(kbus_msg_create_entire_reply_to) @implementation
public func kbus_msg_create_entire_reply_to(
  _ msg: UnsafeMutablePointer<UnsafeMutablePointer<kbus_message_t>?>!, _ in_reply_to: UnsafePointer<kbus_message_t>!,
  _ data: UnsafeRawPointer!, _ data_len: UInt32, _ flags: UInt32
) -> CInt {
  unsafe makeReply(.entire, to: in_reply_to, data, data_len, flags, into: msg)
}

@c(kbus_msg_create_stateful_request) @implementation
public func kbus_msg_create_stateful_request(
  _ msg: UnsafeMutablePointer<UnsafeMutablePointer<kbus_message_t>?>!, _ earlier_msg: UnsafePointer<kbus_message_t>!,
  _ name: UnsafePointer<CChar>!, _ name_len: UInt32, _ data: UnsafeRawPointer!, _ data_len: UInt32, _ flags: UInt32
) -> CInt {
  let header = unsafe kbus_message_t(name: name, name_len, data: data, data_len, flags: flags)
  return unsafe makeStatefulRequest(.pointy, after: earlier_msg, header, into: msg)
}

@c(kbus_msg_create_entire_stateful_request) @implementation
public func kbus_msg_create_entire_stateful_request(
  _ msg: UnsafeMutablePointer<UnsafeMutablePointer<kbus_message_t>?>!, _ earlier_msg: UnsafePointer<kbus_message_t>!,
  _ name: UnsafePointer<CChar>!, _ name_len: UInt32, _ data: UnsafeRawPointer!, _ data_len: UInt32, _ flags: UInt32
) -> CInt {
  let header = unsafe kbus_message_t(name: name, name_len, data: data, data_len, flags: flags)
  return unsafe makeStatefulRequest(.entire, after: earlier_msg, header, into: msg)
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
  _ form: MessageForm, to request: UnsafePointer<kbus_message_t>?, _ data: UnsafeRawPointer?, _ dataLength: UInt32, _ flags: UInt32,
  into place: UnsafeMutablePointer<UnsafeMutablePointer<kbus_message_t>?>?
) -> CInt {
  guard let request = unsafe request else { return fail(.badAddress) }
  guard unsafe kbus_msg_wants_us_to_reply(request) != 0 else { return fail(.notOursToAnswer) }
  var header = unsafe kbus_message_t(
    name: kbus_msg_name_ptr(request), request.pointee.name_len, data: data, dataLength, flags: flags)
  unsafe header.to = request.pointee.from
  unsafe header.in_reply_to = request.pointee.id
  return unsafe header.make(form, into: place)
}

/// A Request to the Ksock that sent a Reply, or that an earlier stateful Request went to.
private func makeStatefulRequest(
  _ form: MessageForm, after earlier: UnsafePointer<kbus_message_t>?, _ given: kbus_message_t,
  into place: UnsafeMutablePointer<UnsafeMutablePointer<kbus_message_t>?>?
) -> CInt {
  guard let earlier = unsafe earlier else { return fail(.badAddress) }
  var header = unsafe given
  unsafe header.flags |= MessageFlags.wantAReply.rawValue
  if unsafe kbus_msg_is_reply(earlier) != 0 {
    unsafe header.to = earlier.pointee.from
    unsafe header.final_to = earlier.pointee.orig_from
  } else if unsafe kbus_msg_is_stateful_request(earlier) != 0 {
    unsafe header.to = earlier.pointee.to
    unsafe header.final_to = earlier.pointee.final_to
  } else {
    return fail(.nothingToFollow)
  }
  return unsafe header.make(form, into: place)
}
