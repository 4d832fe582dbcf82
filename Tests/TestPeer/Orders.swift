// Ksocks moved by lines of text, so that a test can script any interleaving of several processes without a single sleep:
// it says who does what, and each answer says that it is done.

import KBUSShm
import Glibc

/// The Ksocks of one process, each under a label of the test's choice.
///
/// Answers: `ok` with what was asked for, `message <...>` as messages print, `nothing`, `error` with the symbol of the errno.
/// **Threads:** one at a time.
package final class Orders {
  let directory: String
  private var ksocks: [String: Ksock] = [:]
  /// The last Request that each label has received and may answer with `reply`.
  var requests: [String: Message] = [:]
  /// Messages taken in place and not ended yet.
  var held: [String: HeldMessage] = [:]

  package init(directory: String) { self.directory = directory }

  /// Takes orders from standard input until it ends, and answers each on standard output.
  static func run() {
    Lifeline.attach(seconds: 120)
    Orders(directory: Bus.directory).serve()
  }

  func serve() {
    while let line = readLine() {
      print(answer(line))
      fflush(nil)
    }
  }

  /// Carries out one order.
  package func answer(_ line: String) -> String {
    do {
      return try carryOut(try Order(line))
    } catch let error as KBusError {
      // What no test expects is told in full.
      let isUnheardOf = [.corrupt, .poolExhausted, .lockStalled, .system].contains(error.code)
      return "error \(isUnheardOf ? error.description : Errno.symbol(error.errno) ?? "\(error.errno)")"
    } catch {
      return "mistake \(error)"
    }
  }

  private func carryOut(_ order: Order) throws -> String {
    if order.verb == "open" { return try open(order) }
    if let answer = try lookOrEnd(order) { return answer }
    if let answer = try endOrSurvive(order) { return answer }
    let label = try order.word(0)
    if order.verb == "drop" {
      guard ksocks.removeValue(forKey: label) != nil else { throw OrderMistake("no Ksock \(label) to drop") }
      return "ok"
    }
    guard let ksock = ksocks[label] else { throw OrderMistake("no Ksock \(label)") }
    switch order.verb {
    case "close":
      ksock.close()
      return "ok"
    case "id": return "ok \(ksock.id)"
    case "bind":
      try ksock.bind(try order.name(), as: order.has("replier") ? .replier : .listener)
      return "ok"
    case "unbind":
      try ksock.unbind(try order.name(), as: order.has("replier") ? .replier : .listener)
      return "ok"
    case "bind-many": return try bindMany(ksock, order)
    case "find-replier":
      guard let id = try ksock.findReplier(try order.name()) else { return "nothing" }
      return "ok \(id)"
    case "wait-for-replier": return "ok \(try ksock.waitForReplier(try order.name(), within: try order.limit()))"
    default:
      if let answer = try exchange(order, label, ksock) { return answer }
      if let answer = try ask(order, ksock) { return answer }
      throw OrderMistake("no such order: \(order.verb)")
    }
  }

  private func open(_ order: Order) throws -> String {
    let mode: Ksock.Mode = order.has("r") ? .readOnly : order.has("w") ? .writeOnly : .readWrite
    let label = try order.word(0)
    let ksock = try Ksock(bus: try order.number("bus", default: 0), in: directory, mode: mode)
    ksocks[label] = ksock
    return "ok \(ksock.id)"
  }

  /// Binds as Replier to `NAME0`, `NAME1` and so on, until the bus refuses; answers with how many were bound.
  private func bindMany(_ ksock: Ksock, _ order: Order) throws -> String {
    let name = try order.name(), count: Int = try order.number("count")
    for number in 0..<count {
      do throws(KBusError) {
        try ksock.bind("\(name)\(number)", as: .replier)
      } catch {
        return "ok \(number) error \(Errno.symbol(error.errno) ?? "\(error.errno)")"
      }
    }
    return "ok \(count)"
  }
}
