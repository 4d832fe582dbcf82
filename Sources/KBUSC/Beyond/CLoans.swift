// Messages filled in shared memory, where they will be read.

public import CKBUS

/// A loan that C holds: where its data is to be put, and what sends it. It is one of its Ksock's users.
@safe struct Loan {
  var data: UnsafeMutableRawPointer
  var cell: KsockCell
  var message: Outgoing

  static func at(_ loan: OpaquePointer) -> UnsafeMutablePointer<Loan> { unsafe UnsafeMutablePointer(loan) }
}

extension OpenKsock {
  /// Hands a loan to C, which is a user of the cell from now on.
  func lend(_ header: OutgoingHeader, _ name: RawSpan, count: Int, _ cell: KsockCell) throws(KBusError) -> OpaquePointer {
    guard let room = unsafe roomToFill.take(MemoryLayout<Loan>.size) else { throw .noMemory }
    let place = unsafe room.bindMemory(to: Loan.self, capacity: 1)
    do throws(KBusError) {
      let payload: Window
      unsafe (place.pointee.message, payload) = try ksock.lend(header, header.flags, name, count: count)
      unsafe place.pointee.data = payload.mutableBytes
      unsafe place.pointee.cell = cell
    } catch {
      unsafe roomToFill.giveBack(room)
      throw error
    }
    return OpaquePointer(room)
  }

  /// Takes it back from C.
  @inline(__always) func takeBack(_ loan: OpaquePointer) -> Outgoing {
    let place = unsafe Loan.at(loan), message = unsafe place.pointee.message
    unsafe roomToFill.giveBack(UnsafeMutableRawPointer(place))
    return message
  }
}

@c(kbus_loan_make) @implementation
public func kbus_loan_make(
  _ ksock: kbus_ksock_t, _ msg: UnsafePointer<kbus_message_t>!, _ loan: UnsafeMutablePointer<OpaquePointer?>!
) -> CInt {
  call(on: ksock, isKept: { _ in true }) { cell, ksock throws(KBusError) in
    let place = unsafe try given(loan), like = unsafe try given(msg)
    let name = unsafe like.nameBytes
    // Only as much of a name is looked at as a name can have.
    guard unsafe name.count == Int(like.pointee.name_len) else { throw unsafe .nameTooLong(Int(like.pointee.name_len), "loan") }
    unsafe place.pointee = try ksock.lend(OutgoingHeader(like.pointee), name.bytes, count: Int(like.pointee.data_len), cell)
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
    let cell = unsafe Loan.at(loan).pointee.cell
    defer { cell.leave() }
    try cell.with { ksock throws(KBusError) in
      let message = unsafe ksock.takeBack(loan)
      do throws(KBusError) {
        let id = try ksock.ksock.send(message)
        unsafe msg_id?.pointee = kbus_msg_id(id)
      } catch {
        unsafe ksock.ksock.noteID(of: error, msg_id)
        throw error
      }
    }
    return 0
  }
}

@c(kbus_loan_drop) @implementation
public func kbus_loan_drop(_ loan: OpaquePointer!) {
  guard let loan = unsafe loan else { return }
  let cell = unsafe Loan.at(loan).pointee.cell
  cell.with { ksock in ksock.ksock.giveBack(unsafe ksock.takeBack(loan)) }
  cell.leave()
}
