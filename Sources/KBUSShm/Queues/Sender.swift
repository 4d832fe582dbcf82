// A Ksock as sends see it: found once, not with each message.

internal import CShm

/// Who sends: the place of its record, the record itself, and its journal.
struct Sender: BitwiseCopyable {
  let index: Int
  let incarnation: UInt64
  let at: Int
  let own: Window
  let journal: Window

  init(_ bus: SharedBus, _ ksock: KsockRecord) {
    index = ksock.index
    incarnation = ksock.incarnation
    at = ksock.at
    own = ksock.window
    journal = ShortTransaction.journal(bus, of: ksock.index)
  }

  /// As the lock line names the journal (L1).
  @inline(__always) var number: UInt32 { UInt32(truncatingIfNeeded: index &+ 1) }
}
