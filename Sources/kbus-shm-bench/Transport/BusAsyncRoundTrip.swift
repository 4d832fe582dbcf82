// `rtt` over the bus between two tasks. The loop that times it is that of all transports (cbench_loop.h), said in Swift: C can't wait
// for a task.

import CBench
import Glibc
import KBUSShm
import KBUSShmAsync

/// Both sides of a Request and its Reply: the part's process is the client, and forks the server before it has any task.
struct BusAsyncRoundTrip: Sendable {
  private let part: Part
  private let isLending: Bool
  private let bytes: Int

  init(_ part: Part) {
    self.part = part
    isLending = part.interface == .loan
    bytes = part.payloadBytes
  }

  func play() -> Never {
    let context = UnsafeMutablePointer<BusAsyncRoundTrip>.allocate(capacity: 1)
    unsafe context.initialize(to: self)
    let serve: @convention(c) (UnsafeMutableRawPointer?, UnsafeMutablePointer<cbench_area>?) -> Void = { context, area in
      let own = unsafe context!.assumingMemoryBound(to: BusAsyncRoundTrip.self).pointee
      let ready = unsafe SharedWord(cbench_ready(area))
      own.run { try await own.serve(announcing: ready) }
    }
    _ = unsafe cbench_fork_server(part.options, serve, context)
    run {
      try await request()
      cbench_join(-1)
    }
  }

  /// Runs a task to its end, and the process with it.
  private func run(_ body: @escaping @Sendable () async throws -> Void) -> Never {
    Task.detached {
      do { try await body() } catch { Part.fail("\(error)") }
      _exit(0)
    }
    while true { pause() }
  }

  // The client

  private func request() async throws {
    let ksock = part.openKsock()
    var message = Request(BusRoundTrip.name, isLending ? [] : [UInt8](repeating: 1, count: bytes))
    func trip(_ number: UInt64) async throws {
      isLending ? try await lend(number, message, ksock) : try await copy(number, &message, ksock)
    }
    var number: UInt64 = 1
    let warm = max(100, part.samples / 10), began = Clock.now()
    var warmed = 0
    repeat {
      try await trip(number)
      number += 1
      warmed += 1
    } while warmed < warm && (warmed < 10 || Clock.now() < began + part.timeLimit / 2)
    let each = (Clock.now() - began) / UInt64(warmed)

    var singles: [UInt64] = []
    singles.reserveCapacity(part.samples)
    var limit = Clock.now() + part.timeLimit
    while singles.count < part.samples {
      let start = Clock.now()
      try await trip(number)
      let end = Clock.now()
      number += 1
      singles.append(end - start)
      if end >= limit { break }
    }

    let longest = UInt64(CBENCH_BATCH_NS), usual = UInt64(CBENCH_BATCH)
    let length = each * usual <= longest ? usual : 1 + longest / each
    var batches = [length]
    limit = Clock.now() + part.timeLimit
    for _ in 0...(part.samples / Int(length)) {
      let start = Clock.now()
      for _ in 0..<length {
        try await trip(number)
        number += 1
      }
      let end = Clock.now()
      batches.append(end - start)
      if end >= limit { break }
    }
    try await trip(Payload.end)
    ksock.close()
    part.leave(singles[...])
    part.leave(batches[...])
  }

  private func lend(_ number: UInt64, _ request: Request, _ ksock: Ksock) async throws {
    let id = try fill(number, ksock) { () throws(KBusError) in try ksock.loan(request, bytes: bytes) }
    guard let reply = try await ksock.takeNext(), reply.inReplyTo == id,
      Payload.number(in: reply, bytes: Payload.replyBytes) == number
    else { Part.fail("wanted the reply to round trip \(number)") }
  }

  private func copy(_ number: UInt64, _ request: inout Request, _ ksock: Ksock) async throws {
    Payload.stamp(&request.message.data, number)
    let reply = try await ksock.request(request)
    guard reply.kind == .reply, Payload.number(in: reply.data, bytes: Payload.replyBytes) == number else {
      Part.fail("wanted the reply to round trip \(number), got: \(reply)")
    }
  }

  /// Stamps a loan and sends it. No task waits meanwhile.
  private func fill(
    _ number: UInt64, _ ksock: Ksock, _ borrow: () throws(KBusError) -> LoanedMessage
  ) throws(KBusError) -> MessageID {
    var loan = try borrow()
    var payload = loan.bytes
    Payload.stamp(&payload, number)
    return try ksock.send(loan)
  }

  // The server

  private func serve(announcing ready: SharedWord) async throws {
    let ksock = part.openKsock()
    try ksock.bind(BusRoundTrip.name, as: .replier)
    ready.add(1)
    var number: UInt64?
    var payload = [UInt8](repeating: 0, count: Payload.replyBytes)
    while number != Payload.end {
      if isLending {
        guard let request = try await ksock.takeNext() else { continue }
        number = try answer(request, ksock)
      } else {
        guard let request = try await ksock.nextMessage() else { continue }
        number = Payload.number(in: request.data, bytes: bytes)
        Payload.stamp(&payload, number ?? 0)
        try ksock.send(Reply(to: request, payload))
      }
      if number == nil { Part.fail("a message came that is no stamped request") }
    }
    ksock.close()
  }

  private func answer(_ request: borrowing ReceivedMessage, _ ksock: Ksock) throws(KBusError) -> UInt64? {
    guard let number = Payload.number(in: request, bytes: bytes) else { return nil }
    var loan = try ksock.loan(replyTo: request, bytes: Payload.replyBytes)
    var payload = loan.bytes
    Payload.stamp(&payload, number)
    try ksock.send(loan)
    return number
  }
}

/// A word that several processes share.
@safe private struct SharedWord: @unchecked Sendable {
  // Sendable: the word is atomic.
  private let line: UnsafeMutablePointer<cbench_line>

  init(_ line: UnsafeMutablePointer<cbench_line>) { unsafe self.line = unsafe line }

  func add(_ value: UInt32) { _ = unsafe cbench_add(line, value) }
}
