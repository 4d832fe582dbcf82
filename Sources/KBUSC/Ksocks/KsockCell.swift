// What keeps an OpenKsock while it is used: a count of the numbers that lead to it, of the calls on it, and of the messages and loans that
// C holds. Its memory is never freed, only used again. So a call finds its Ksock without a lock: it counts itself in, and then looks
// whether the number still leads here.

internal import CShm

@safe struct KsockCell: BitwiseCopyable, Equatable, @unchecked Sendable {
  // Sendable: `users` is atomic, the rest is guarded by the process lock while somebody else may change it.
  @safe private struct Fields {
    var users: UInt32 = 0
    /// Nil while the cell is free.
    var ksock: Unmanaged<OpenKsock>?
    var nextFree: KsockCell?
  }

  private let fields: UnsafeMutablePointer<Fields>

  private nonisolated(unsafe) static var firstFree: KsockCell?

  /// A cell with one user.
  static func make(for ksock: OpenKsock) -> KsockCell {
    cshm_process_lock()
    defer { cshm_process_unlock() }
    let cell = unsafe firstFree ?? KsockCell()
    unsafe firstFree = cell.fields.pointee.nextFree
    unsafe cell.fields.pointee.ksock = .passRetained(ksock)
    cell.enter()
    return cell
  }

  private init() {
    unsafe fields = .allocate(capacity: 1)
    unsafe fields.initialize(to: Fields())
  }

  /// As a word of the table, 0 if there is none.
  var word: UInt64 { unsafe UInt64(UInt(bitPattern: fields)) }

  @inline(__always) init?(word: UInt64) {
    guard let fields = unsafe UnsafeMutablePointer<Fields>(bitPattern: UInt(word)) else { return nil }
    unsafe self.fields = fields
  }

  @inline(__always) static func == (left: KsockCell, right: KsockCell) -> Bool { left.word == right.word }

  @inline(__always) func enter() { _ = unsafe cshm_add32(fields, 1) }

  @inline(never) func leave() { if unsafe cshm_add32(fields, .max) == 1 { lastHasLeft() } }

  @inline(never) private func lastHasLeft() {
    cshm_process_lock()
    // Whoever counted itself in for a moment, by a number that led here, leaves once more.
    let ksock = unsafe cshm_load32(fields) == 0 ? fields.pointee.ksock : nil
    if unsafe ksock != nil {
      unsafe fields.pointee.ksock = nil
      unsafe fields.pointee.nextFree = Self.firstFree
      unsafe Self.firstFree = self
    }
    cshm_process_unlock()
    unsafe ksock?.release()
  }

  /// Lends the Ksock to a user, without counting references.
  @inline(__always) func with<Value, Failure>(_ body: (OpenKsock) throws(Failure) -> Value) throws(Failure) -> Value {
    try unsafe fields.pointee.ksock.unsafelyUnwrapped._withUnsafeGuaranteedRef { ksock -> Result<Value, Failure> in
      // It knows no typed errors.
      do throws(Failure) { return .success(try body(ksock)) } catch { return .failure(error) }
    }.get()
  }
}
