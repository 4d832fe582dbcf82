// The buses of one test of the command line tool: in a directory of their own, gone when the test is.

import Foundation
import Glibc
import KBUSShm

final class ToolBus {
  let directory: String

  private static let parent = "/dev/shm"
  private static let prefix = "kbus-tool-"

  init() throws {
    _ = Self.leftoversAreGone
    directory = "\(Self.parent)/\(Self.prefix)\(getpid())-\(UUID().uuidString)"
    try FileManager.default.createDirectory(
      atPath: directory, withIntermediateDirectories: false, attributes: [.posixPermissions: 0o700])
  }

  deinit { try? FileManager.default.removeItem(atPath: directory) }

  /// Starts `kbus` with these arguments.
  func start(
    _ arguments: String..., input: RunningProcess.Input = .nothing, environment: [String: String] = [:],
    output: String? = nil, closingOutput: Bool = false
  ) throws -> RunningProcess {
    try start(
      arguments: arguments, input: input, environment: environment, output: output, closingOutput: closingOutput)
  }

  func start(
    arguments: [String], input: RunningProcess.Input = .nothing, environment: [String: String] = [:],
    output: String? = nil, closingOutput: Bool = false
  ) throws -> RunningProcess {
    var variables = ProcessInfo.processInfo.environment
    variables["KBUS_CREATE"] = nil
    variables["KBUS_DIR"] = directory
    variables.merge(environment) { $1 }
    return try RunningProcess(
      RunningProcess.built("kbus"), arguments, environment: variables, input: input, output: output,
      closingOutput: closingOutput)
  }

  /// A Ksock of the test itself.
  func open(_ bus: Int = 0) throws -> Ksock { try Ksock(bus: bus, in: directory) }

  /// Waits until bus 0 has bindings to exactly these names.
  func waitForBindings(_ names: String...) throws {
    try eventually("bindings to \(names)") {
      guard let bus = try? Bus.inspect(0, in: directory) else { return false }
      return bus.bindings.map(\.name.description).sorted() == names.sorted()
    }
  }

  func makeFile(_ bytes: [UInt8]) throws -> String {
    let path = "\(directory)/data-\(UUID().uuidString)"
    try Data(bytes).write(to: URL(fileURLWithPath: path))
    return path
  }

  /// Directories of test runs that were killed, removed once in each run.
  private static let leftoversAreGone: Void = {
    let entries = (try? FileManager.default.contentsOfDirectory(atPath: parent)) ?? []
    for entry in entries where entry.hasPrefix(prefix) {
      let owner = entry.dropFirst(prefix.count).prefix { $0 != "-" }
      guard let pid = pid_t(owner), kill(pid, 0) != 0, errno == ESRCH else { continue }
      try? FileManager.default.removeItem(atPath: "\(parent)/\(entry)")
    }
  }()
}
