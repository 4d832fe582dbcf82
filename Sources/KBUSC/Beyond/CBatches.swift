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
    do throws(KBusError) {
      try ksock.ksock.send(&batch, keepingPending: false)
    } catch {
      if batch.sentCount == 0 { throw error }
    }
    if let ids = unsafe msg_ids { for place in 0..<batch.sentCount { unsafe ids[place] = kbus_msg_id(batch.sentID(place)) } }
    return CInt(batch.sentCount)
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
