// Words of memory that this process shares with its children: orders go one way, what became of them the other.

import CShm
import CSurvival
import Glibc

@safe struct Board {
  enum Word: Int {
    /// Grows by one with each order to the nursery.
    case order
    case operation, mode, limit
    /// The process that the nursery made for the order, and how it ended: 1 + what waitpid says.
    case process, status
    /// How far the process is.
    case stage
    /// Set when the operation is over: the tracer reads it between two steps.
    case ended
    case stores, result
    case textCount
  }

  enum Stage: UInt32 {
    case none, ready, go, finished, failed
  }

  private let base: UnsafeMutableRawPointer
  private static let textPlace = 256, bytes = 4096

  init() {
    guard let base = unsafe csurvival_shared(Self.bytes) else { fatalError("no shared memory") }
    unsafe self.base = base
  }

  private func place(_ word: Word) -> UnsafeMutableRawPointer { unsafe base + word.rawValue * 4 }

  /// For the tracer.
  var ended: UnsafePointer<UInt32> { unsafe UnsafePointer(place(.ended).assumingMemoryBound(to: UInt32.self)) }

  subscript(word: Word) -> UInt32 {
    get { unsafe cshm_load32_acquire(place(word)) }
    nonmutating set {
      unsafe cshm_store32(place(word), newValue)
      _ = unsafe cshm_futex_wake(place(word), .max)
    }
  }

  var stage: Stage { Stage(rawValue: self[.stage]) ?? .none }

  /// Waits until a word is as wanted. False when the time is up, or `isHopeless` says so meanwhile.
  func wait(for word: Word, within seconds: Double = 30, until isWanted: (UInt32) -> Bool, isHopeless: () -> Bool = { false }) -> Bool {
    let deadline = cshm_now() + UInt64(seconds * 1e9)
    while true {
      let value = self[word]
      if isWanted(value) { return true }
      let now = cshm_now()
      if now >= deadline || isHopeless() { return false }
      _ = unsafe cshm_futex_wait(place(word), value, min(deadline, now + 20_000_000))
    }
  }

  var text: String {
    get {
      let count = min(Int(self[.textCount]), Self.bytes - Self.textPlace)
      return unsafe String(decoding: UnsafeRawBufferPointer(start: base + Self.textPlace, count: count), as: UTF8.self)
    }
    nonmutating set {
      let bytes = Array(newValue.utf8.prefix(Self.bytes - Self.textPlace))
      unsafe bytes.withUnsafeBytes { unsafe (base + Self.textPlace).copyMemory(from: $0.baseAddress!, byteCount: $0.count) }
      self[.textCount] = UInt32(bytes.count)
    }
  }
}
