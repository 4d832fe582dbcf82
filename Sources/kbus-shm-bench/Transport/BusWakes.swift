// `wakes`: a sender, and listeners that sleep whenever it sends.

import CBench
import KBUSShm

final class BusWakes {
  private static let name: MessageName = "$.Bench.Wakes"

  private let part: Part
  private var ksock: Ksock!

  init(_ part: Part) { self.part = part }

  func count() {
    unsafe cbench_count_wakes(
      part.options,
      { context, area, heard in
        unsafe Unmanaged<BusWakes>.fromOpaque(context!)._withUnsafeGuaranteedRef {
          $0.listen({ unsafe _ = cbench_add(cbench_ready(area), 1) }, { unsafe cbench_store_number(heard, $0) })
        }
      },
      { unsafe Unmanaged<BusWakes>.fromOpaque($0!)._withUnsafeGuaranteedRef { $0.ksock = $0.part.openKsock() } },
      { unsafe Unmanaged<BusWakes>.fromOpaque($0!)._withUnsafeGuaranteedRef { $0.send() } },
      { unsafe Unmanaged<BusWakes>.fromOpaque($0!)._withUnsafeGuaranteedRef { $0.send(Payload.end) } },
      Unmanaged.passUnretained(self).toOpaque())
  }

  private func listen(_ isReady: () -> Void, _ hasHeard: (UInt64) -> Void) {
    ksock = part.openKsock()
    Part.orFail { () throws(KBusError) in
      try ksock.bind(BusWakes.name)
      isReady()
      var heard: UInt64 = 0
      while let message = try ksock.receive(within: nil), Payload.number(in: message.data, bytes: part.payloadBytes) != Payload.end {
        heard += 1
        hasHeard(heard)
      }
    }
  }

  /// One message, or a batch of them. Returns how many.
  private func send() -> UInt64 {
    guard part.interface == .batch else {
      send(0)
      return 1
    }
    Part.orFail { () throws(KBusError) in
      var batch = ksock.makeBatch()
      while !batch.isFull { try batch.append(message(0)) }
      try ksock.send(&batch)
    }
    return UInt64(MessageBatch.capacity)
  }

  private func send(_ number: UInt64) {
    _ = Part.orFail { () throws(KBusError) in try ksock.send(message(number)) }
  }

  private func message(_ number: UInt64) -> Announcement {
    var announcement = Announcement(BusWakes.name, [UInt8](repeating: 0, count: part.payloadBytes))
    Payload.stamp(&announcement.message.data, number)
    return announcement
  }
}
