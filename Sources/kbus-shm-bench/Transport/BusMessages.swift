// `messages`: one Announcement after the other, from one Ksock of this process to another, so that what a message costs can be
// counted.

import CBench
import KBUSShm

final class BusMessages {
  private static let name: MessageName = "$.Bench.Message"

  private let part: Part
  private let isLending: Bool
  private let bytes: Int
  private let sender: Ksock
  private let listener: Ksock
  /// What is lent for has no payload of its own.
  private let header = Announcement(BusMessages.name)
  private var announcement: Announcement

  init(_ part: Part) {
    self.part = part
    isLending = part.interface == .loan
    bytes = part.payloadBytes
    sender = part.openKsock()
    let listener = part.openKsock()
    Part.orFail { () throws(KBusError) in try listener.bind(BusMessages.name) }
    self.listener = listener
    announcement = Announcement(BusMessages.name, [UInt8](repeating: 1, count: bytes))
  }

  func count() {
    unsafe cbench_count_messages(
      part.options,
      { context, number in
        unsafe Unmanaged<BusMessages>.fromOpaque(context!)._withUnsafeGuaranteedRef { $0.pass(number) }
      }, Unmanaged.passUnretained(self).toOpaque())
  }

  private func pass(_ number: UInt64) {
    let isWhole: Bool
    do throws(KBusError) {
      isWhole = isLending ? try lend(number) : try copy(number)
    } catch {
      Part.fail("\(error)")
    }
    if !isWhole { Part.fail("an announcement is not what was sent") }
  }

  private func lend(_ number: UInt64) throws(KBusError) -> Bool {
    var loan = try sender.loan(header, bytes: bytes)
    var payload = loan.bytes
    Payload.stamp(&payload, number)
    try sender.send(loan)
    guard let message = try listener.take(within: nil) else { return false }
    return Payload.number(in: message, bytes: bytes) == number
  }

  private func copy(_ number: UInt64) throws(KBusError) -> Bool {
    Payload.stamp(&announcement.message.data, number)
    try sender.send(announcement)
    guard let message = try listener.receive(within: nil) else { return false }
    return Payload.number(in: message.data, bytes: bytes) == number
  }
}
