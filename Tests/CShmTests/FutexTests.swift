import CShm
import Glibc
import Testing

@Suite("Sleeping on a shared word", .timeLimit(.minutes(10))) struct FutexTests {
  @Test("who finds that the word has changed does not sleep: EAGAIN")
  func changed() throws {
    let pages = try SharedPages()
    pages[64] = 7
    #expect(pages.sleep(on: 64, while: 6) == -EAGAIN)
  }

  @Test("a deadline ends the sleep with ETIMEDOUT, one in the past at once")
  func deadline() throws {
    let pages = try SharedPages()
    for deadline in [0, 1, cshm_now() + 1_000_000] as [UInt64] {
      #expect(pages.sleep(on: 64, while: 0, until: deadline) == -ETIMEDOUT)
    }
  }

  @Test("a wake says how many it woke, and wakes no more than it is asked to")
  func wake() throws {
    let pages = try SharedPages()
    #expect(pages.wake(64) == 0)
    let sleepers = (0..<3).map { _ in OtherThread { pages.sleep(on: 64, while: 0) } }
    var woken: CInt = 0
    try wait {
      woken = pages.wake(64, 1)
      return woken == 1
    }
    try wait { sleepers.count(where: \.isOver) == 1 }
    try wait {
      woken += pages.wake(64)
      return woken == 3
    }
    for sleeper in sleepers { #expect(try sleeper.join() == 0) }
    #expect(pages.wake(64) == 0)
  }

  @Test("a process sleeps on a word of the file, and another one wakes it")
  func acrossProcesses() async throws {
    let pages = try SharedPages()
    let file = pages.file
    // Ends when the sleeper, who has it from the file alone, was woken.
    let waker = OtherThread {
      while pages.wake(64) == 0 { sched_yield() }
    }
    await #expect(processExitsWith: .success) { [file = file as CInt] in
      alarm(60)
      let pages = try SharedPages(of: getppid(), file: file)
      #expect(pages.sleep(on: 64, while: 0) == 0)
    }
    try waker.join()
  }

  @Test("a signal ends the sleep with EINTR")
  func interrupted() async throws {
    await #expect(processExitsWith: .success) {
      alarm(60)
      let pages = try SharedPages()
      var action = sigaction()
      unsafe action.__sigaction_handler.sa_handler = { _ in }
      #expect(unsafe sigaction(SIGUSR1, &action, nil) == 0)
      // Tests run on threads that take no signals.
      var signals = sigset_t()
      #expect(unsafe sigemptyset(&signals) == 0)
      #expect(unsafe sigaddset(&signals, SIGUSR1) == 0)
      #expect(unsafe pthread_sigmask(SIG_UNBLOCK, &signals, nil) == 0)
      let sleeper = pthread_self()
      _ = OtherThread {
        while true {
          // Now and then: a storm of signals would never let the call begin.
          usleep(1000)
          pthread_kill(sleeper, SIGUSR1)
        }
      }
      #expect(pages.sleep(on: 64, while: 0) == -EINTR)
      exit(0)
    }
  }
}
