// A run of the benchmark, and what it says.

import Foundation
import Glibc

/// What `--json` prints.
struct BenchReport: Decodable {
  var machine: Machine
  var results: [Result]
  var ratios: [Ratio]
  var omissions: [Omission]

  /// The keys are words joined by underscores.
  init(json: Data) throws {
    let decoder = JSONDecoder()
    decoder.keyDecodingStrategy = .convertFromSnakeCase
    self = try decoder.decode(BenchReport.self, from: json)
  }

  struct Machine: Decodable {
    var cpu, architecture, kernel, build, load: String
    var cores, pageBytes: Int
    var pinned: [Int]
    var virtual: Bool
    var processors: Processors
    var clockNs: Double
  }

  struct Processors: Decodable {
    var caches, threadsOfCore: [String]
    var governor: String?
    var memoryBytes: Int
  }

  struct Result: Decodable {
    var chapter, scenario, transport, mode, unit, api: String
    var variant: String?
    var cores, payloadBytes, senders, listeners, bindings: Int
    var value: Double
    var runs: [Double]
    var runsAmortised: [Double]?
    var samples, memoryBytes: Int?
    var achievedRate: Double?
    var p50, p90, p99, p999, p9999, max: Double?

    /// Those that there are enough samples for, and the longest.
    var percentiles: [Double] { [p50, p90, p99, p999, p9999, max].compactMap { $0 } }
  }

  struct Ratio: Decodable {
    var what, mode, to: String
    var cores: Int
    var ratio: Double
    var ratioAmortised, goal: Double?
    var isMet: Bool?
    var runs, ofRuns, toRuns: [Double]
  }

  struct Omission: Decodable {
    var scenario, transport, what, why: String
    var isFailure: Bool
  }
}

struct BenchFailure: Error {
  var message: String
  init(_ message: String) { self.message = message }
}

/// Where one test's runs make their private directories.
struct BenchDirectory {
  let path: String

  init() throws {
    path = "/dev/shm/kbus-bench-test-\(getpid())-\(UUID().uuidString)"
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: false)
  }

  func remove() { try? FileManager.default.removeItem(atPath: path) }

  func contents() throws -> [String] { try FileManager.default.contentsOfDirectory(atPath: path) }

  /// What a run with these arguments says.
  func report(_ arguments: String...) throws -> BenchReport {
    try BenchReport(json: BenchProcess(arguments + ["--json", "--directory", path]).outputAtEnd())
  }

  /// Has the directory stand for `Benchmarks`, with this program in it.
  func addProgram(_ name: String, _ script: String) throws {
    try FileManager.default.createDirectory(atPath: path + "/build", withIntermediateDirectories: true)
    try script.write(toFile: "\(path)/build/\(name)", atomically: true, encoding: .utf8)
    try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: "\(path)/build/\(name)")
  }

  /// Command lines of the other processes in which this directory occurs. One that has ended and is merely not waited
  /// for yet has no command line any more.
  func processesNamingIt() throws -> [String] {
    try FileManager.default.contentsOfDirectory(atPath: "/proc").compactMap { entry in
      guard let process = Int32(entry), process != getpid(),
        // It may end between listing and reading.
        let line = FileManager.default.contents(atPath: "/proc/\(process)/cmdline")
      else { return nil }
      let text = String(decoding: line, as: UTF8.self).split(separator: "\0").joined(separator: " ")
      return text.contains(path) ? text : nil
    }
  }
}

/// A benchmark under test. It is killed when this value goes.
final class BenchProcess {
  private let process = Process()
  private let output = Pipe()

  init(_ arguments: [String], benchmarks: String? = nil) throws {
    // The program is built beside the test binary.
    let tests = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
    process.executableURL = URL(filePath: tests).deletingLastPathComponent().appending(path: "kbus-shm-bench")
    process.arguments = arguments
    process.standardOutput = output
    if let benchmarks {
      process.environment = ProcessInfo.processInfo.environment.merging(["KBUS_BENCHMARKS": benchmarks]) { $1 }
    }
    try process.run()
  }

  deinit { kill() }

  var isRunning: Bool { process.isRunning }

  /// Everything printed, once the process has ended with this status.
  func outputAtEnd(status: Int32 = 0) throws -> Data {
    let data = try output.fileHandleForReading.readToEnd() ?? Data()
    process.waitUntilExit()
    guard process.terminationReason == .exit, process.terminationStatus == status else {
      throw BenchFailure(
        "\(process.terminationReason) with status \(process.terminationStatus): \(String(decoding: data.prefix(1000), as: UTF8.self))")
    }
    return data
  }

  func kill() {
    guard process.isRunning else { return }
    _ = Glibc.kill(process.processIdentifier, SIGKILL)
    process.waitUntilExit()
  }
}
