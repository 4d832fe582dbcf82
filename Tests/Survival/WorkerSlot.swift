// What a worker of the soak leaves behind when it is killed: a log of what it heard, counts, and what it found wrong. It lies in
// memory that the controller shares, so nothing is lost with the process.

import CShm
import CSurvival

/// One announcement that a Ksock heard.
struct Heard: BitwiseCopyable {
  var serial: UInt32
  /// Who sent it, and its how manyth it was.
  var sender: UInt32
  var number: UInt32
  /// Which Ksock of the worker heard it; the top bit: out of order, since it was urgent.
  var ear: UInt32

  static let urgent: UInt32 = 1 << 31
}

@safe struct WorkerSlot {
  static let logCapacity = 8192
  private static let header = 1024
  static let bytes = header + logCapacity * MemoryLayout<Heard>.stride

  enum Count: Int {
    /// Grows as long as the worker is not stuck.
    case beats
    case heard, sent, asked, answered, replied, timedOut
    /// Calls that were refused on a damaged bus.
    case refused
    /// Set by the controller: time to end.
    case stop
    case textCount
  }

  private let base: UnsafeMutableRawPointer

  init() {
    guard let base = unsafe csurvival_shared(Self.bytes) else { fatalError("no shared memory") }
    unsafe self.base = base
  }

  subscript(count: Count) -> UInt32 {
    get { unsafe cshm_load32_acquire(base + count.rawValue * 4) }
    nonmutating set { unsafe cshm_store32(base + count.rawValue * 4, newValue) }
  }

  func add(_ count: Count, _ more: UInt32 = 1) { self[count] = self[count] &+ more }

  var isFull: Bool { self[.heard] >= UInt32(Self.logCapacity) }

  /// The entry first, then that there is one more.
  func log(_ heard: Heard) {
    guard !isFull else { return }
    unsafe (base + Self.header).assumingMemoryBound(to: Heard.self)[Int(self[.heard])] = heard
    add(.heard)
  }

  var log: [Heard] {
    let first = unsafe (base + Self.header).assumingMemoryBound(to: Heard.self)
    return (0..<min(Int(self[.heard]), Self.logCapacity)).map { unsafe first[$0] }
  }

  var violation: String {
    get {
      let count = min(Int(self[.textCount]), Self.header - 64)
      return unsafe String(decoding: UnsafeRawBufferPointer(start: base + 64, count: count), as: UTF8.self)
    }
    nonmutating set {
      let bytes = Array(newValue.utf8.prefix(Self.header - 64))
      unsafe bytes.withUnsafeBytes { unsafe (base + 64).copyMemory(from: $0.baseAddress!, byteCount: $0.count) }
      self[.textCount] = UInt32(bytes.count)
    }
  }

  /// Ready for the next worker.
  func clear() {
    for count in 0...Count.textCount.rawValue { unsafe cshm_store32(base + count * 4, 0) }
  }
}
