// The operations that are swept, as the victim does them.

import CShm
import CSurvival
import Glibc
import KBUSShm

enum Operation: Int, CaseIterable {
  case announce, urgent, across, batch, request, stateful, reply, loan, take, takeUrgent, batchTake, release
  case bind, unbind, report, allOrWait, allOrFail, setLimits, setBus, close, reap, giveBack, open
  case openDescriptor, takeByDescriptor, closeDescriptor, openFast, takeByFast, closeFast, create

  var name: String { "\(self)" }

  /// Done by a process that has no Ksock yet: an open makes it an owner on the bus, too.
  var isFirst: Bool { [.open, .reap, .openDescriptor, .openFast, .create].contains(self) }

  /// What the helper thread of a process would do before the process itself.
  var isForHelper: Bool { self == .giveBack }

  init(named name: String) throws {
    guard let operation = Self.allCases.first(where: { $0.name == name }) else {
      throw Failure("no operation \(name); there are \(Self.allCases.map(\.name).joined(separator: " "))")
    }
    self = operation
  }
}

/// How the process is watched while it performs.
enum Mode: Int {
  /// Killed, or stopped, before its n-th store; 0: never.
  case kill, stop
  /// Killed instead of its operation.
  case vanish
  /// Stepped by a tracer, instruction by instruction; with the library's helper thread beside it, or alone.
  case step, stepAlone
  /// Each of its stores is noted.
  case watch
}

/// A process that performs one operation on bus 0 of `$KBUS_DIR`.
final class Performance {
  private let operation: Operation
  private let mode: Mode
  private var ksock: Ksock?
  private var opened: Ksock?
  private var request: Message?
  private var held: Held?

  /// A message in place: an optional can't hold one and be let go of.
  private final class Held {
    let message: ReceivedMessage
    init(_ message: consuming ReceivedMessage) { self.message = message }
  }

  private init(_ operation: Operation, _ mode: Mode) {
    self.operation = operation
    self.mode = mode
  }

  /// The body of a child of the nursery. `stores` is where stores are noted.
  static func run(_ board: Board, stores: UnsafeMutablePointer<csurvival_store>, room: Int, file: String) throws {
    guard let operation = Operation(rawValue: Int(board[.operation])), let mode = Mode(rawValue: Int(board[.mode])) else {
      throw Failure("no such order")
    }
    // A helper thread would store as well, or repair what its process is to repair.
    csurvival_forbid_threads(mode == .watch || mode == .stepAlone || operation.isForHelper ? 1 : 0)
    let performance = Performance(operation, mode)
    try performance.prepare()
    if mode == .watch {
      // The first store noted is one that takes the lock, which thereby is known. Now, while nobody has left anything to repair.
      unsafe try watch(file, stores, 1)
      _ = try Bus.check(0)
      _ = csurvival_unwatch_stores()
    }
    board[.stage] = Board.Stage.ready.rawValue
    guard board.wait(for: .stage, until: { $0 == Board.Stage.go.rawValue }) else { throw Failure("nobody says go") }
    try performance.settle()
    switch mode {
    case .kill, .stop:
      cshm_fault_arm(UInt64(board[.limit]), CInt(mode == .kill ? CSHM_FAULT_KILL : CSHM_FAULT_STOP))
      try performance.perform()
      board[.stores] = UInt32(cshm_fault_disarm())
    case .vanish: kill(getpid(), SIGKILL)
    case .step, .stepAlone:
      csurvival_mark()
      try performance.perform()
      board[.ended] = 1
    case .watch:
      unsafe try watch(file, stores + 1, room - 1)
      cshm_fault_arm(0, CInt(CSHM_FAULT_NONE))
      try performance.perform()
      board[.stores] = UInt32(cshm_fault_disarm())
      board[.result] = 1 + UInt32(csurvival_unwatch_stores())
    }
  }

  private static func watch(_ file: String, _ stores: UnsafeMutablePointer<csurvival_store>, _ room: Int) throws {
    let watched = unsafe csurvival_watch_stores(file, stores, room)
    guard watched == 0 else { throw Failure("the mapping can't be watched: \(watched)") }
  }

  /// Up to where the others must act.
  private func prepare() throws {
    guard !operation.isFirst else { return }
    let ksock = try Ksock(bus: 0)
    self.ksock = ksock
    switch operation {
    case .reply, .unbind, .close:
      try ksock.bind("$.Sweep.Mine", as: .replier)
      try ksock.bind("$.Sweep.Mine")
    case .take, .takeUrgent, .batchTake, .release: try ksock.bind("$.Sweep.Taken")
    case .takeByDescriptor, .closeDescriptor:
      _ = try ksock.openDescriptor()
      try ksock.bind("$.Sweep.Taken")
    case .takeByFast, .closeFast:
      _ = try ksock.fastDescriptor()
      try ksock.bind("$.Sweep.Taken")
    case .giveBack: try ksock.useLargeSlots()
    default:
      // One send first, so that the operation itself takes its slot from the spare one, as a steady sender does.
      try ksock.send(Announcement("$.Sweep.Nobody"))
    }
  }

