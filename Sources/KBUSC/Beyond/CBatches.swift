// Several messages at a time.

public import CKBUS

@c(kbus_send_many) @implementation
public func kbus_send_many(
  _ ksock: kbus_ksock_t, _ msgs: UnsafePointer<UnsafePointer<kbus_message_t>?>!, _ count: Int,
  _ msg_ids: UnsafeMutablePointer<kbus_msg_id_t>!
) -> CInt {
  call(on: ksock, looking: false) { ksock throws(KBusError) in
    let messages = unsafe try given(msgs)
    var batch = ksock.ksock.makeBatch()
    do throws(KBusError) {
      while !batch.isFull, batch.count < count {
        unsafe try batch.append(ksock.ksock.loan(copying: given(messages[batch.count])))
      }
    } catch {
      // It ends the batch: the next call is to begin with it, and finds the same.
      if batch.count == 0 { throw error }
    }
    return unsafe try ksock.send(&batch, msg_ids)
  }
}

@c(kbus_loan_send_many) @implementation
public func kbus_loan_send_many(
  _ loans: UnsafePointer<OpaquePointer?>!, _ count: Int, _ msg_ids: UnsafeMutablePointer<kbus_msg_id_t>!
) -> CInt {
  call { () throws(KBusError) in
    guard count > 0 else { return 0 }
    let loans = unsafe try given(loans)
    guard let first = unsafe loans[0] else { throw .badAddress }
    let cell = unsafe Loan.at(first).pointee.cell
    guard count <= MessageBatch.capacity else { throw .badValue("send", "a batch has \(MessageBatch.capacity) messages at most") }
    for place in 1..<count {
      guard let loan = unsafe loans[place], unsafe Loan.at(loan).pointee.cell == cell else {
        throw .badValue("send", "the loan is of another Ksock")
      }
    }
    // Each loan is one of the cell's users.
    defer { for _ in 0..<count { cell.leave() } }
    return try cell.with { ksock throws(KBusError) in
      var batch = ksock.ksock.makeBatch()
      for place in 0..<count { if let loan = unsafe loans[place] { batch.append(unsafe ksock.takeBack(loan)) } }
      return unsafe try ksock.send(&batch, msg_ids)
    }
  }
}

@c(kbus_receive_many) @implementation
public func kbus_receive_many(
  _ ksock: kbus_ksock_t, _ timeout_ns: Int64, _ msgs: UnsafeMutablePointer<UnsafeMutablePointer<kbus_message_t>?>!, _ count: Int
) -> CInt {
  call(on: ksock, looking: false) { ksock throws(KBusError) in
    let messages = unsafe try given(msgs)
    return try ksock.receive(count, within: timeout_ns) { place, taken throws(KBusError) in
      unsafe messages[place] = try ReceivedMessage(taken, of: ksock.ksock).makeCopy()
    }
  }
}

@c(kbus_receive_many_in_place) @implementation
public func kbus_receive_many_in_place(
  _ ksock: kbus_ksock_t, _ timeout_ns: Int64, _ received: UnsafeMutablePointer<OpaquePointer?>!, _ count: Int
) -> CInt {
  call(on: ksock, isKept: { _ in false }) { cell, ksock throws(KBusError) in
    let messages = unsafe try given(received)
    return try ksock.receive(count, within: timeout_ns) { place, taken throws(KBusError) in
      unsafe messages[place] = try ksock.hold(taken, cell)
      cell.enter()
    }
  }
}

extension OpenKsock {
  /// Sends what is in a batch, and tells how many messages were sent.
  fileprivate func send(_ batch: inout MessageBatch, _ ids: UnsafeMutablePointer<kbus_msg_id_t>?) throws(KBusError) -> CInt {
    do throws(KBusError) {
      try ksock.send(&batch, keepingPending: false)
    } catch {
      if batch.sentCount == 0 { throw error }
    }
    if let ids = unsafe ids { for place in 0..<batch.sentCount { unsafe ids[place] = kbus_msg_id(batch.sentID(place)) } }
    return CInt(batch.sentCount)
  }

  /// Takes what is queued, as many messages as `count` at most, and waits for the first of them. What was taken is not lost to an error.
  fileprivate func receive(
    _ count: Int, within nanoseconds: Int64, _ keep: (Int, Taken) throws(KBusError) -> Void
  ) throws(KBusError) -> CInt {
    var place = 0
    do throws(KBusError) {
      while place < count, let taken = try take(within: place == 0 ? nanoseconds : 0, yielding: true) {
        try keep(place, taken)
        place += 1
      }
    } catch {
      if place == 0 { throw error }
    }
    return CInt(clamping: place)
  }
}
