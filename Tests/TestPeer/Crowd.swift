import Glibc
import KBUSShm

/// `TestPeer crowd N`: N processes, each with a Ksock on bus 0 that is the Replier of `$.Crowd.I`. Says the pid of each, and
/// `ready` when all are there. They end with this process.
enum Crowd {
  static func run() -> Never {
    Lifeline.attach(seconds: 300)
    guard CommandLine.arguments.count == 3, let count = Int(CommandLine.arguments[2]) else { exit(64) }
    let fork = unsafe unsafeBitCast(dlsym(nil, "fork"), to: (@convention(c) () -> pid_t).self)
    var ends: [Int32] = [0, 0]
    guard unsafe pipe(&ends) == 0 else { exit(1) }
    var pids: [pid_t] = []
    // There is one thread so far: a child can do as it likes.
    for number in 0..<count {
      let child = fork()
      guard child >= 0 else { exit(1) }
      if child == 0 { live(number, ends[1]) }
      pids.append(child)
    }
    close(ends[1])
    for pid in pids { print(pid) }
    var ready = 0
    var byte: UInt8 = 0
    while ready < count, unsafe read(ends[0], &byte, 1) == 1 { ready += 1 }
    print(ready == count ? "ready" : "only \(ready)")
    fflush(nil)
    while true { pause() }
  }

  private static func live(_ number: Int, _ report: Int32) -> Never {
    Lifeline.attach(seconds: 300)
    do throws(KBusError) {
      let ksock = try Ksock(bus: 0)
      try ksock.bind(MessageName("$.Crowd.\(number)"), as: .replier)
      var byte: UInt8 = 1
      unsafe _ = write(report, &byte, 1)
      close(report)
      while true { pause() }
    } catch {
      let complaint = Array("crowd \(number): \(error)\n".utf8)
      unsafe _ = write(STDERR_FILENO, complaint, complaint.count)
      _exit(1)
    }
  }
}
