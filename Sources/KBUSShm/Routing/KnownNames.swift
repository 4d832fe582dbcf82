// The names that a Ksock sends to, remembered: most senders have few. What is remembered of a name is its hashes, and who its
// recipients are, as long as nobody binds or unbinds (L3): then a send looks nothing up.

internal import CShm

/// A name, and what follows from it.
@safe struct KnownName: BitwiseCopyable {
  /// Recipients up to this number are remembered.
  static let mostRecipients = 20

  /// Somebody to whom a message is delivered in the ordinary way.
  struct Recipient: BitwiseCopyable {
    /// The Ksock's record, which has been checked, where that is, and its place among all records.
    let ksock: Window
    let at: Int
    let index: UInt32
    /// The sequence of the binding.
    let binding: UInt64

    @inline(__always) init(_ ksock: KsockRecord, binding: UInt64) {
      self.ksock = ksock.window
      at = ksock.at
      index = UInt32(truncatingIfNeeded: ksock.index)
      self.binding = binding
    }
  }

  /// Which name this is, of all that this Ksock has known: a place may serve another name later.
  fileprivate(set) var number: UInt64 = 0
  fileprivate var count = 0
  fileprivate var bytes = unsafe UnsafeMutableRawPointer?.none
  fileprivate(set) var key: NameKey

  /// The value of the routing word for which the following holds.
  var routing = UInt64.max
  /// Whether the recipients are few, and each is there once.
  var isRemembered = false
  /// The Replier, if there is one, and all listeners, newest binding first. The Replier is the first if there is one.
  var hasReplier = false
  var recipients = InlineArray<20, Recipient?>(repeating: nil)
  var recipientCount = 0
  /// The listener, if there is one only: most announcements have one recipient.
  var lone = Recipient?.none

  fileprivate init(_ key: NameKey) { self.key = key }

  @inline(__always) fileprivate func isCalled(_ name: RawSpan) -> Bool {
    // A place with a count has bytes.
    unsafe name.withUnsafeBytes { unsafe cshm_same(bytes.unsafelyUnwrapped, $0.baseAddress!, $0.count) != 0 }
  }
}

/// A reference to a name that was known when it was made.
struct NameReference: BitwiseCopyable, Equatable {
  fileprivate let number: UInt64
}

/// The names of one Ksock. Guarded by sendLock.
///
/// Each has a few places where it may be, which it shares with others of the same length and last letter: those of a row of sensors must
/// not turn each other out.
@safe struct KnownNames {
  private static let places = 16
  private static let ways = 4

  private let names: LocalArray<KnownName>
  private let last: LocalArray<UInt64>

  init() {
    names = unsafe LocalArray(repeating: KnownName(NameKey([0].span.bytes, seed: 0)), count: Self.places)
    last = LocalArray(repeating: 0, count: 1)
  }

  func deallocate() {
    for place in 0..<Self.places { unsafe names.at(place).value.bytes?.deallocate() }
    names.deallocate()
    last.deallocate()
  }

  /// What is known of a name, if it is known.
  @inline(__always) func find(_ name: RawSpan) -> LocalPlace<KnownName>? {
    guard name.byteCount > 0 else { return nil }
    let first = Self.firstPlace(name), known = names.at(first)
    if known.value.count == name.byteCount && known.value.isCalled(name) { return known }
    return findBehind(first, name)
  }

  @inline(never) private func findBehind(_ first: Int, _ name: RawSpan) -> LocalPlace<KnownName>? {
    for place in first + 1..<first + Self.ways {
      let known = names.at(place)
      if known.value.count == name.byteCount && known.value.isCalled(name) { return known }
    }
    return nil
  }

  @inline(__always) private static func firstPlace(_ name: RawSpan) -> Int {
    (name.byteCount &+ Int(name.byte(name.byteCount &- 1))) & (places / ways - 1) &* ways
  }

  /// Where a name that is not known goes: a place that is free, or that of the one learnt longest ago.
  private func placeToLearn(_ name: RawSpan) -> Int {
    let first = Self.firstPlace(name)
    return (first..<first + Self.ways).min { names[$0].number < names[$1].number } ?? first
  }

  /// The same of one that need not be known: it is learnt. Nil if it breaks the grammar.
  @inline(never) func learn(_ name: RawSpan, seed: UInt64) -> LocalPlace<KnownName>? {
    if let known = find(name) { return known }
    guard name.byteCount > 0, name.byteCount <= MessageName.maximumLength else { return nil }
    let key = NameKey(name, seed: seed)
    guard key.isValid else { return nil }
    let place = placeToLearn(name), known = names.at(place)
    let room = unsafe known.value.bytes ?? .allocate(byteCount: MessageName.maximumLength, alignment: 8)
    unsafe name.withUnsafeBytes { unsafe room.copyMemory(from: $0.baseAddress!, byteCount: $0.count) }
    known.value = KnownName(key)
    unsafe known.value.bytes = room
    known.value.count = name.byteCount
    last[0] &+= UInt64(Self.places)
    known.value.number = last[0] | UInt64(place)
    return known
  }

  /// The name that a reference means, if it is still known.
  @inline(__always) subscript(reference: NameReference) -> LocalPlace<KnownName>? {
    let known = names.at(Int(truncatingIfNeeded: reference.number) & (Self.places - 1))
    return known.value.number == reference.number ? known : nil
  }
}

extension KnownName {
  var reference: NameReference { NameReference(number: number) }

  /// The name itself, for as long as sendLock is held.
  var span: RawSpan {
    @_lifetime(borrow self)
    borrowing get {
      let span = unsafe RawSpan(_unsafeStart: bytes ?? UnsafeMutableRawPointer(bitPattern: 8)!, byteCount: count)
      return unsafe _overrideLifetime(span, borrowing: self)
    }
  }
}
