// Another process with Ksocks of its own, which does what the test says and nothing else.

import Foundation
import Glibc

/// A process that takes orders, line by line (Tests/TestPeer/Orders.swift lists them).
///
/// Its orders come through a FIFO in the directory of the bus: `RunningProcess` gives a child all of its input at once, but
/// here the next order depends on the last answer. It ends with the test: the FIFO closes, or it is killed as the child of a
/// thread that is gone. Use it from synchronous tests only, which stay on their thread.
final class Peer {
  private let process: RunningProcess
  private let orders: Int32
  private let path: String

  var pid: pid_t { process.pid }

  /// `through`: a program, with its arguments, that starts the peer's.
  init(directory: String, environment: [String: String] = [:], through wrapper: [String] = []) throws {
    path = "\(directory)/orders-\(UUID().uuidString)"
    guard unsafe mkfifo(path, 0o600) == 0 else { throw ProcessFailure("no FIFO at \(path): errno \(errno)") }
    // For reading too, so that neither side waits for the other to open it.
    orders = unsafe open(path, O_RDWR | O_CLOEXEC)
    guard orders >= 0 else { throw ProcessFailure("\(path) cannot be opened: errno \(errno)") }
    var variables = ProcessInfo.processInfo.environment
    variables["KBUS_CREATE"] = nil
    variables["KBUS_DIR"] = directory
    variables.merge(environment) { $1 }
    let words = wrapper + [try RunningProcess.built("TestPeer")]
    process = try RunningProcess(words[0], Array(words.dropFirst()), environment: variables, input: .file(path))
  }

  deinit {
    close(orders)
    unsafe unlink(path)
  }

  func send(signal: Int32) { process.send(signal: signal) }

  /// Waits for its end.
  func end() throws -> RunningProcess.Ending { try process.end() }

  /// Gives an order without waiting for the answer.
  func order(_ line: String) throws {
    let bytes = Array((line + "\n").utf8)
    guard unsafe write(orders, bytes, bytes.count) == bytes.count else {
      throw ProcessFailure("order \(line) not given: errno \(errno)")
    }
  }

  /// The answer to the oldest order that has none yet.
  func answer(within seconds: Double = 60) throws -> String { try process.line(within: seconds) }

  /// Gives an order and waits for the answer.
  @discardableResult func ask(_ line: String) throws -> String {
    try order(line)
    return try answer()
  }
}
