// Where victims come from. A process of one thread, made before anything of a bus is open here, forks a child for each order: a
// child costs a fraction of a new program, and all of them begin alike.

import CSurvival
import Glibc

final class Nursery {
  let board = Board()
  private let process: CInt

  /// `body` is what a child does with its order; it ends with the child.
  init(_ body: @escaping (Board) throws -> Void) {
    let board = board
    fflush(nil)
    process = csurvival_fork()
    precondition(process >= 0, "a process can't be made")
    if process == 0 { Self.serve(board, body) }
  }

  deinit {
    kill(process, SIGKILL)
    _ = csurvival_wait(process, 10_000)
  }

  private static func serve(_ board: Board, _ body: (Board) throws -> Void) -> Never {
    var done: UInt32 = 0
    while true {
      guard board.wait(for: .order, within: 3600, until: { $0 != done }) else { continue }
      done = board[.order]
      let child = csurvival_fork()
      if child == 0 {
        do {
          try body(board)
          board[.stage] = Board.Stage.finished.rawValue
          _exit(0)
        } catch {
          board.text = "\(error)"
          board[.stage] = Board.Stage.failed.rawValue
          _exit(1)
        }
      }
      board[.process] = UInt32(bitPattern: child)
      // A child that hangs is the controller's to kill.
      var status: CInt = 0
      while unsafe waitpid(child, &status, 0) != child {}
      board[.status] = 1 + UInt32(bitPattern: status)
    }
  }

  /// Makes a child for this order.
  func start(operation: Int, mode: Int, limit: UInt64) throws -> Victim {
    board[.operation] = UInt32(operation)
    board[.mode] = UInt32(mode)
    board[.limit] = UInt32(limit)
    board[.process] = 0
    board[.status] = 0
    board[.ended] = 0
    board[.stores] = 0
    board[.textCount] = 0
    board[.stage] = Board.Stage.none.rawValue
    board[.order] = board[.order] &+ 1
    try expect(board.wait(for: .process, until: { $0 != 0 }), "the nursery does not answer")
    return Victim(board: board, process: CInt(bitPattern: board[.process]))
  }
}

/// A child of the nursery. Killed if it is still there when this goes.
final class Victim {
  private let board: Board
  let process: CInt

  fileprivate init(board: Board, process: CInt) {
    self.board = board
    self.process = process
  }

  deinit { if !isOver { end() } }

  /// How a victim ended.
  enum End: Equatable {
    case completed
    case killed
  }

  /// For the tracer.
  var ended: UnsafePointer<UInt32> { unsafe board.ended }
  var hasEnded: Bool { board[.ended] != 0 }

  var isOver: Bool { board[.status] != 0 }
  var stores: Int { Int(board[.stores]) }
  var result: UInt32 { board[.result] }

  func waitUntilReady() throws {
    let isReady = board.wait(for: .stage, until: { $0 != Board.Stage.none.rawValue }, isHopeless: { isOver })
    guard isReady || isOver else {
      end()
      throw Failure("the process does not get ready")
    }
    try expect(board.stage == .ready, "the process is not ready: \(board.text)")
  }

  func go() { board[.stage] = Board.Stage.go.rawValue }

  func kill(_ signal: CInt = SIGKILL) { _ = Glibc.kill(process, signal) }

  /// Waits for its end: bounded, whatever it is doing.
  func finish(within seconds: Double = 30) throws -> End {
    guard board.wait(for: .status, within: seconds, until: { $0 != 0 }) else {
      end()
      throw Failure("the process hangs")
    }
    let status = CInt(bitPattern: board[.status] &- 1)
    let signal = status & 0x7F
    if signal == SIGKILL { return .killed }
    try expect(signal == 0, "the process died of signal \(signal)")
    try expect(status == 0, "the operation failed: \(board.text)")
    return .completed
  }

  private func end() {
    kill()
    _ = board.wait(for: .status, within: 30, until: { $0 != 0 })
  }
}
