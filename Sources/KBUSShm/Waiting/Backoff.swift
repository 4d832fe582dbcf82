// Before a wait sleeps: for how long it spins, and whether it yields (docs/decisions/0017).

internal import CShm

/// How the waits of one Ksock go about it before they sleep, as long as nothing is said about it. Spinning in vain takes the processor
/// from whoever is to send: waits in which nothing came meanwhile make the next ones shorter, until something comes soon again.
///
/// And where sleeps are short, since many work for each other on few processors, it costs less to let the others run, and to look again,
/// than to sleep and be woken: a batch that waits yields. Others do not, since it may be long before one has the processor again.
@safe struct Backoff: @unchecked Sendable {
  // Sendable: words that threads read and write as a whole; a word that is lost costs a few microseconds.
  private let words: LocalArray<UInt64>

  private enum Word: Int, CaseIterable { case near, most, now, isFixed, shortSleeps, mayYield, yieldsLeftOut, leavesOut }

  /// Where there is another processor for the answer to come from.
  private static let usual: UInt64 = 20_000
  /// Nothing is spared below so many nanoseconds.
  private static let least: UInt64 = 1000
  /// A sleep that is over after so many budgets would better have been a spin: most of it was waking up. After so many of them in a row,
  /// who does not spin tries.
  private static let shortSleep: UInt64 = 2
  private static let untilTrying: UInt64 = 4
  /// Who is woken sooner than this, in nanoseconds, has others at work for it.
  private static let busySleep: UInt64 = 250_000
  /// Nobody else wanted the processor.
  private static let emptyYield: UInt64 = 2000
  /// Others had the processor for longer than those need who work for us: programs that compute. A sleeper that is woken goes before
  /// them; so yields are left out, several times as many each time, until there is one in so many.
  private static let longYield: UInt64 = 1_000_000
  private static let mostLeftOut: UInt64 = 65_535

  /// For a Ksock that the calling thread opens. If that may run on one processor only, whoever is to answer may need it: it finds out.
  init() {
    words = LocalArray(repeating: 0, count: Word.allCases.count)
    if cshm_processors() > 1 {
      self[.near] = Self.usual
      self[.now] = Self.usual
    }
    self[.most] = cshm_processors_online() > 1 ? Self.usual : 0
  }

  func deallocate() { words.deallocate() }

  private subscript(word: Word) -> UInt64 {
    get { unsafe cshm_load64(words.address(word.rawValue)) }
    nonmutating set { unsafe cshm_store64(words.address(word.rawValue), newValue) }
  }

  /// From now on always this, and no yields.
  func fix(_ nanoseconds: UInt64) {
    self[.isFixed] = 1
    self[.near] = nanoseconds
    self[.now] = nanoseconds
  }

  // Spinning

  /// For a wait whose end is known to be near, such as that for a reply.
  var near: UInt64 { self[.near] }
  /// For a wait for whatever comes.
  var now: UInt64 { self[.now] }

  /// Nothing came within the budget.
  func noteFailure() {
    guard self[.isFixed] == 0 else { return }
    let less = self[.now] / 4
    self[.now] = less < Self.least ? 0 : less
    self[.shortSleeps] = 0
  }

  /// Something came within the budget.
  func noteSuccess() {
    let now = self[.now], most = self[.most]
    if self[.isFixed] == 0, now < most { self[.now] = min(most, max(Self.least, now * 2)) }
  }

  // Yielding

  /// When a yield begins; 0 if there is to be none.
  func yieldBegins() -> UInt64 {
    guard self[.mayYield] != 0 else { return 0 }
    let leftOut = self[.yieldsLeftOut]
    if leftOut == 0 { return cshm_now() }
    self[.yieldsLeftOut] = leftOut - 1
    return 0
  }

  func noteYield(since began: UInt64, foundAny: Bool) {
    // Not again before a sleep is short.
    if !foundAny { self[.mayYield] = 0 }
    let length = cshm_now() &- began
    if length > Self.longYield {
      self[.leavesOut] = min(5 * self[.leavesOut] + 15, Self.mostLeftOut)
      self[.yieldsLeftOut] = self[.leavesOut]
    } else if foundAny, length > Self.emptyYield {
      self[.leavesOut] /= 2
    }
  }

  // Sleeping

  /// When a sleep begins, if that is of interest; else 0.
  var sleepBegins: UInt64 { self[.isFixed] == 0 ? cshm_now() : 0 }

  /// Something came at the end of a sleep.
  func noteSleep(since began: UInt64) {
    guard began != 0 else { return }
    let length = cshm_now() &- began
    if length < Self.busySleep { self[.mayYield] = 1 }
    guard length < Self.shortSleep &* self[.most] else { return self[.shortSleeps] = 0 }
    self[.shortSleeps] &+= 1
    if self[.now] != 0 || self[.shortSleeps] >= Self.untilTrying { noteSuccess() }
  }
}
