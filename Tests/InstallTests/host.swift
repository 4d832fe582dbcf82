// A Swift program with a runtime of its own, busy, that uses the library meanwhile: objects counted, dictionaries, protocols,
// errors, tasks. Started with the version that the library should have.

import KBUSFromC

final class Counted: Hashable {
  nonisolated(unsafe) static var alive = 0
  let name: String
  init(_ name: String) { self.name = name; Self.alive += 1 }
  deinit { Self.alive -= 1 }
  static func == (left: Counted, right: Counted) -> Bool { left.name == right.name }
  func hash(into hasher: inout Hasher) { hasher.combine(name) }
}

struct Unexpected: Error, CustomStringConvertible {
  let description: String
  init(_ what: String) { description = "\(what): \(String(cString: kbus_last_error()))" }
}

/// Casting asks the runtime for its records of conformances, those of the whole process.
func describe(_ value: Any) -> String { (value as? any CustomStringConvertible)?.description ?? "nothing" }

func must(_ result: CInt, _ what: String) throws { if result < 0 { throw Unexpected(what) } }
func expect(_ truth: Bool, _ what: String) throws { if !truth { throw Unexpected(what) } }

/// Sends a message to itself through a bus, and returns the data that came back.
func thereAndBack(_ text: String) throws -> String {
  let ksock = kbus_ksock_open(0, O_RDWR)
  try must(ksock, "open")
  defer { kbus_ksock_close(ksock) }
  let name = "$.Host.Note"
  try must(kbus_ksock_bind(ksock, name, 0), "bind")
  var note: UnsafeMutablePointer<kbus_message_t>?
  try must(kbus_msg_create_entire(&note, name, UInt32(name.utf8.count), text, UInt32(text.utf8.count), 0), "create")
  defer { kbus_msg_delete(&note) }
  var id = kbus_msg_id_t()
  try must(kbus_ksock_send_msg(ksock, note, &id), "send")
  var received: OpaquePointer?
  try expect(kbus_receive_in_place(ksock, 60_000_000_000, &received) == 1, "receive")
  defer { kbus_received_release(received) }
  guard let message = kbus_received_message(received) else { throw Unexpected("no message") }
  return String(decoding: UnsafeRawBufferPointer(start: message.pointee.data, count: Int(message.pointee.data_len)), as: UTF8.self)
}

func run() throws {
  try expect(String(cString: kbus_version()) == CommandLine.arguments[1], "the version")
  var counts: [Counted: [String]] = [:]
  for round in 0..<100 {
    counts[Counted("counted \(round % 10)"), default: []].append(try thereAndBack("round \(round)"))
  }
  try expect(counts.count == 10 && counts[Counted("counted 7")]?.last == "round 97", "what came back")
  try expect(describe(counts.count) == "10" && describe(Counted("")) == "nothing", "casts")
  try expect(kbus_ksock_open(7, O_RDWR) == -ENOENT, "there is no bus 7")
  try expect(Unexpected("").description.count > 2, "the library says what was wrong")
  counts = [:]
  try expect(Counted.alive == 0, "every object has ended")
}

do {
  try run()
  try await Task.detached { try run() }.value
  try expect(kbus_bus_remove(0) == 0, "remove the bus")
} catch {
  fatalError("\(error)")
}
