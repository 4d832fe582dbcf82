// `rtt` over the bus, as a user meets it. The loop that times it is that of all transports (cbench_loop.h).

import CBench
import KBUSShm

/// Both sides of a Request and its Reply: the part's process is the client, and forks the server.
final class BusRoundTrip {
  static let name: MessageName = "$.Bench.RoundTrip"

  let part: Part
  let isLending: Bool
  let bytes: Int
  /// Opened by each side once it is a process of its own.
  private(set) var ksock: Ksock!
  /// What the client sends: with a payload, to be copied; and what it lends for, which never changes and so need not be copied itself.
  private var request: Request
  private let header = Request(BusRoundTrip.name)

  init(_ part: Part) {
    self.part = part
    isLending = part.interface == .loan
    bytes = part.payloadBytes
    request = Request(BusRoundTrip.name, [UInt8](repeating: 1, count: isLending ? 0 : bytes))
  }

  func play() {
    // Timed, or its system calls counted: both take the same.
    let play = unsafe part.scenario == "rtt" ? cbench_round_trips : cbench_count_system_calls
    unsafe play(
      part.options,
      { context, area in
        unsafe Unmanaged<BusRoundTrip>.fromOpaque(context!)._withUnsafeGuaranteedRef {
          $0.open()
          $0.serve { unsafe _ = cbench_add(cbench_ready(area), 1) }
        }
      },
      { unsafe Unmanaged<BusRoundTrip>.fromOpaque($0!)._withUnsafeGuaranteedRef { $0.open() } },
      { context, number in
        unsafe Unmanaged<BusRoundTrip>.fromOpaque(context!)._withUnsafeGuaranteedRef { $0.roundTrip(number) }
      },
      { unsafe Unmanaged<BusRoundTrip>.fromOpaque($0!)._withUnsafeGuaranteedRef { $0.end() } },
      Unmanaged.passUnretained(self).toOpaque())
  }

  /// The part waits in epoll for the Ksock's fast descriptor; negative if it leaves waiting to the library.
  private var epoll: CInt = -1

  func open() {
    ksock = part.openKsock()
    guard part.mode == .fastDescriptor else { return }
    epoll = cbench_epoll(Part.orFail { () throws(KBusError) in try ksock.fastDescriptor() })
    if epoll < 0 { Part.fail("cannot use epoll: errno \(-epoll)") }
  }

  /// The next message, when there is one. A loop takes until there is none, and then waits.
  private func take() throws(KBusError) -> ReceivedMessage? {
    // No deadline: the bus answers every Request, if need be with the news that its Replier is gone.
    guard epoll >= 0 else { return try ksock.take(within: nil) }
    while true {
      if let message = try ksock!.take() { return message }
      cbench_epoll_await(epoll)
    }
  }

  private func receive() throws(KBusError) -> Message? {
    epoll < 0 ? try ksock.receive(within: nil) : try take()?.copy()
  }

  // The client

  private func roundTrip(_ number: UInt64) {
    let complaint: String?
    do throws(KBusError) {
      complaint = try hear(answerTo: try ask(number), number)
    } catch {
      Part.fail("\(error)")
    }
    if let complaint { Part.fail(complaint) }
  }

  private func end() {
    roundTrip(Payload.end)
    ksock.close()
  }

  /// Sends one Request, filled in place or copied.
  func ask(_ number: UInt64) throws(KBusError) -> MessageID {
    guard isLending else {
      Payload.stamp(&request.message.data, number)
      return try ksock.send(request)
    }
    var loan = try ksock.loan(header, bytes: bytes)
    var payload = loan.bytes
    Payload.stamp(&payload, number)
    return try ksock.send(loan)
  }

  /// Takes its Reply; says what is wrong with that, if anything.
  func hear(answerTo id: MessageID, _ number: UInt64) throws(KBusError) -> String? {
    guard isLending else {
      guard let reply = try receive() else { return "a wait without end came to an end" }
      guard reply.kind == .reply, reply.inReplyTo == id, Payload.number(in: reply.data, bytes: Payload.replyBytes) == number
      else { return "wanted the reply to round trip \(number), got: \(reply)" }
      return nil
    }
    guard let reply = try take() else { return "a wait without end came to an end" }
    guard reply.kind == .reply, reply.inReplyTo == id, Payload.number(in: reply, bytes: Payload.replyBytes) == number
    else { return "wanted the reply to round trip \(number), got: \(reply.copy())" }
    return nil
  }
}

// The server: reads each Request, checks it, and sends its Reply with the same stamps.
extension BusRoundTrip {
  private func serve(announcing isReady: () -> Void) {
    bind()
    isReady()
    var reply = [UInt8](repeating: 0, count: Payload.replyBytes)
    while true {
      let number: UInt64?
      do throws(KBusError) {
        number = try answer(with: &reply)
      } catch {
        Part.fail("\(error)")
      }
      guard let number else { Part.fail("a message came that is no stamped request") }
      if number == Payload.end { break }
    }
    ksock.close()
  }

  func bind() {
    Part.orFail { () throws(KBusError) in try ksock.bind(BusRoundTrip.name, as: .replier) }
  }

  /// Takes a Request and answers it, with this payload if that is to be copied. Returns its number, if it is a good one.
  func answer(with reply: inout [UInt8]) throws(KBusError) -> UInt64? {
    isLending ? try answerInPlace() : try answerWithCopy(of: &reply)
  }

  private func answerInPlace() throws(KBusError) -> UInt64? {
    guard let request = try take(), request.wantsUsToReply,
      let number = Payload.number(in: request, bytes: bytes)
    else { return nil }
    var loan = try ksock.loan(replyTo: request, bytes: Payload.replyBytes)
    var payload = loan.bytes
    Payload.stamp(&payload, number)
    try ksock.send(loan)
    return number
  }

  private func answerWithCopy(of reply: inout [UInt8]) throws(KBusError) -> UInt64? {
    guard let request = try receive(), request.wantsUsToReply,
      let number = Payload.number(in: request.data, bytes: bytes)
    else { return nil }
    Payload.stamp(&reply, number)
    try ksock.send(Reply(to: request, reply))
    return number
  }
}

extension Part {
  /// A Ksock on the bus of the part's directory that waits as the part says.
  func openKsock() -> Ksock {
    let ksock = Part.orFail { () throws(KBusError) in try Ksock(bus: 0, in: directory) }
    switch mode {
    // For as long as any run lasts.
    case .spin: ksock.setSpinBudget(.seconds(3600))
    case .sleep: ksock.setSpinBudget(.zero)
    case .descriptor, .fastDescriptor, .async, .standard, .none: break
    }
    return ksock
  }
}
