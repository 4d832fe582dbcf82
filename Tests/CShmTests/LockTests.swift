import CShm
import Glibc
import Testing

@Suite("The lock between processes", .timeLimit(.minutes(10))) struct LockTests {
  @Test("a lock that is given back can be taken again, by anybody")
  func takeAndRelease() throws {
    let pages = try SharedPages()
    #expect(pages.lockHolder == 0)
    for _ in 0..<3 {
      #expect(pages.lock() == 0)
      #expect(pages.lockHolder != 0)
      #expect(pages.unlock() == 0)
      #expect(try OtherThread { [pages.lock(), pages.unlock()] }.join() == [0, 0])
    }
    #expect(pages.lockHolder == 0)
  }

  @Test("whoever waits for a lock that is not given back gets ETIMEDOUT, and may try again")
  func timeOut() throws {
    let pages = try SharedPages()
    #expect(pages.lock() == 0)
    for limit in [0, 1_000_000] as [UInt64] {
      #expect(try OtherThread { pages.lock(within: limit) }.join() == -ETIMEDOUT)
    }
    #expect(pages.unlock() == 0)
    #expect(try OtherThread { [pages.lock(), pages.unlock()] }.join() == [0, 0])
  }

  @Test("the thread that holds the lock gets EDEADLK for taking it again, at once")
  func deadlock() throws {
    let pages = try SharedPages()
    #expect(pages.lock() == 0)
    #expect(pages.lock(within: .max / 2) == -EDEADLK)
    #expect(pages.unlock() == 0)
  }

  @Test("releasing a word that does not name this thread gives EPERM and changes nothing")
  func notOurs() throws {
    let pages = try SharedPages()
    #expect(pages.unlock() == -EPERM, "a free lock")
    #expect(pages.lock() == 0)
    #expect(try OtherThread { pages.unlock() }.join() == -EPERM, "another thread's lock")
    let word = pages.lockWord
    pages.lockWord = word ^ 0x55
    #expect(pages.unlock() == -EPERM, "a word that a peer has overwritten")
    #expect(pages.lockWord == word ^ 0x55)
    pages.lockWord = word
    #expect(pages.unlock() == 0)
  }

  @Test("an owner that dies holding the lock leaves it to the next, who gets EOWNERDEAD and can go on")
  func ownerDies() async throws {
    let pages = try SharedPages()
    let file = pages.file
    await #expect(processExitsWith: .signal(SIGKILL)) { [file = file as CInt] in
      let pages = try SharedPages(of: getppid(), file: file)
      #expect(pages.lock() == 0)
      kill(getpid(), SIGKILL)
    }
    #expect(pages.lock() == EOWNERDEAD)
    #expect(pages.makeConsistent() == 0)
    #expect(pages.unlock() == 0)
    #expect(pages.lock() == 0, "the death is told once")
    #expect(pages.unlock() == 0)
  }

  @Test("a thread that ends holding the lock leaves it to the next, as a process does")
  func threadDies() throws {
    let pages = try SharedPages()
    #expect(try OtherThread { pages.lock() }.join() == 0)
    try wait { pages.lockWord & UInt32(FUTEX_OWNER_DIED) != 0 }
    #expect(pages.lock() == EOWNERDEAD)
    #expect(pages.makeConsistent() == 0)
    #expect(pages.unlock() == 0)
  }

  @Test("whoever sleeps for the lock when its owner is killed is woken and gets it")
  func ownerDiesWhileOthersWait() async throws {
    let pages = try SharedPages()
    let file = pages.file
    let waiter = OtherThread { () -> CInt in
      while pages.lockHolder == 0 { sched_yield() }
      // Far longer than this test may take: only the death can end it.
      return pages.lock(within: 3_600_000_000_000)
    }
    await #expect(processExitsWith: .signal(SIGKILL)) { [file = file as CInt] in
      let pages = try SharedPages(of: getppid(), file: file)
      #expect(pages.lock() == 0)
      try wait { pages.lockWord & UInt32(FUTEX_WAITERS) != 0 }
      kill(getpid(), SIGKILL)
    }
    #expect(try waiter.join() == EOWNERDEAD)
  }

  @Test("of the mutex only 8 bytes are in the file: its list of links can't be read or set by a peer")
  func privatePart() throws {
    let pages = try SharedPages()
    #expect(pages.lock() == 0)
    let contents = try pages.contents()
    #expect(contents.dropLast(8).allSatisfy { $0 == 0 })
    #expect(contents.suffix(8).contains { $0 != 0 })
    var facts = cshm_file_facts()
    #expect(unsafe cshm_file_facts_of(pages.file, &facts) == 0)
    #expect(facts.bytes == UInt64(SharedPages.bytes))
    #expect(pages.unlock() == 0)
  }

  @Test("the lock between threads keeps them apart")
  func localLock() throws {
    @safe final class Counter: @unchecked Sendable {
      // Sendable: `count` is guarded by the lock under test.
      let word = UnsafeMutablePointer<UInt32>.allocate(capacity: 1)
      var count = 0
      init() { unsafe word.initialize(to: 0) }
      deinit { unsafe word.deallocate() }
    }
    let counter = Counter()
    let threads = (0..<4).map { _ in
      OtherThread {
        for _ in 0..<20_000 {
          unsafe cshm_local_lock(counter.word)
          counter.count += 1
          unsafe cshm_local_unlock(counter.word)
        }
      }
    }
    for thread in threads { try thread.join() }
    #expect(counter.count == 80_000)
    #expect(unsafe counter.word.pointee == 0)
  }
}

/// Bits of a robust futex word (linux/futex.h).
private let FUTEX_WAITERS: Int64 = 0x8000_0000
private let FUTEX_OWNER_DIED: Int64 = 0x4000_0000
