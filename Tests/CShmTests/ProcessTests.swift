import CShm
import Glibc
import Testing

@Suite("Who a process is", .timeLimit(.minutes(10))) struct ProcessTests {
  @Test("the fork generation stays while a process lives, and differs in a child")
  func forkGeneration() async {
    let ours = cshm_fork_generation()
    #expect(ours != 0)
    #expect(cshm_fork_generation() == ours)
    await #expect(processExitsWith: .success) {
      alarm(60)
      let parent = cshm_fork_generation()
      // 0 in a child that sees another number, each time the same; the grandchild a third one.
      let status = inChild {
        let child = cshm_fork_generation()
        guard child != parent, child != 0, child == cshm_fork_generation() else { return 1 }
        return inChild { [parent, child].contains(cshm_fork_generation()) ? 2 : 0 }
      }
      #expect(status == 0)
      #expect(cshm_fork_generation() == parent)
    }
  }

  @Test("a process is known by its pid and when it started; one that has ended has no start")
  func startTime() async {
    let ours = cshm_start_time(cshm_process_id())
    #expect(ours != 0)
    #expect(cshm_start_time(cshm_process_id()) == ours)
    #expect(cshm_start_time(UInt32(Int32.max)) == 0, "no process has this pid")
    await #expect(processExitsWith: .success) {
      // A zombie has ended, though its pid is still taken.
      let child = fork()
      if child == 0 { _exit(0) }
      try wait { cshm_start_time(UInt32(child)) == 0 }
      #expect(waitpid(child, nil, WNOHANG) == child)
    }
  }

  @Test("a process is said to be gone only if that is certain: not because its entry in /proc can't be opened")
  func isGone() async {
    await #expect(processExitsWith: .success) {
      let ours = cshm_process_id(), start = cshm_start_time(ours)
      let child = fork()
      if child == 0 { while true { pause() } }
      let childStart = cshm_start_time(UInt32(child))
      var limit = rlimit(rlim_cur: 3, rlim_max: 3)
      let result = unsafe setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
      #expect(result == 0)
      #expect(cshm_start_time(ours) == 0, "/proc can't be read")
      #expect(cshm_process_is_gone(ours, start) == 0)
      #expect(cshm_process_is_gone(UInt32(child), childStart) == 0)
      kill(child, SIGKILL)
      let ended = waitpid(child, nil, 0)
      #expect(ended == child)
      #expect(cshm_process_is_gone(UInt32(child), childStart) == 1)
      // What no process can have says nothing.
      #expect(cshm_process_is_gone(0, 1) == 0 && cshm_process_is_gone(.max, 1) == 0)
    }
    #expect(cshm_process_is_gone(cshm_process_id(), 1) == 1, "a younger process has the pid")
    #expect(cshm_process_is_gone(cshm_process_id(), 0) == 0, "a start that was not known")
  }

  @Test("arming a fault kills the process before its n-th store, not before, and counts stores of this thread only")
  func faults() async throws {
    await #expect(processExitsWith: .success) {
      cshm_fault_arm(0, CInt(CSHM_FAULT_KILL))
      for _ in 0..<5 { cshm_fault_point() }
      try OtherThread { cshm_fault_point() }.join()
      #expect(cshm_fault_disarm() == 5)
      cshm_fault_arm(3, CInt(CSHM_FAULT_KILL))
      for _ in 0..<2 { cshm_fault_point() }
      #expect(cshm_fault_disarm() == 2)
      cshm_fault_point()
    }
    await #expect(processExitsWith: .signal(SIGKILL)) {
      cshm_fault_arm(3, CInt(CSHM_FAULT_KILL))
      for _ in 0..<3 { cshm_fault_point() }
    }
  }
}

/// fork(2), which Swift does not offer. Called in processes of their own only, made for one test.
func fork() -> pid_t {
  let address = unsafe dlsym(nil, "fork")!
  return unsafe unsafeBitCast(address, to: (@convention(c) () -> pid_t).self)()
}

/// Runs in a forked child; returns its exit status.
private func inChild(_ body: () -> CInt) -> CInt {
  let child = fork()
  if child == 0 { _exit(body()) }
  var status: CInt = -1
  unsafe waitpid(child, &status, 0)
  return status & 0x7F == 0 ? status >> 8 & 0xFF : -1
}
