// What is known of a process that has Ksocks on the bus: does it live, is it ending, or is it certainly over?
//
// Three witnesses (docs/decisions/0014). The life word of its helper thread tells early of every end, execve among them, but
// other threads of the process may run on for a moment. That its pid is gone is certain, and late: not before all its memory has
// been given back. The mark on the bus file goes with the last descriptor and the last mapping of the bus that the process has: it
// tells of a certain end after execve and in other pid namespaces too, but a forked child can keep it.

internal import CShm

/// What the witnesses say.
enum Verdict: UInt8 {
  case alive
  /// It is ending: nobody will answer for it any more, but it may still touch what it holds.
  case ending
  /// Nothing of it is left that could touch the bus.
  case over
}

extension SharedBus {
  /// `thorough`: asks the kernel about a process whose life word says that it lives, too. Not under the lock.
  func verdict(on owner: OwnerRecord, thorough: Bool) -> Verdict {
    let life = owner.life
    if cshm_life_is_taken(life) != 0, !thorough { return .alive }
    if isNear(owner), Machine.isGone(pid: owner.pid, startTime: owner.startTime) { return .over }
    // 0: its helper thread could not be had.
    if life != 0, cshm_life_has_ended(life) == 0 { return .alive }
    guard isMarked(owner) else { return .over }
    return life == 0 ? .alive : .ending
  }

  /// Whether its pid means the same to us. A namespace that can't be told (0) is nobody's.
  func isNear(_ owner: OwnerRecord) -> Bool { owner.pidNamespace == pidNamespace && pidNamespace != 0 }

  /// Whether a descriptor or a mapping of the owner is still there somewhere. Where our own was closed by the program, nobody can tell.
  private func isMarked(_ owner: OwnerRecord) -> Bool { !hasItsFile || cshm_file_is_marked(descriptor, UInt64(owner.at)) != 0 }
}
