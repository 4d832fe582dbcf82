import KBUSShm

/// The bus as a user meets it: a Request on loan, and its Reply read in place.
struct BusClient: Exchange {
  private let ksock: Ksock
  private let request = Request(BusServer.name)

  init(in directory: String, mode: Mode) throws(BenchError) {
    ksock = try BenchError.wrapping { () throws(KBusError) in
      let ksock = try Ksock(bus: BusServer.bus, in: directory)
      ksock.setSpinBudget(mode.spinBudget)
      return ksock
    }
  }

  func roundTrip(_ number: UInt32) throws(BenchError) { try exchange(UInt64(number)) }

  func endServer() throws(BenchError) {
    try exchange(Payload.end)
    ksock.close()
  }

  private func exchange(_ number: UInt64) throws(BenchError) {
    if let complaint = try BenchError.wrapping({ () throws(KBusError) in try complaint(about: number) }) {
      throw BenchError(complaint)
    }
  }

  /// One Request and its Reply; says what is wrong with the latter, if anything.
  private func complaint(about number: UInt64) throws(KBusError) -> String? {
    var loan = try ksock.loan(request, bytes: Payload.bytes)
    var bytes = loan.bytes
    Payload.stamp(&bytes, number)
    let id = try ksock.send(loan)
    // No deadline: the bus answers every Request, if need be with the news that its Replier is gone.
    guard let reply = try ksock.take(within: nil) else { return "a wait without end came to an end" }
    guard reply.kind == .reply, reply.inReplyTo == id, Payload.number(in: reply.bytes) == number else {
      return "wanted the reply to round trip \(number), got: \(reply.copy())"
    }
    return nil
  }
}

extension Mode {
  /// What a Ksock does before it sleeps: nothing at all, or spin for as long as any run lasts.
  var spinBudget: Duration {
    switch self {
    case .spin: .seconds(3600)
    case .sleep: .zero
    }
  }
}
