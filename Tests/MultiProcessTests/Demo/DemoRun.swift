// Runs `kbus demo` as a user does, as a process of its own, and reads what it prints.

import Foundation
import Glibc
import Testing

/// A `kbus demo` that runs or has run.
final class DemoRun {
  private let process = Process()
  private let directory: URL
  private let terminal: PseudoTerminal?
  private var outputURL: URL { directory.appending(path: "stdout") }
  private var errorsURL: URL { directory.appending(path: "stderr") }

  /// Generous: a machine that runs other tests at the same time needs a while for its frames.
  private static let patience = Duration.seconds(120)

  /// `kbus` lies beside the tests.
  private static var executable: URL {
    URL(filePath: "/proc/self/exe").resolvingSymlinksInPath().deletingLastPathComponent().appending(path: "kbus")
  }

  /// Starts it. `input` is its standard input: nothing, unless said otherwise. With a terminal, that is input and output.
  init(_ arguments: [String], input: FileHandle? = nil, terminal: PseudoTerminal? = nil) throws {
    self.terminal = terminal
    directory = FileManager.default.temporaryDirectory.appending(path: "kbus-demo-test-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: false)
    for url in [outputURL, errorsURL] { try Data().write(to: url) }
    process.executableURL = Self.executable
    process.arguments = ["demo"] + arguments
    process.standardInput = terminal?.slave ?? input ?? FileHandle.nullDevice
    process.standardOutput = try terminal?.slave ?? FileHandle(forWritingTo: outputURL)
    process.environment = ProcessInfo.processInfo.environment.merging(["TERM": "xterm"]) { $1 }
    process.standardError = try FileHandle(forWritingTo: errorsURL)
    try process.run()
  }

  deinit {
    if process.isRunning { kill(process.processIdentifier, SIGKILL) }
    try? FileManager.default.removeItem(at: directory)
  }

  var pid: pid_t { process.processIdentifier }
  var output: String { (try? String(contentsOf: outputURL, encoding: .utf8)) ?? "" }
  var errors: String { (try? String(contentsOf: errorsURL, encoding: .utf8)) ?? "" }

  /// Waits for its end and returns the exit code, 128 and the signal's number if a signal ended it.
  func exitCode(meanwhile: () throws -> Void = {}) throws -> Int32 {
    try Self.wait(for: "the end of kbus demo") {
      // A terminal that nobody reads from would hold up what it writes at the end.
      terminal?.look()
      try meanwhile()
      return !process.isRunning
    }
    return process.terminationReason == .exit ? process.terminationStatus : 128 + process.terminationStatus
  }

  func signal(_ number: Int32) { kill(pid, number) }

  /// Waits until something is so.
  static func wait(for what: String, _ condition: () throws -> Bool) throws {
    let deadline = ContinuousClock.now + patience
    while try !condition() {
      try #require(ContinuousClock.now < deadline, "waited in vain for \(what)")
      usleep(2000)
    }
  }

  // MARK: Its processes

  /// A process that it has started.
  struct Child {
    let pid: pid_t
    let arguments: [String]

    var directory: String? {
      arguments.firstIndex(of: "--directory").map { arguments[$0 + 1] }
    }

    var isAlive: Bool { kill(pid, 0) == 0 }
  }

  /// Waits until the process of this role runs, and returns it.
  func child(_ role: String) throws -> Child {
    var found: Child?
    try Self.wait(for: "the \(role)'s process") {
      let list = (try? String(contentsOfFile: "/proc/\(pid)/task/\(pid)/children", encoding: .utf8)) ?? ""
      for pid in list.split(separator: " ").compactMap({ pid_t($0) }) {
        let line = (try? String(contentsOfFile: "/proc/\(pid)/cmdline", encoding: .utf8)) ?? ""
        let arguments = line.split(separator: "\0").map(String.init)
        // Before its exec the child still bears the arguments of its parent.
        if arguments.dropFirst(2).first == role { found = Child(pid: pid, arguments: arguments) }
      }
      return found != nil
    }
    return try #require(found)
  }

  // MARK: Its summary

  /// The line of the summary with this label.
  func line(_ label: String) -> String {
    let line = output.split(separator: "\n").last { $0.hasPrefix(label) } ?? ""
    return line.dropFirst(label.count).trimmingCharacters(in: .whitespaces)
  }

  /// The number before a word in a line of the summary: 12 in `12 sent`.
  func number(_ label: String, _ word: String) throws -> Int {
    let words = line(label).split(whereSeparator: { " ,();".contains($0) })
    let position = try #require(words.firstIndex(of: word[...]), "no \"\(word)\" in the line \(label): \(output)\(errors)")
    try #require(position > 0)
    return try #require(Int(words[position - 1]), "no number before \"\(word)\" in: \(line(label))")
  }

  /// The frames shown and their checksums, in the order of showing.
  var checksums: [(frame: Int, checksum: String)] {
    output.split(separator: "\n").compactMap { line in
      let words = line.split(separator: " ")
      guard words.count == 3, words[0] == "frame", let frame = Int(words[1]) else { return nil }
      return (frame, String(words[2]))
    }
  }
}
