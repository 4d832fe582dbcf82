// How a call of the C face begins and ends: it finds its Ksock, and what it throws becomes -errno, errno, and the thread's last
// error. No call traps, whatever it is given.

internal import CShm

/// Runs the body of a call that belongs to no Ksock.
@inline(__always) func call(_ body: () throws(KBusError) -> CInt) -> CInt {
  do throws(KBusError) {
    return try body()
  } catch {
    return fail(error)
  }
}

/// Runs the body of a call on a Ksock. `looking`: after a look at what the number is now.
@inline(__always) func call(
  on number: CInt, looking: Bool = true, _ body: (OpenKsock) throws(KBusError) -> CInt
) -> CInt {
  do throws(KBusError) {
    let cell = try KsockTable.find(number, looking: looking)
    defer { cell.leave() }
    return try cell.with(body)
  } catch {
    return fail(error)
  }
}

/// Runs the body of a call that carries a message. `isKept`: whether C has got, with this result, something that keeps the Ksock.
@inline(__always) func call(
  on number: CInt, isKept: (CInt) -> Bool, _ body: (KsockCell, OpenKsock) throws(KBusError) -> CInt
) -> CInt {
  do throws(KBusError) {
    let cell = try KsockTable.findHere(number)
    var isKeeping = false
    defer { if !isKeeping { cell.leave() } }
    let result = try cell.with { ksock throws(KBusError) in try body(cell, ksock) }
    isKeeping = isKept(result)
    return result
  } catch {
    return fail(error)
  }
}

@inline(never) func fail(_ error: KBusError) -> CInt {
  unsafe error.explanation.bytes.withUnsafeBytes { found in
    unsafe error.remedy.bytes.withUnsafeBytes { remedy in
      unsafe cshm_keep_texts(found.baseAddress, found.count, remedy.baseAddress, remedy.count)
    }
  }
  cshm_set_errno(error.errno)
  return -error.errno
}

/// What C gave as an address, of a result or of an argument.
@inline(__always) func given<Value>(_ place: UnsafeMutablePointer<Value>?) throws(KBusError) -> UnsafeMutablePointer<Value> {
  guard let place = unsafe place else { throw .badAddress }
  return unsafe place
}

@inline(__always) func given<Value>(_ place: UnsafePointer<Value>?) throws(KBusError) -> UnsafePointer<Value> {
  guard let place = unsafe place else { throw .badAddress }
  return unsafe place
}

/// A name as C has it.
func name(_ text: UnsafePointer<CChar>?) throws(KBusError) -> MessageName {
  guard let text = unsafe text else { throw .badAddress }
  let bytes = unsafe UnsafeRawBufferPointer(start: text, count: cshm_text_length(text))
  return MessageName(bytes: unsafe [UInt8](bytes))
}

/// A time limit as C has it: nanoseconds, negative for ever.
func limit(_ nanoseconds: Int64) -> Duration? { nanoseconds < 0 ? nil : .nanoseconds(nanoseconds) }
