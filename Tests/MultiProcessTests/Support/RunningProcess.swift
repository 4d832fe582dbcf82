// A child process whose streams the test holds. Nothing waits without a deadline, and no child outlives its test:
// it is killed when the value goes, and if the test run itself is killed, the streams close under it.

import Foundation
import Glibc

final class RunningProcess {
  /// What the child gets as standard input.
  enum Input {
    case nothing
    /// Through a pipe, so that the child cannot know how much will come.
    case piped([UInt8])
    /// A file, as the shell's `<` gives it.
    case file(String)
  }

  /// How a child has ended, and all that it has written.
  struct Ending {
    /// The exit status; minus the number of the signal that killed it.
    let status: Int32
    let output: [UInt8]
    let errors: String

    var text: String { String(decoding: output, as: UTF8.self) }
  }

  let pid: pid_t
  private var input: Descriptor?
  private var unwritten: ArraySlice<UInt8> = []
  private var output: Descriptor?
  private var errors: Descriptor?
  private var outputRead: [UInt8] = []
  private var errorsRead: [UInt8] = []
  private var linesTaken = 0
  private var status: Int32?

  /// The executable of this name that was built together with the tests.
  static func built(_ name: String) throws -> String {
    let tests = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
    return URL(fileURLWithPath: tests).deletingLastPathComponent().appendingPathComponent(name).path
  }

