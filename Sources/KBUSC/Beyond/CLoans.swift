// Messages filled in shared memory, where they will be read.

public import CKBUS

/// A loan that C holds.
@safe private final class Loan {
  let ksock: Ksock
  var message: LoanedMessage?
  let data: UnsafeMutableRawPointer?

  init(_ ksock: Ksock, _ message: consuming LoanedMessage) {
    var message = message
    self.ksock = ksock
    unsafe data = message.withUnsafeMutableBytes { $0.baseAddress }
    self.message = consume message
  }
}

@c(kbus_loan_make) @implementation
public func kbus_loan_make(
  _ ksock: kbus_ksock_t, _ msg: UnsafePointer<kbus_message_t>!, _ loan: UnsafeMutablePointer<OpaquePointer?>!
) -> CInt {
  call(on: ksock, looking: false) { ksock throws(KBusError) in
    let place = unsafe try given(loan), like = unsafe try given(msg)
    let name = unsafe like.nameBytes
    // The length is checked here, since only as much of a name is looked at as a name can have.
    unsafe try ksock.ksock.checkSize(
      nameLength: Int(like.pointee.name_len), dataLength: Int(like.pointee.data_len),
      flags: MessageFlags(rawValue: like.pointee.flags))
    let header = unsafe OutgoingHeader(like.pointee)
    let message = unsafe try ksock.ksock.loan(header, header.flags, name.bytes, count: Int(like.pointee.data_len))
    unsafe place.pointee = OpaquePointer(Unmanaged.passRetained(Loan(ksock.ksock, message)).toOpaque())
    return 0
  }
}

@c(kbus_loan_data) @implementation
public func kbus_loan_data(_ loan: OpaquePointer!) -> UnsafeMutableRawPointer! {
  guard let loan = unsafe loan else { return nil }
  return unsafe Unmanaged<Loan>.fromOpaque(UnsafeRawPointer(loan)).takeUnretainedValue().data
}

@c(kbus_loan_send) @implementation
public func kbus_loan_send(_ loan: OpaquePointer!, _ msg_id: UnsafeMutablePointer<kbus_msg_id_t>!) -> CInt {
  call { () throws(KBusError) in
    guard let loan = unsafe loan else { throw .badAddress }
    let order = unsafe Unmanaged<Loan>.fromOpaque(UnsafeRawPointer(loan)).takeRetainedValue()
    guard let message = order.message.take() else { throw .badAddress }
    do throws(KBusError) {
      let id = try order.ksock.send(message)
      unsafe msg_id?.pointee = kbus_msg_id(id)
    } catch {
      if error.code == .pending, let id = try? order.ksock.lastMessageID() { unsafe msg_id?.pointee = kbus_msg_id(id) }
      throw error
    }
    return 0
  }
}

@c(kbus_loan_drop) @implementation
public func kbus_loan_drop(_ loan: OpaquePointer!) {
  guard let loan = unsafe loan else { return }
  unsafe Unmanaged<Loan>.fromOpaque(UnsafeRawPointer(loan)).release()
}
