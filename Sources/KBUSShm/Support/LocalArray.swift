// Private memory that is allocated once, so that a send and a take allocate nothing.

/// A fixed array in private memory, without exclusivity checks: whoever holds the lock that guards it has it alone.
@safe struct LocalArray<Element: BitwiseCopyable>: @unchecked Sendable {
  // Sendable: each is guarded by a lock, named where it is declared.
  private let base: UnsafeMutablePointer<Element>
  let count: Int

  /// Elements that are written before they are read.
  init(count: Int) {
    unsafe base = .allocate(capacity: count)
    self.count = count
  }

  init(repeating value: Element, count: Int) {
    unsafe base = .allocate(capacity: count)
    unsafe base.initialize(repeating: value, count: count)
    self.count = count
  }

  @inline(__always) subscript(index: Int) -> Element {
    get {
      precondition(UInt(bitPattern: index) < UInt(bitPattern: count), "beyond the scratch space")
      return unsafe base[index]
    }
    nonmutating set {
      precondition(UInt(bitPattern: index) < UInt(bitPattern: count), "beyond the scratch space")
      unsafe base[index] = newValue
    }
  }

  /// One element, to be used field by field.
  @inline(__always) func at(_ index: Int) -> LocalPlace<Element> { unsafe LocalPlace(address(index)) }

  /// Where an element is, for a lock word that the C side works on.
  @inline(__always) func address(_ index: Int) -> UnsafeMutablePointer<Element> {
    precondition(UInt(bitPattern: index) < UInt(bitPattern: count), "beyond the scratch space")
    return unsafe base + index
  }

  func deallocate() { unsafe base.deallocate() }
}

/// A value in private memory, or an element of a LocalArray, of which single fields are read and written: it is never copied as a
/// whole.
@safe struct LocalPlace<Element: BitwiseCopyable>: BitwiseCopyable, @unchecked Sendable {
  // Sendable: as LocalArray.
  private let place: UnsafeMutablePointer<Element>

  init(_ value: Element) {
    unsafe place = .allocate(capacity: 1)
    unsafe place.initialize(to: value)
  }

  @inline(__always) fileprivate init(_ place: UnsafeMutablePointer<Element>) { unsafe self.place = place }

  @inline(__always) var value: Element {
    _read { yield unsafe place.pointee }
    nonmutating _modify { yield unsafe &place.pointee }
  }

  /// For a lock word that the C side works on.
  @inline(__always) var address: UnsafeMutablePointer<Element> { unsafe place }

  func deallocate() { unsafe place.deallocate() }
}
