// `oneway` and `throughput` over the bus, as a user meets it. The loops are those of all transports (cbench_loop.h).

import CBench
import KBUSShm

/// Senders of Announcements and their Listeners. Nothing is lost: a sender waits while a Listener has no room.
final class BusFan {
  static let name: MessageName = "$.Bench.Fan"
  /// How many messages a Listener may be behind: as many as ZeroMQ takes by default.
  static let room: UInt32 = 1000

  private let part: Part
  private let isLending: Bool
  private let bytes: Int
  private var ksock: Ksock!
  private var announcement: Announcement

  init(_ part: Part) {
    self.part = part
    isLending = part.interface == .loan
    bytes = part.payloadBytes
    announcement = Announcement(BusFan.name, isLending ? [] : [UInt8](repeating: 1, count: bytes), flags: .allOrWait)
  }

  func play() {
    let listen: @convention(c) (UnsafeMutableRawPointer?, UnsafeMutablePointer<cbench_hearing>?) -> Void = {
      context, hearing in
      unsafe Unmanaged<BusFan>.fromOpaque(context!)._withUnsafeGuaranteedRef { unsafe $0.listen(hearing!) }
    }
    let open: @convention(c) (UnsafeMutableRawPointer?) -> Void = {
      unsafe Unmanaged<BusFan>.fromOpaque($0!)._withUnsafeGuaranteedRef { $0.ksock = $0.part.openKsock() }
    }
    let send: @convention(c) (UnsafeMutableRawPointer?, UnsafeRawPointer?) -> Void = { context, payload in
      unsafe Unmanaged<BusFan>.fromOpaque(context!)._withUnsafeGuaranteedRef { unsafe $0.send(payload!) }
    }
    var fan = unsafe cbench_fan(listen: listen, open: open, send: send, window: 0, must_probe: 0)
    unsafe cbench_run_fan(part.options, &fan, Unmanaged.passUnretained(self).toOpaque())
  }

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
        if isLending {
          guard let message = try ksock.take(within: nil) else { continue }
          isDone = unsafe message.withUnsafeBytes { unsafe cbench_hear(hearing, $0.baseAddress) } == 1
        } else {
          guard let message = try ksock.receive(within: nil) else { continue }
          isDone = unsafe message.data.withUnsafeBytes { unsafe cbench_hear(hearing, $0.baseAddress) } == 1
        }
      } catch {
        Part.fail("\(error)")
      }
    }
    ksock.close()
  }

  private func send(_ payload: UnsafeRawPointer) {
    do throws(KBusError) {
      let source = unsafe UnsafeRawBufferPointer(start: payload, count: bytes)
      if isLending {
        var loan = try ksock.loan(announcement, bytes: bytes)
        unsafe loan.withUnsafeMutableBytes { unsafe $0.copyMemory(from: source) }
        try ksock.send(loan)
      } else {
        unsafe announcement.message.data.withUnsafeMutableBytes { unsafe $0.copyMemory(from: source) }
        try ksock.send(announcement)
      }
    } catch {
      guard error.code == .pending else { Part.fail("\(error)") }
      // Some listener has no room: the message is sent as soon as it has.
      _ = Part.orFail { () throws(KBusError) in try ksock.waitUntilWritable(within: nil) }
    }
  }
}
