import KBUSShm

/// The bus as a user meets it: a Request, and its Reply.
final class BusClient: Exchange {
  private let ksock: Ksock
  private let interface: Interface
  private let bytes: Int
  /// With a payload if that is to be copied.
  private var request: Request

  init(_ part: Part) throws(BenchError) {
    interface = part.interface
    bytes = part.payloadBytes
    request = Request(BusServer.name, interface == .copy ? [UInt8](repeating: 1, count: part.payloadBytes) : [])
    ksock = try Ksock.opened(for: part)
  }

  func roundTrip(_ number: UInt64) throws(BenchError) {
    let complaint: String?
    do {
      complaint = interface == .loan ? try lend(number) : try copy(number)
    } catch {
      throw BenchError(error)
    }
    if let complaint { throw BenchError(complaint) }
  }

  func end() throws(BenchError) {
    try roundTrip(Payload.end)
    ksock.close()
  }

  /// One Request and its Reply, both in place; says what is wrong with the latter, if anything.
  private func lend(_ number: UInt64) throws(KBusError) -> String? {
    var loan = try ksock.loan(request, bytes: bytes)
    var payload = loan.bytes
    Payload.stamp(&payload, number)
    let id = try ksock.send(loan)
    // No deadline: the bus answers every Request, if need be with the news that its Replier is gone.
    guard let reply = try ksock.take(within: nil) else { return "a wait without end came to an end" }
    guard reply.kind == .reply, reply.inReplyTo == id, Payload.number(in: reply.bytes, bytes: Payload.replyBytes) == number
    else { return "wanted the reply to round trip \(number), got: \(reply.copy())" }
    return nil
  }

  private func copy(_ number: UInt64) throws(KBusError) -> String? {
    Payload.stamp(&request.message.data, number)
    let id = try ksock.send(request)
    guard let reply = try ksock.receive(within: nil) else { return "a wait without end came to an end" }
    guard reply.kind == .reply, reply.inReplyTo == id,
      Payload.number(in: reply.data, bytes: Payload.replyBytes) == number
    else { return "wanted the reply to round trip \(number), got: \(reply)" }
    return nil
  }
}

extension Ksock {
  /// A Ksock on the bus of the part's directory that waits as the part says.
  static func opened(for part: Part) throws(BenchError) -> Ksock {
    let ksock = try BenchError.wrapping { () throws(KBusError) in try Ksock(bus: 0, in: part.directory) }
    switch part.mode {
    // For as long as any run lasts.
    case .spin: ksock.setSpinBudget(.seconds(3600))
    case .sleep: ksock.setSpinBudget(.zero)
    case .descriptor, .standard, .none: break
    }
    return ksock
  }
}
