// Messages filled in shared memory, where they will be read.

public import CKBUS

/// A loan that C holds: where its data is to be put, and what sends it.
@safe private struct Loan {
  let data: UnsafeMutableRawPointer
  let ksock: OpenKsock
  let message: Outgoing

  static func at(_ loan: OpaquePointer) -> UnsafeMutablePointer<Loan> { unsafe UnsafeMutablePointer(loan) }

  /// Takes it back from C.
  static func takeBack(_ loan: OpaquePointer) -> (ksock: OpenKsock, message: Outgoing) {
    let place = unsafe at(loan), ksock = unsafe place.pointee.ksock, message = unsafe place.pointee.message
    unsafe place.deinitialize(count: 1)
    unsafe ksock.roomToFill.giveBack(UnsafeMutableRawPointer(place))
    return (ksock, message)
  }
}

/// Hands a loan to C.
func lend(_ message: consuming LoanedMessage, by ksock: OpenKsock) throws(KBusError) -> OpaquePointer {
  let room = unsafe try ksock.roomToFill.take(MemoryLayout<Loan>.size)
  let data = unsafe message.start
  unsafe room.bindMemory(to: Loan.self, capacity: 1).initialize(to: Loan(data: data, ksock: ksock, message: message.spend()))
  return OpaquePointer(room)
}

@c(kbus_loan_make) @implementation
public func kbus_loan_make(
  _ ksock: kbus_ksock_t, _ msg: UnsafePointer<kbus_message_t>!, _ loan: UnsafeMutablePointer<OpaquePointer?>!
) -> CInt {
  call(on: ksock, looking: false) { ksock throws(KBusError) in
    let place = unsafe try given(loan), like = unsafe try given(msg)
    let name = unsafe like.nameBytes, header = unsafe OutgoingHeader(like.pointee)
    // Only as much of a name is looked at as a name can have.
    guard unsafe name.count == Int(like.pointee.name_len) else { throw unsafe .nameTooLong(Int(like.pointee.name_len), "loan") }
    let message = unsafe try ksock.ksock.loan(header, header.flags, name.bytes, count: Int(like.pointee.data_len))
    unsafe place.pointee = try lend(message, by: ksock)
    return 0
  }
}

@c(kbus_loan_data) @implementation
public func kbus_loan_data(_ loan: OpaquePointer!) -> UnsafeMutableRawPointer! {
  guard let loan = unsafe loan else { return nil }
  return unsafe Loan.at(loan).pointee.data
}

@c(kbus_loan_send) @implementation
public func kbus_loan_send(_ loan: OpaquePointer!, _ msg_id: UnsafeMutablePointer<kbus_msg_id_t>!) -> CInt {
  call { () throws(KBusError) in
    guard let loan = unsafe loan else { throw .badAddress }
    let (ksock, message) = unsafe Loan.takeBack(loan)
    do throws(KBusError) {
      let id = try ksock.ksock.send(message)
      unsafe msg_id?.pointee = kbus_msg_id(id)
    } catch {
      if error.code == .pending, let id = try? ksock.ksock.lastMessageID() { unsafe msg_id?.pointee = kbus_msg_id(id) }
      throw error
    }
    return 0
  }
}

@c(kbus_loan_drop) @implementation
public func kbus_loan_drop(_ loan: OpaquePointer!) {
  guard let loan = unsafe loan else { return }
  let (ksock, message) = unsafe Loan.takeBack(loan)
  ksock.ksock.giveBack(message)
}
