internal import CShm

/// The number that changes when the process forks, where it stands: what every send and take compares with one look.
@safe struct ForkMark: BitwiseCopyable {
  private let place: UnsafeRawPointer

  init() { unsafe place = cshm_fork_mark() }

  /// 0 in a child that has not asked for its number yet, and where numbers have no place; then `cshm_fork_generation` knows.
  @inline(__always) var seen: UInt64 { unsafe cshm_load64(place) }
}
