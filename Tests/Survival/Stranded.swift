import ArgumentParser
import CShm
import CSurvival
import Glibc

/// The stranded waiter (DESIGN R7): B and C sleep; A gives the lock back, and the kernel wakes B; before B has run, D takes the lock
/// without a word about waiters, and B is killed; D gives the lock back and wakes nobody. C sleeps on a free lock.
///
/// It is shown twice: C sleeps on if its wait has no limit, and goes on with the limit that the bus sets.
struct Stranded: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Strands a waiter on a free lock: for ever without a time limit, and not with ours.")

  /// As in BusLock.swift.
  private static let limit: UInt64 = 50_000_000
  private static let hour: UInt64 = 3_600_000_000_000

  func run() throws {
    try expect(csurvival_share_processor(0) == 0, "no processor of our own")
    let stranded = try strand(limit: Self.hour, waiting: 1500)
    try expect(stranded == .asleep, "without a time limit the waiter should have slept on: \(stranded)")
    let rescued = try strand(limit: Self.limit, waiting: 20_000)
    try expect(rescued == .hadTheLock, "with a time limit the waiter should have got the free lock: \(rescued)")
    print("stranded: without a time limit a waiter slept on beside a free lock; with ours it got the lock")
  }

  private enum Fate {
    case asleep, hadTheLock
  }

  /// What becomes of C within so many milliseconds.
  private func strand(limit: UInt64, waiting milliseconds: Int) throws -> Fate {
    guard let word = unsafe csurvival_shared(4096) else { throw Failure("no memory") }
    // It takes a wake that comes to its sleeper at the right time: mostly the first does.
    for _ in 0..<200 {
      unsafe cshm_store32(word, 0)
      try expect(unsafe cshm_lock_take(word, 0) == 0, "the lock is not free")
      var waiters = unsafe [waiter(word, limit), waiter(word, limit)]
      defer { for waiter in waiters { end(waiter) } }
      for waiter in waiters { try waitUntilAsleep(waiter) }
      // A and D.
      unsafe cshm_lock_release(word)
      let taken = unsafe cshm_lock_take(word, 0)
      let woken = waiters.filter { csurvival_state($0) == CChar(UInt8(ascii: "R")) }
      let saysThatNobodyWaits = unsafe cshm_load32(word) & 0x8000_0000 == 0
      guard taken == 0, let killed = woken.first, woken.count == 1, saysThatNobodyWaits else {
        if taken == 0 { unsafe cshm_lock_release(word) }
        continue
      }
      end(killed)
      waiters.removeAll { $0 == killed }
      let stillSays = unsafe cshm_load32(word) & 0x8000_0000 == 0
      unsafe cshm_lock_release(word)
      guard stillSays else { continue }
      let end = csurvival_wait(waiters[0], CInt(milliseconds))
      if end == -1000 {
        try expect(unsafe cshm_load32(word) == 0, "somebody has the lock")
        return .asleep
      }
      waiters = []
      try expect(end == 0, "the waiter ended with \(end)")
      return .hadTheLock
    }
    throw Failure("the scene did not come about")
  }

  private func waiter(_ word: UnsafeMutableRawPointer, _ limit: UInt64) -> CInt {
    let child = csurvival_fork()
    guard child == 0 else { return child }
    _ = csurvival_share_processor(1)
    var result: CInt
    repeat { result = unsafe cshm_lock_take(word, limit) } while result == -ETIMEDOUT
    if result == 0 { result = unsafe cshm_lock_release(word) }
    _exit(result == 0 ? 0 : 1)
  }

  private func waitUntilAsleep(_ process: CInt) throws {
    for _ in 0..<20_000 {
      // In its only system call that sleeps.
      if csurvival_state(process) == CChar(UInt8(ascii: "S")) { return }
      csurvival_sleep(500)
    }
    throw Failure("a waiter does not sleep")
  }

  private func end(_ process: CInt) {
    _ = kill(process, SIGKILL)
    _ = csurvival_wait(process, 10_000)
  }
}
