// What is known of a process that has Ksocks on the bus: does it live, is it ending, or is it certainly over?
//
// Three witnesses (docs/decisions/0014). The life word of its helper thread tells early of every end, execve among them, but
// other threads of the process may run on for a moment. That its pid is gone is certain, and late: not before all its memory has
// been given back. The mark on the bus file goes with the last copy of the descriptor: it tells of an end after execve and
// in other pid namespaces, but a forked child can keep it.

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
    // Its helper thread has not begun yet, or could not be had.
    let isMute = life == 0
    if cshm_life_is_taken(life) != 0, !thorough { return .alive }
    let isNear = isNear(owner)
    if isNear, Machine.isGone(pid: owner.pid, startTime: owner.startTime) { return .over }
    if isMute ? isNear : cshm_life_has_ended(life) == 0 { return .alive }
    if isMarked(owner) { return isMute ? .alive : .ending }
    // After execve, or in another pid namespace. A process that is just ending may have closed the file itself: its threads are given
    // the time until somebody looks again.
    return isNear && !owner.isDeparted ? .ending : .over
  }

  /// Whether its pid means the same to us. A namespace that can't be told (0) is nobody's.
  func isNear(_ owner: OwnerRecord) -> Bool { owner.pidNamespace == pidNamespace && pidNamespace != 0 }

  /// Whether a descriptor of the owner is still open somewhere. Where our own was closed by the program, nobody can tell.
  private func isMarked(_ owner: OwnerRecord) -> Bool { !hasItsFile || cshm_file_is_marked(descriptor, UInt64(owner.at)) != 0 }
}
