import KBUSShm

/// The Replier: reads each Request, checks it, and sends its Reply with the same stamps.
final class BusServer {
  static let name: MessageName = "$.Bench.RoundTrip"

  private let ksock: Ksock
  private let interface: Interface
  private let bytes: Int
  private var reply = [UInt8](repeating: 0, count: Payload.replyBytes)

  init(_ part: Part) throws(BenchError) {
    interface = part.interface
    bytes = part.payloadBytes
    let ksock = try Ksock.opened(for: part)
    try BenchError.wrapping { () throws(KBusError) in try ksock.bind(BusServer.name, as: .replier) }
    self.ksock = ksock
  }

  func serve(announcing area: SharedArea) throws(BenchError) {
    area.announceReady()
    while true {
      let outcome: Outcome
      do {
        outcome = interface == .loan ? try lend() : try copy()
      } catch {
        throw BenchError(error)
      }
      switch outcome {
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

  private func lend() throws(KBusError) -> Outcome {
    guard let request = try ksock.take(within: nil) else { return .complaint("a wait without end came to an end") }
    guard request.wantsUsToReply, let number = Payload.number(in: request.bytes, bytes: bytes) else {
      return .complaint("wanted a stamped request, got: \(request.copy())")
    }
    var loan = try ksock.loan(replyTo: request, bytes: Payload.replyBytes)
    var payload = loan.bytes
    Payload.stamp(&payload, number)
    try ksock.send(loan)
    return number == Payload.end ? .ended : .answered
  }

  private func copy() throws(KBusError) -> Outcome {
    guard let request = try ksock.receive(within: nil) else { return .complaint("a wait without end came to an end") }
    guard request.wantsUsToReply, let number = Payload.number(in: request.data, bytes: bytes) else {
      return .complaint("wanted a stamped request, got: \(request)")
    }
    Payload.stamp(&reply, number)
    try ksock.send(Reply(to: request, reply))
    return number == Payload.end ? .ended : .answered
  }
}