  /// Starts `path`. With `output`, standard output goes to this file, which the test does not read.
  init(
    _ path: String, _ arguments: [String], environment: [String: String], input: Input = .nothing,
    output outputPath: String? = nil, closingOutput: Bool = false
  ) throws {
    var actions = unsafe posix_spawn_file_actions_t()
    unsafe posix_spawn_file_actions_init(&actions)
    defer { unsafe posix_spawn_file_actions_destroy(&actions) }
    var childEnds: [Descriptor] = []
    switch input {
    case .nothing: unsafe posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0)
    case .file(let path): unsafe posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, path, O_RDONLY, 0)
    case .piped(let bytes):
      let pipe = try Descriptor.pipe()
      unsafe posix_spawn_file_actions_adddup2(&actions, pipe.reader.number, STDIN_FILENO)
      childEnds.append(pipe.reader)
      _ = fcntl(pipe.writer.number, F_SETFL, O_NONBLOCK)
      self.input = pipe.writer
      unwritten = bytes[...]
    }
    if closingOutput {
      unsafe posix_spawn_file_actions_addclose(&actions, STDOUT_FILENO)
    } else if let outputPath {
      unsafe posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, outputPath, O_WRONLY, 0)
    } else {
      let pipe = try Descriptor.pipe()
      unsafe posix_spawn_file_actions_adddup2(&actions, pipe.writer.number, STDOUT_FILENO)
      childEnds.append(pipe.writer)
      output = pipe.reader
    }
    let pipe = try Descriptor.pipe()
    unsafe posix_spawn_file_actions_adddup2(&actions, pipe.writer.number, STDERR_FILENO)
    childEnds.append(pipe.writer)
    errors = pipe.reader

    // The test runner may ignore or block signals; the child starts as from a shell.
    var attributes = posix_spawnattr_t()
    unsafe posix_spawnattr_init(&attributes)
    defer { unsafe posix_spawnattr_destroy(&attributes) }
    var signals = sigset_t()
    unsafe sigemptyset(&signals)
    unsafe posix_spawnattr_setsigmask(&attributes, &signals)
    unsafe sigfillset(&signals)
    unsafe posix_spawnattr_setsigdefault(&attributes, &signals)
    unsafe posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF))

    var argv = unsafe ([path] + arguments).map { unsafe strdup($0) } + [nil]
    var envp = unsafe environment.map { unsafe strdup("\($0.key)=\($0.value)") } + [nil]
    defer {
      for index in unsafe argv.indices { unsafe free(argv[index]) }
      for index in unsafe envp.indices { unsafe free(envp[index]) }
    }
    var pid: pid_t = 0
    let result = unsafe posix_spawn(&pid, path, &actions, &attributes, &argv, &envp)
    guard result == 0 else { throw ProcessFailure("\(path) cannot be started: errno \(result)") }
    self.pid = pid
    withExtendedLifetime(childEnds) {}
  }

  deinit {
    guard status == nil else { return }
    kill(pid, SIGKILL)
    var status: Int32 = 0
    unsafe waitpid(pid, &status, 0)
  }

  func send(signal: Int32) { kill(pid, signal) }

  /// Closes the reading end of the child's standard output, as `head -1` does when it has seen enough.
  func leaveOutput() { output = nil }

  /// The next line of standard output.
  func line(within seconds: Double = 30) throws -> String {
    var line: String?
    try run(within: seconds, waitingFor: "a line of output") {
      let end = outputRead[linesTaken...].firstIndex(of: UInt8(ascii: "\n"))
      if let end {
        line = String(decoding: outputRead[linesTaken..<end], as: UTF8.self)
        linesTaken = end + 1
      } else if output == nil {
        throw ProcessFailure("the output ended; on standard error: \(String(decoding: errorsRead, as: UTF8.self))")
      }
      return line != nil
    }
    return line ?? ""
  }

  /// Waits until the child has ended and its streams are read to their end.
  func end(within seconds: Double = 60) throws -> Ending {
    try run(within: seconds, waitingFor: "the end of process \(pid)") { output == nil && errors == nil && hasEnded() }
    return Ending(status: status ?? -1, output: outputRead, errors: String(decoding: errorsRead, as: UTF8.self))
  }

  private func hasEnded() -> Bool {
    guard status == nil else { return true }
    var word: Int32 = 0
    guard unsafe waitpid(pid, &word, WNOHANG) == pid else { return false }
    status = word & 0x7F == 0 ? word >> 8 & 0xFF : -(word & 0x7F)
    return true
  }

  /// Feeds and reads the child's streams until `isDone`.
  private func run(within seconds: Double, waitingFor what: String, until isDone: () throws -> Bool) throws {
    let deadline = ContinuousClock.now + .seconds(seconds)
    while !(try isDone()) {
      guard ContinuousClock.now < deadline else {
        throw ProcessFailure("no \(what); on standard error: \(String(decoding: errorsRead, as: UTF8.self))")
      }
      // Negative descriptors are passed over. The end of a process rings nowhere: hence the short sleeps.
      var watched = [
        pollfd(fd: input?.number ?? -1, events: Int16(POLLOUT), revents: 0),
        pollfd(fd: output?.number ?? -1, events: Int16(POLLIN), revents: 0),
        pollfd(fd: errors?.number ?? -1, events: Int16(POLLIN), revents: 0),
      ]
      guard unsafe poll(&watched, nfds_t(watched.count), 10) > 0 else { continue }
      if watched[0].revents != 0 { feed() }
      if watched[1].revents != 0, !Self.read(output, into: &outputRead) { output = nil }
      if watched[2].revents != 0, !Self.read(errors, into: &errorsRead) { errors = nil }
    }
  }

  private func feed() {
    guard let input else { return }
    // The process shall not die of a child that does not read.
    signal(SIGPIPE, SIG_IGN)
    let written = unsafe unwritten.withUnsafeBytes { unsafe write(input.number, $0.baseAddress, $0.count) }
    if written > 0 { unwritten = unwritten.dropFirst(written) }
    if unwritten.isEmpty || (written < 0 && errno != EAGAIN && errno != EINTR) { self.input = nil }
  }

  /// Reads what is there; false at the end.
  private static func read(_ descriptor: Descriptor?, into bytes: inout [UInt8]) -> Bool {
    guard let descriptor else { return false }
    var buffer = [UInt8](repeating: 0, count: 1 << 16)
    let got = unsafe Glibc.read(descriptor.number, &buffer, buffer.count)
    if got > 0 { bytes += buffer[..<got] }
    return got > 0 || (got < 0 && errno == EINTR)
  }
}

struct ProcessFailure: Error, CustomStringConvertible {
  let description: String

  init(_ description: String) { self.description = description }
}

/// A descriptor that is closed when nobody holds it any more.
private final class Descriptor {
  let number: Int32

  /// pipe2(2), a GNU extension that Swift does not see.
  private static let makePipe = unsafe unsafeBitCast(
    dlsym(nil, "pipe2"), to: (@convention(c) (UnsafeMutablePointer<Int32>, Int32) -> Int32).self)

  init(_ number: Int32) { self.number = number }

  deinit { close(number) }

  /// Close-on-exec from the start: a child of another test that inherited the writing end would put off end-of-file.
  static func pipe() throws -> (reader: Descriptor, writer: Descriptor) {
    var ends: [Int32] = [-1, -1]
    guard unsafe makePipe(&ends, O_CLOEXEC) == 0 else { throw ProcessFailure("no pipe: errno \(errno)") }
    return (Descriptor(ends[0]), Descriptor(ends[1]))
  }
}
