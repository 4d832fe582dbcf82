// `oneway` and `throughput` over the bus, as a user meets it. The loops are those of all transports (cbench_loop.h).

import CBench
import KBUSShm

/// Senders of Announcements and their Listeners. Nothing is lost: a sender waits while a Listener has no room.
final class BusFan {
  static let name: MessageName = "$.Bench.Fan"
  /// How many messages a Listener may be behind: as many as ZeroMQ takes by default.
  static let room: UInt32 = 1000

  private let part: Part
  private let interface: Interface
  private let bytes: Int
  private var ksock: Ksock!
  private var announcement: Announcement
  private var batch: Batch?

  init(_ part: Part) {
    self.part = part
    interface = part.interface
    bytes = part.payloadBytes
    announcement = Announcement(
      BusFan.name, part.interface == .copy ? [UInt8](repeating: 1, count: part.payloadBytes) : [], flags: .allOrWait)
  }

  func play() {
    let listen: @convention(c) (UnsafeMutableRawPointer?, UnsafeMutablePointer<cbench_hearing>?) -> Void = {
      context, hearing in
      unsafe Unmanaged<BusFan>.fromOpaque(context!)._withUnsafeGuaranteedRef { unsafe $0.listen(hearing!) }
    }
    let open: @convention(c) (UnsafeMutableRawPointer?) -> Void = {
      unsafe Unmanaged<BusFan>.fromOpaque($0!)._withUnsafeGuaranteedRef { $0.open() }
    }
    let send: @convention(c) (UnsafeMutableRawPointer?, UnsafeRawPointer?) -> Void = { context, payload in
      unsafe Unmanaged<BusFan>.fromOpaque(context!)._withUnsafeGuaranteedRef { unsafe $0.send(payload!) }
    }
    let flush: @convention(c) (UnsafeMutableRawPointer?) -> Void = {
      unsafe Unmanaged<BusFan>.fromOpaque($0!)._withUnsafeGuaranteedRef { $0.flush() }
    }
    var fan = unsafe cbench_fan(listen: listen, open: open, send: send, flush: flush, window: 0, must_probe: 0)
    unsafe cbench_run_fan(part.options, &fan, Unmanaged.passUnretained(self).toOpaque())
  }

  // A listener

  private func listen(_ hearing: UnsafeMutablePointer<cbench_hearing>) {
    ksock = part.openKsock()
    Part.orFail { () throws(KBusError) in
      try ksock.bind(BusFan.name)
      _ = try ksock.setMaxMessages(BusFan.room)
    }
    _ = unsafe cbench_add(cbench_ready(hearing.pointee.area), 1)
    var isDone = false
    while !isDone {
      do throws(KBusError) {
        switch interface {
        case .loan:
          guard let message = try ksock.take(within: nil) else { continue }
          isDone = unsafe message.withUnsafeBytes { unsafe cbench_hear(hearing, $0.baseAddress) } == 1
        case .batch:
          let messages = try ksock.take(upTo: MessageBatch.capacity, within: nil)
          for index in messages.indices {
            if unsafe messages[index].withUnsafeBytes({ unsafe cbench_hear(hearing, $0.baseAddress) }) == 1 { isDone = true }
          }
        case .copy:
          guard let message = try ksock.receive(within: nil) else { continue }
          isDone = unsafe message.data.withUnsafeBytes { unsafe cbench_hear(hearing, $0.baseAddress) } == 1
        }
      } catch {
        Part.fail("\(error)")
      }
    }
    ksock.close()
  }

  // A sender

  private func open() {
    ksock = part.openKsock()
    if interface == .batch { batch = Batch(ksock) }
  }

  private func send(_ payload: UnsafeRawPointer) {
    let source = unsafe UnsafeRawBufferPointer(start: payload, count: bytes)
    do throws(KBusError) {
      switch interface {
      case .loan:
        var loan = try ksock.loan(announcement, bytes: bytes)
        unsafe loan.withUnsafeMutableBytes { unsafe $0.copyMemory(from: source) }
        try ksock.send(loan)
      case .batch:
        var loan = try ksock.loan(announcement, bytes: bytes)
        unsafe loan.withUnsafeMutableBytes { unsafe $0.copyMemory(from: source) }
        if try batch!.appendTellingWhetherFull(loan) { flush() }
      case .copy:
        unsafe announcement.message.data.withUnsafeMutableBytes { unsafe $0.copyMemory(from: source) }
        try ksock.send(announcement)
      }
    } catch {
      waitForRoom(after: error)
    }
  }

  private func flush() {
    guard let batch else { return }
    while !batch.isEmpty {
      do throws(KBusError) { try batch.send(by: ksock) } catch { waitForRoom(after: error) }
    }
  }

  /// Some listener has no room: the message is sent as soon as it has.
  private func waitForRoom(after error: KBusError) {
    guard error.code == .pending else { Part.fail("\(error)") }
    _ = Part.orFail { () throws(KBusError) in try ksock.waitUntilWritable(within: nil) }
  }
}

/// A batch that can be kept.
private final class Batch {
  private var messages: MessageBatch

  init(_ ksock: Ksock) { messages = ksock.makeBatch() }

  var isEmpty: Bool { messages.count == 0 }

  func appendTellingWhetherFull(_ loan: consuming LoanedMessage) throws(KBusError) -> Bool {
    try messages.append(loan)
    return messages.isFull
  }

  func send(by ksock: Ksock) throws(KBusError) { try ksock.send(&messages) }
}
