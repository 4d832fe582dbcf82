// The orders by which a process ends, or does what might be taken for an end.

import Glibc
import KBUSShm
import Synchronization

extension Orders {
  /// Carries out an order about the life of this process; nil if it isn't one.
  func endOrSurvive(_ order: Order) throws -> String? {
    switch order.verb {
    case "die": try die(try order.word(0))
    case "survive": return try survive(try order.word(0))
    case "fork": return "ok \(try Self.fork(thenOpening: order.has("opening") ? directory : nil))"
    case "crash-softly": return Self.crashSoftly()
    case "count-signals": return Self.countSignals()
    case "use-up-descriptors": return "ok \(Self.useUpDescriptors())"
    default: return nil
    }
  }

  private func die(_ way: String) throws -> Never {
    switch way {
    case "exit": exit(0)
    case "_exit": _exit(0)
    case "kill": kill(getpid(), SIGKILL)
    case "segv", "core":
      // A core file goes with the directory of the test.
      unsafe chdir(directory)
      var limit = rlimit(rlim_cur: way == "core" ? .max : 0, rlim_max: .max)
      unsafe setrlimit(__rlimit_resource_t(RLIMIT_CORE.rawValue), &limit)
      signal(SIGSEGV, SIG_DFL)
      kill(getpid(), SIGSEGV)
    case "exec":
      let program = ["/bin/sleep", "60"]
      var words = unsafe program.map { unsafe strdup($0) } + [nil]
      unsafe execv(words[0]!, &words)
    case "close-and-kill":
      Self.closeAll()
      kill(getpid(), SIGKILL)
    default: throw OrderMistake("no way to die: \(way)")
    }
    // A signal that ends the process may find another thread first.
    while true { pause() }
  }

  private func survive(_ what: String) throws -> String {
    switch what {
    case "thread":
      // By the system call: the C library would end the process with the last thread, but not this one alone.
      try Self.onThread { _ = Self.call(Self.exitCall, 0, 0, 0) }
    case "main-thread":
      try Self.onThread { self.serve() }
      print("ok")
      fflush(nil)
      pthread_exit(nil)
    case "close-files": Self.closeAll()
    default: throw OrderMistake("nothing to survive: \(what)")
    }
    return "ok"
  }

  /// Everything but the standard streams.
  private static func closeAll() {
    // close_range of <unistd.h>, newer than what Swift sees.
    _ = call(436, 3, UInt(UInt32.max), 0)
  }

  /// The number of exit(2), which ends one thread.
  private static var exitCall: Int {
    #if arch(x86_64)
      60
    #else
      93
    #endif
  }

  private static let call = unsafe unsafeBitCast(
    dlsym(nil, "syscall"), to: (@convention(c) (Int, UInt, UInt, UInt) -> Int).self)

  private static func onThread(_ body: @escaping () -> Void) throws {
    var thread = pthread_t()
    let order = unsafe Unmanaged.passRetained(Body(body))
    let result = unsafe pthread_create(
      &thread, nil,
      { given in
        unsafe Unmanaged<Body>.fromOpaque(given!).takeRetainedValue().run()
        return nil
      }, order.toOpaque())
    guard result == 0 else { throw OrderMistake("no thread: errno \(result)") }
  }

  private final class Body {
    let run: () -> Void

    init(_ run: @escaping () -> Void) { self.run = run }
  }

  /// A child that does nothing but live on; with a directory, it has a Ksock of its own there and answers one request.
  private static func fork(thenOpening directory: String?) throws -> pid_t {
    let fork = unsafe unsafeBitCast(dlsym(nil, "fork"), to: (@convention(c) () -> pid_t).self)
    let child = fork()
    guard child == 0 else { return child }
    // Its parent is meant to die before it; the test ends it, or this does.
    alarm(90)
    if let directory {
      do {
        let ksock = try Ksock(bus: 0, in: directory)
        try ksock.bind("$.Child", as: .replier)
        while true { if let request = try ksock.receive(within: nil) { try ksock.send(Reply(to: request, "from the child")) } }
      } catch {
        _exit(1)
      }
    }
    while true { pause() }
  }

  /// From now on a SIGSEGV reports the end of this process at once, which then stays as it is: as one whose core takes long.
  private static func crashSoftly() -> String {
    signal(SIGSEGV) { _ in
      Ksock.ownerIsCrashing()
      while true { pause() }
    }
    kill(getpid(), SIGSEGV)
    return "mistake: it goes on"
  }

  private static let signals = Atomic<Int>(0)

  /// How many SIGCHLD have come since the first time that this was asked.
  private static func countSignals() -> String {
    signal(SIGCHLD) { _ in Orders.signals.add(1, ordering: .relaxed) }
    return "ok \(signals.load(ordering: .relaxed))"
  }

  /// Opens until nothing can be opened any more.
  private static func useUpDescriptors() -> Int {
    var limit = rlimit(rlim_cur: 64, rlim_max: 64)
    unsafe setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
    var count = 0
    while unsafe open("/dev/null", O_RDONLY | O_CLOEXEC) >= 0 { count += 1 }
    return count
  }
}
