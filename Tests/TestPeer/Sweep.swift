import CShm
import Glibc
import KBUSShm

/// One operation on bus 0 of `$KBUS_DIR`, killed before its n-th store into the bus file. What is needed to begin comes first
/// and is not counted. The process says `ready` when it waits for the other side, and `stores N` when it survived.
enum Sweep {
  enum Operation: String, CaseIterable {
    case announce, first, across, batch, urgent, request, reply, stateful, take, takeUrgent, bind, unbind, allOrWait, close, open
    case openDescriptor, takeByDescriptor, closeDescriptor, openFast, takeByFast, closeFast, giveBack
  }

  static func run() -> Never {
    // Whatever happens to the test, this process doesn't outlive it. Whoever started it may have had all signals blocked.
    var signals = sigset_t()
    unsafe sigemptyset(&signals)
    unsafe sigaddset(&signals, SIGALRM)
    unsafe pthread_sigmask(SIG_UNBLOCK, &signals, nil)
    alarm(60)
    let arguments = CommandLine.arguments
    guard arguments.count == 4, arguments[1] == "sweep", let operation = Operation(rawValue: arguments[2]),
      let n = UInt64(arguments[3])
    else { exit(64) }
    do throws(KBusError) {
      try perform(operation, killedBefore: n)
      exit(0)
    } catch {
      say("failed \(error)")
      exit(1)
    }
  }

  private static func perform(_ operation: Operation, killedBefore n: UInt64) throws(KBusError) {
    if operation == .open || operation == .openDescriptor || operation == .openFast {
      cshm_fault_arm(n, CInt(CSHM_FAULT_KILL))
      let ksock = try Ksock(bus: 0)
      if operation == .openDescriptor { _ = try ksock.openDescriptor() }
      if operation == .openFast { _ = try ksock.fastDescriptor() }
      say("stores \(cshm_fault_disarm())")
      ksock.close()
      return
    }
    let ksock = try Ksock(bus: 0)
    #if DEBUG
      if operation == .giveBack { return say("stores \(try giveBack(ksock, killedBefore: n))") }
    #endif
    try prepare(operation, ksock)
    cshm_fault_arm(n, CInt(CSHM_FAULT_KILL))
    switch operation {
    case .batch:
      var batch = ksock.makeBatch()
      for _ in 0..<3 { try batch.append(Announcement("$.Sweep.News", "swept")) }
      try ksock.send(&batch)
    case .announce, .first, .across: try ksock.send(Announcement("$.Sweep.News", "swept"))
    case .urgent: try ksock.send(Announcement("$.Sweep.News", "swept", flags: .urgent))
    case .request: try ksock.send(Request("$.Sweep.Ask", "swept"))
    case .stateful:
      var request = Request("$.Sweep.Ask", "swept").message
      request.to = try ksock.findReplier("$.Sweep.Ask") ?? 0
      try ksock.send(request)
    case .reply: if let request = try ksock.receive() { try ksock.send(Reply(to: request, "swept")) }
    case .take, .takeUrgent: _ = try ksock.receive()
    case .takeByDescriptor, .takeByFast:
      // In and out of a waiting call, then the message, then nothing, which leaves the descriptor unreadable.
      _ = try ksock.wait(for: .readable, within: .zero)
      _ = try ksock.receive()
      _ = try ksock.receive()
    case .bind: try ksock.bind("$.Sweep.*", as: .replier)
    case .unbind: try ksock.unbind("$.Sweep.Mine", as: .replier)
    case .allOrWait:
      do throws(KBusError) { try ksock.send(Announcement("$.Sweep.Full", flags: .allOrWait)) } catch  where error.code == .pending {}
    case .close, .closeDescriptor, .closeFast: ksock.close()
    case .open, .openDescriptor, .openFast, .giveBack: break
    }
    let stores = cshm_fault_disarm()
    say("stores \(stores)")
  }

  /// Brings the Ksock to where the operation begins; where another process must act first, says `ready` and waits.
  private static func prepare(_ operation: Operation, _ ksock: Ksock) throws(KBusError) {
    switch operation {
    case .reply, .unbind, .close:
      try ksock.bind("$.Sweep.Mine", as: .replier)
      try ksock.bind("$.Sweep.Mine")
      say("ready")
      // For a reply one request; else two, of which a close finds one read and one not.
      let expected: UInt32 = operation == .reply ? 2 : 4
      while try ksock.numberOfMessages() < expected { _ = try ksock.wait(for: .readable, within: .milliseconds(10)) }
      if operation == .close { _ = try ksock.receive() }
    case .take, .takeUrgent:
      try ksock.bind("$.Sweep.Taken")
      say("ready")
      _ = try ksock.wait(for: .readable, within: nil)
    case .first:
      // The first message of all claims its slot from the pool.
      break
    case .takeByDescriptor, .closeDescriptor, .takeByFast, .closeFast:
      let isFast = operation == .takeByFast || operation == .closeFast
      var entry = pollfd(fd: try isFast ? ksock.fastDescriptor() : ksock.openDescriptor(), events: Int16(POLLIN), revents: 0)
      try ksock.bind("$.Sweep.Taken")
      say("ready")
      _ = unsafe poll(&entry, 1, -1)
      // It is readable before its sender says so on the bus, which makes a difference of one store.
      while readLine() != nil {}
    default:
      // One send first, so that the operation itself fills a slot of its own, as a steady sender does.
      try ksock.send(Announcement("$.Sweep.Nobody"))
    }
  }

  private static func say(_ line: String) {
    print(line)
    fflush(nil)
  }
}
