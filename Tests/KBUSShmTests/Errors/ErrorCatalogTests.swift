// The catalogue of errors against the code and the documentation. docs/ERRORS.md is printed from it:
// `scripts/errors-table` (KBUS_WRITE_DOCS=1) writes the file anew.

import Foundation
import Testing

@testable import KBUSShm

@Suite("The catalogue of errors") struct ErrorCatalogTests {
  private static let root = URL(fileURLWithPath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

  /// The codes that the sources declare public, by name.
  private static func declaredCodes() throws -> [String] {
    let source = try String(contentsOf: root.appending(path: "Sources/KBUSShm/Errors/ErrorCodes.swift"), encoding: .utf8)
    return source.matches(of: /public static let (\w+) = Self\(\s*name: "(\w+)"/).map { match in
      #expect(match.1 == match.2, "a code bears the name of its constant")
      return String(match.1)
    }
  }

  @Test("every public code has exactly one entry, and every entry a public code")
  func complete() throws {
    let declared = try Self.declaredCodes(), listed = ErrorCatalog.entries.map(\.code.name.description)
    #expect(declared.count > 40)
    #expect(declared.sorted() == listed.sorted())
    #expect(Set(listed).count == listed.count)
  }

  @Test("every entry says which operation fails, why, and what to do, and has an errno with a name")
  func sentences() throws {
    for entry in ErrorCatalog.entries {
      let name = entry.code.name
      #expect(entry.code.errno > 0, "\(name)")
      #expect(Errno.symbol(entry.code.errno) != nil, "\(name)")
      #expect(entry.operation.utf8CodeUnitCount > 0, "\(name)")
      #expect(entry.cause.utf8CodeUnitCount > 8, "\(name)")
      #expect(entry.remedy.description.hasSuffix("."), "\(name): a remedy is a sentence")
    }
  }

  @Test(
    "every errno of the specification has an entry (section 24), with the number that Linux gives it",
    arguments: [
      ("EADDRINUSE", 98), ("EADDRNOTAVAIL", 99), ("EAGAIN", 11), ("EALREADY", 114), ("EBADF", 9), ("EBADMSG", 74), ("EBUSY", 16),
      ("ECONNREFUSED", 111), ("EFAULT", 14), ("EINVAL", 22), ("EMSGSIZE", 90), ("ENAMETOOLONG", 36), ("ENOENT", 2), ("ENOLCK", 37),
      ("ENOMEM", 12), ("ENOMSG", 42), ("EPIPE", 32),
    ])
  func specified(symbol: String, number: Int) {
    #expect(Errno.symbol(CInt(number)) == symbol)
    #expect(ErrorCatalog.entries.contains { $0.code.errno == CInt(number) })
  }

  @Test("codes are told apart by name, also where they share an errno")
  func equality() {
    let codes = ErrorCatalog.entries.map(\.code)
    for (index, code) in codes.enumerated() {
      #expect(codes.firstIndex { $0 == code } == index)
    }
    #expect(KBusError.Code.system(EISDIR) != .system(EIO), "a failed system call keeps its own errno")
  }

  @Test("an error prints what was being done, what was found, the errno and what to do")
  func printing() throws {
    let bus = try TemporaryBus()
    let error = try #require(expectFailure(.noReplier, errno: EADDRNOTAVAIL) { try bus.open().send(Request("$.Lamp")) })
    #expect(
      error.description
        == "send: no Replier is bound to \"$.Lamp\" (EADDRNOTAVAIL). Start the service, wait for it with waitForReplier, or send an Announcement."
    )
  }

  // Documentation

  private static var table: String {
    var lines = [
      "| Code | errno | Operation | What is wrong | What to do |",
      "|---|---|---|---|---|",
    ]
    for entry in ErrorCatalog.entries {
      let cells = [
        "`\(entry.code.name)`", entry.code == .system ? "that of the call" : Errno.symbol(entry.code.errno) ?? "",
        entry.operation.description,
        entry.cause.description, entry.remedy.description,
      ]
      lines.append("| " + cells.map { $0.replacing("|", with: "\\|") }.joined(separator: " | ") + " |")
    }
    return lines.joined(separator: "\n") + "\n"
  }

  private static let introduction = """
    # Errors

    Every call of the bus that fails throws a `KBusError`. It says what was being done (`operation`), what was found, with the
    value (`explanation`), what to do about it (`remedy`), and why in a form for programs: a `code`, which this table lists,
    and the `errno` that C and Python report. `kbus errno EBUSY` shows the rows with that errno.

    What is expected is no error: an empty queue, or a time limit that passes while receiving, is a return value. After a
    send that fails nobody has received the message; only after `pending` is it kept, to be sent later.

    This file is printed from `ErrorCatalog` by `scripts/errors-table`; a test compares the two.


    """

  @Test("docs/ERRORS.md is what the catalogue prints")
  func documentation() throws {
    let file = Self.root.appending(path: "docs/ERRORS.md"), text = Self.introduction + Self.table
    if ProcessInfo.processInfo.environment["KBUS_WRITE_DOCS"] == "1" {
      try text.write(to: file, atomically: true, encoding: .utf8)
    }
    let written = try String(contentsOf: file, encoding: .utf8)
    #expect(written == text, "write it anew with scripts/errors-table")
  }
}