  /// What comes after that, and is not the operation yet.
  private func settle() throws {
    guard let ksock else { return }
    switch operation {
    case .reply: request = try ksock.receive()
    case .release: if let message = try ksock.take() { held = Held(message) }
    // Of two requests a close finds one read and one not, and one of its own that waits for an answer.
    case .close:
      _ = try ksock.receive()
      // Whoever is killed after it has closed what it holds messages of leaves those for good (docs/decisions/0006).
      if mode == .vanish, let message = try ksock.take() { held = Held(message) }
      try ksock.send(Request("$.Sweep.Ask"))
    default: break
    }
  }

  private func perform() throws(KBusError) {
    guard let ksock else { return try performFirst() }
    switch operation {
    case .announce, .across: try ksock.send(Announcement("$.Sweep.News", "swept"))
    case .urgent: try ksock.send(Announcement("$.Sweep.News", "swept", flags: .urgent))
    case .batch:
      var batch = ksock.makeBatch()
      for _ in 0..<3 { try batch.append(Announcement("$.Sweep.News", "swept")) }
      try ksock.send(&batch)
    case .request: try ksock.send(Request("$.Sweep.Ask", "swept"))
    case .stateful:
      var request = Request("$.Sweep.Ask", "swept").message
      request.to = try ksock.findReplier("$.Sweep.Ask") ?? 0
      try ksock.send(request)
    case .reply: if let request { try ksock.send(Reply(to: request, "swept")) }
    case .loan: try Self.sendInPlace(ksock)
    case .take, .takeUrgent: _ = try ksock.receive()
    case .batchTake: _ = try ksock.take(upTo: 3)
    case .release: held = nil
    case .bind: try ksock.bind("$.Sweep.*", as: .replier)
    case .unbind: try ksock.unbind("$.Sweep.Mine", as: .replier)
    case .allOrWait:
      do throws(KBusError) { try ksock.send(Announcement("$.Sweep.Full", flags: .allOrWait)) } catch  where error.code == .pending {}
    case .allOrFail:
      // Refused for the sake of one that is full; then all have room.
      do throws(KBusError) {
        try ksock.send(Announcement("$.Sweep.Full", flags: .allOrFail))
      } catch  where error.code == .recipientFull {}
      try ksock.send(Announcement("$.Sweep.News", "swept", flags: .allOrFail))
    case .report:
      // The bus reports it to who listens to that.
      try ksock.bind("$.Sweep.Mine", as: .replier)
      try ksock.unbind("$.Sweep.Mine", as: .replier)
    case .setBus:
      try ksock.setVerbose(true)
      try ksock.setMaxMessageSize(Scene.otherMaxMessageSize)
      try ksock.setReportsReplierBinds(true)
    case .setLimits:
      try ksock.setMaxMessages(7)
      _ = try ksock.setWantsMessagesOnce(true)
    case .takeByDescriptor, .takeByFast:
      // In and out of a waiting call, then the message, then nothing, which leaves the descriptor unreadable.
      _ = try ksock.wait(for: .readable, within: .zero)
      _ = try ksock.receive()
      _ = try ksock.receive()
    case .close, .closeDescriptor, .closeFast: ksock.close()
    case .giveBack: ksock.giveBackPages()
    case .open, .reap, .openDescriptor, .openFast, .create: break
    }
  }

  private func performFirst() throws(KBusError) {
    // A new bus has no name before it is whole, and so it is with `newBus` and the first open of bus 0, which do the same.
    guard operation != .create else { return try Bus.create(Scene.otherBus, options: Scene.options) }
    // With a dead peer about, this is what reaps it.
    let ksock = try Ksock(bus: 0)
    opened = ksock
    if operation == .openDescriptor { _ = try ksock.openDescriptor() }
    if operation == .openFast { _ = try ksock.fastDescriptor() }
  }

  private static func sendInPlace(_ ksock: Ksock) throws(KBusError) {
    var loan = try ksock.loan(Announcement("$.Sweep.News"), bytes: 5)
    var payload = loan.bytes
    for (place, byte) in "swept".utf8.enumerated() { payload.storeBytes(of: byte, toByteOffset: place, as: UInt8.self) }
    try ksock.send(loan)
  }
}
