// Messages read in place, several at a time. An array can't hold values that can't be copied, so each is in an object.

import KBUSShm
import Testing

/// Messages that a test holds, to be released in any order.
final class HeldMessages {
  private final class Box {
    let message: ReceivedMessage
    init(_ message: consuming ReceivedMessage) { self.message = message }
  }

  private var boxes: [Box] = []

  var count: Int { boxes.count }

  struct NothingToTake: Error {}

  func take(from ksock: Ksock) throws {
    guard let message = try ksock.take() else { throw NothingToTake() }
    boxes.append(Box(message))
  }

  func data(at index: Int) -> [UInt8] { boxes[index].message.copy().data }

  func payloadOffset(at index: Int) -> Int { boxes[index].message.payloadOffset }

  func release(at index: Int) { boxes.remove(at: index) }

  func releaseAll() { boxes.removeAll() }
}
