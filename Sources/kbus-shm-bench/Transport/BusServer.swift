import KBUSShm

/// The Replier: reads each Request in place, checks it, and fills its Reply in place with the same stamps.
struct BusServer {
  static let bus = 0
  static let name: MessageName = "$.Bench.RoundTrip"

  private let ksock: Ksock

  init(in directory: String, mode: Mode) throws(BenchError) {
    ksock = try BenchError.wrapping { () throws(KBusError) in
      let ksock = try Ksock(bus: BusServer.bus, in: directory)
      ksock.setSpinBudget(mode.spinBudget)
      try ksock.bind(BusServer.name, as: .replier)
      return ksock
    }
  }

  func serve(announcing area: SharedArea) throws(BenchError) {
    area.announceReady()
    while true {
      switch try BenchError.wrapping({ () throws(KBusError) in try answerOne() }) {
      case .answered: continue
      case .complaint(let complaint): throw BenchError(complaint)
      case .ended:
        ksock.close()
        return
      }
    }
  }

  private enum Outcome {
    case answered, ended
    case complaint(String)
  }

  private func answerOne() throws(KBusError) -> Outcome {
    guard let request = try ksock.take(within: nil) else { return .complaint("a wait without end came to an end") }
    guard request.wantsUsToReply, let number = Payload.number(in: request.bytes) else {
      return .complaint("wanted a stamped request, got: \(request.copy())")
    }
    var loan = try ksock.loan(replyTo: request, bytes: Payload.bytes)
    var bytes = loan.bytes
    Payload.stamp(&bytes, number)
    try ksock.send(loan)
    return number == Payload.end ? .ended : .answered
  }
}
