// "fails E" of the case tables.

import KBUSShm
import Testing

/// The errno values of the case tables, with the numbers that the specification gives them (Linux's).
// swift-format-ignore: AlwaysUseLowerCamelCase
enum ExpectedErrno: CInt {
  case ENOENT = 2
  case EBADF = 9
  case EAGAIN = 11
  case EBUSY = 16
  case EINVAL = 22
  case EPIPE = 32
  case ENAMETOOLONG = 36
  case ENOLCK = 37
  case ENOMSG = 42
  case EBADMSG = 74
  case EMSGSIZE = 90
  case EADDRINUSE = 98
  case EADDRNOTAVAIL = 99
  case ECONNREFUSED = 111
  case EALREADY = 114
}

/// Expects that the body fails with this errno: neither with another nor not at all.
func expectErrno<Outcome: ~Copyable>(
  _ expected: ExpectedErrno, _ comment: @autoclosure () -> Comment? = nil,
  sourceLocation: SourceLocation = #_sourceLocation, _ body: () throws -> Outcome
) {
  do {
    _ = try body()
    let remark = comment().map { ": \($0)" } ?? ""
    Issue.record("succeeds, but must fail with \(expected)\(remark)", sourceLocation: sourceLocation)
  } catch let error as KBusError {
    #expect(error.errno == expected.rawValue, comment() ?? "\(error)", sourceLocation: sourceLocation)
  } catch {
    Issue.record(error, comment(), sourceLocation: sourceLocation)
  }
}
