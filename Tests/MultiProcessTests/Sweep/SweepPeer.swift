import Foundation

/// A `TestPeer sweep` process: started, waited for, and never left behind.
final class SweepPeer {
  private let process = Process()
  private let input = Pipe()
  private let output = Pipe()
  private var pending = ""

  init(_ operation: String, killedBefore n: Int, directory: String, environment: [String: String] = [:]) throws {
    process.executableURL = Self.executable
    process.arguments = ["sweep", operation, String(n)]
    process.environment = environment.merging(["KBUS_DIR": directory]) { $1 }
    process.standardInput = input
    process.standardOutput = output
    try process.run()
  }

  deinit {
    if process.isRunning { process.terminate() }
    process.waitUntilExit()
  }

  /// Beside the test bundle, where the package manager builds it.
  static var executable: URL {
    let own = (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? ""
    let bundle = CommandLine.arguments.first { $0.hasSuffix(".xctest") } ?? own
    var directory = URL(fileURLWithPath: bundle).deletingLastPathComponent()
    for _ in 0..<4 where !FileManager.default.isExecutableFile(atPath: directory.appendingPathComponent("TestPeer").path) {
      directory.deleteLastPathComponent()
    }
    return directory.appendingPathComponent("TestPeer")
  }

  /// What it waits for has happened entirely.
  func go() { try? input.fileHandleForWriting.close() }

  /// The next line that it prints; nil when it has ended.
  func line() -> String? {
    while true {
      if let end = pending.firstIndex(of: "\n") {
        let line = String(pending[..<end])
        pending = String(pending[pending.index(after: end)...])
        return line
      }
      let data = output.fileHandleForReading.availableData
      if data.isEmpty { return nil }
      pending += String(decoding: data, as: UTF8.self)
    }
  }

  /// Waits for its end. How many stores the operation made, or nil if it was killed.
  func finish() -> Outcome {
    var last: String?
    while let line = line() { last = line }
    process.waitUntilExit()
    if process.terminationReason == .uncaughtSignal {
      return process.terminationStatus == SIGKILL ? .killed : .failed("signal \(process.terminationStatus)")
    }
    guard let last, last.hasPrefix("stores "), let stores = Int(last.dropFirst(7)) else { return .failed(last ?? "no output") }
    return .completed(stores: stores)
  }

  enum Outcome: Equatable {
    case killed
    case completed(stores: Int)
    case failed(String)
  }
}
