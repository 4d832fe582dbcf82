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

  @Test("one word of the lock is in the file: nothing that a peer could set leads elsewhere")
  func privatePart() throws {
    let pages = try SharedPages()
    #expect(pages.lock() == 0)
    let contents = try pages.contents()
    #expect(contents.dropLast(4).allSatisfy { $0 == 0 })
    #expect(contents.suffix(4).contains { $0 != 0 })
    #expect(pages.unlock() == 0)
  }

  @Test("a robust mutex of the program's own that its thread has is not disturbed by our lock, nor ours by it")
  func besideTheProgramsOwn() throws {
    let pages = try SharedPages()
    let theirs = RobustMutex()
    let result = try OtherThread { () -> [CInt] in [theirs.lock(), pages.lock(), pages.unlock(), pages.lock()] }.join()
    #expect(result == [0, 0, 0, 0])
    try wait { pages.lockWord & UInt32(FUTEX_OWNER_DIED) != 0 }
    #expect(theirs.lock() == EOWNERDEAD)
    #expect(pages.lock() == EOWNERDEAD)
    #expect(pages.unlock() == 0)
  }

  @Test("a holder that is gone unmarked is declared dead by whoever knows; one that is not named stays")
  func bereave() throws {
    let pages = try SharedPages()
    pages.lockWord = 0x1234
    pages.bereave(0x1235)
    #expect(pages.lockWord == 0x1234)
    pages.bereave(0x1234)
    #expect(pages.lock() == EOWNERDEAD)
    #expect(pages.unlock() == 0)
    #expect(cshm_thread_is_gone(UInt32(getpid())) == 0)
    #expect(cshm_thread_is_gone(0x3FFF_FFFF) != 0)
  }

  @Test("a child that was forked locks in its own name")
  func afterFork() async throws {
    let pages = try SharedPages()
    let file = pages.file
    #expect(pages.lock() == 0 && pages.unlock() == 0)
    await #expect(processExitsWith: .signal(SIGKILL)) { [file = file as CInt] in
      let pages = try SharedPages(of: getppid(), file: file)
      #expect(pages.lock() == 0 && pages.unlock() == 0)
      let child = fork()
      if child == 0 {
        let isOurs = pages.lock() == 0 && pages.lockHolder == UInt32(getpid())
        kill(getpid(), isOurs ? SIGKILL : SIGTERM)
      }
      var status: CInt = 0
      unsafe waitpid(child, &status, 0)
      if status & 0x7F == SIGKILL, pages.lock() == EOWNERDEAD { kill(getpid(), SIGKILL) }
    }
  }

  @Test("the lock between threads keeps them apart, and who waits until it is free keeps nobody from it")
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
          // So that others come meanwhile.
          if counter.count.isMultiple(of: 8) { sched_yield() }
          unsafe cshm_local_unlock(counter.word)
        }
      }
    }
    // A wake-up that such a one gets is another's: were it kept, that one would sleep for ever.
    let bystanders = (0..<2).map { _ in
      OtherThread { for _ in 0..<20_000 { unsafe cshm_local_await(counter.word) } }
    }
    for thread in threads + bystanders { try thread.join() }
    #expect(counter.count == 80_000)
    #expect(unsafe counter.word.pointee == 0)
  }
}

/// Bits of a robust futex word (linux/futex.h).
private let FUTEX_WAITERS: Int64 = 0x8000_0000
private let FUTEX_OWNER_DIED: Int64 = 0x4000_0000
