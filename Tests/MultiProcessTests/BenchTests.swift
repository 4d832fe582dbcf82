// The benchmark says what it promises to say, and leaves nothing behind. What its figures are is nobody's business here:
// a time asserted is a test that fails on a busy machine.

import Foundation
import Glibc
import Testing

@Suite(.timeLimit(.minutes(10)), .serialized)
struct BenchTests {
  @Test("rtt --json describes the machine, measures every scenario and compares each with its limit")
  func roundTripReport() throws {
    let directory = try BenchDirectory()
    defer { directory.remove() }
    let bench = try BenchProcess("rtt", "--json", "--samples", "200", "--runs", "2", "--directory", directory.path)
    let report = try BenchReport(json: bench.outputAtEnd())

    let machine = report.machine
    #expect(!machine.cpu.isEmpty && !machine.kernel.isEmpty && !machine.architecture.isEmpty)
    #expect(machine.pageBytes == Int(getpagesize()))
    #expect(machine.cores >= machine.pinned.count)
    #expect(machine.clockNs > 0)

    // With a single processor to run on, nothing can be measured on two.
    let oneCore: Set = ["limit.futex sleep 1", "kbus sleep 1"]
    let twoCores: Set = ["limit.cacheline spin 2", "kbus spin 2", "limit.futex sleep 2", "kbus sleep 2"]
    let expected = machine.pinned.count == 1 ? oneCore : oneCore.union(twoCores)
    #expect(report.results.count == expected.count)
    #expect(Set(report.results.map { "\($0.transport) \($0.mode) \($0.cores)" }) == expected)

    for result in report.results {
      #expect(result.scenario == "rtt")
      #expect(result.unit == "ns")
      #expect(result.payloadBytes == 64)
      #expect(result.samples == 400)
      #expect(result.runs.count == 2 && result.runsAmortised.count == 2)
      #expect(result.runs.allSatisfy { $0 > 0 } && result.runsAmortised.allSatisfy { $0 > 0 })
      #expect(result.meanAmortised > 0)
      let rising = [result.p50, result.p90, result.p99, result.p999, result.max]
      #expect(rising[0] > 0 && rising == rising.sorted())
    }

    #expect(report.ratios.count == expected.count / 2)
    for ratio in report.ratios {
      let limit = try #require(
        report.results.first { $0.transport != "kbus" && $0.mode == ratio.mode && $0.cores == ratio.cores })
      let bus = try #require(
        report.results.first { $0.transport == "kbus" && $0.mode == ratio.mode && $0.cores == ratio.cores })
      let runs = zip(bus.runs, limit.runs).map { $0 / $1 }
      #expect(ratio.runs == runs)
      #expect(ratio.ratio == (runs[0] + runs[1]) / 2)
      #expect(ratio.ratioAmortised > 0)
    }
    let goals = Dictionary(uniqueKeysWithValues: report.ratios.map { ("\($0.mode) \($0.cores)", $0.goal) })
    #expect(goals["sleep 1"] == 1.2)
    if machine.pinned.count == 2 { #expect(goals["spin 2"] == 2.5 && goals["sleep 2"] == 1.1) }

    #expect(try directory.contents() == [])
  }

  @Test("--only, --mode and --cores choose among the scenarios")
  func choice() throws {
    let directory = try BenchDirectory()
    defer { directory.remove() }
    let bench = try BenchProcess(
      "rtt", "--json", "--only", "kbus", "--mode", "sleep", "--cores", "1", "--samples", "20", "--runs", "1",
      "--directory", directory.path)
    let report = try BenchReport(json: bench.outputAtEnd())
    #expect(report.results.map { "\($0.transport) \($0.mode) \($0.cores)" } == ["kbus sleep 1"])
    #expect(report.ratios.isEmpty)
  }

  @Test("a benchmark killed in the midst leaves neither files nor servers behind", arguments: ["limit.futex", "kbus"])
  func killedBenchmark(transport: String) throws {
    let directory = try BenchDirectory()
    defer { directory.remove() }
    let bench = try BenchProcess(
      "rtt", "--only", transport, "--mode", "sleep", "--cores", "1", "--samples", "5000000", "--runs", "1",
      "--directory", directory.path)
    try wait("a server to get ready") {
      guard bench.isRunning else { throw BenchFailure("the benchmark ended before its time") }
      return try directory.serverIsReady()
    }
    bench.kill()
    try wait("files and servers to go") {
      try directory.contents() == [] && directory.processesNamingIt().isEmpty
    }
  }
}

/// What `rtt --json` prints.
private struct BenchReport: Decodable {
  var machine: Machine
  var results: [Result]
  var ratios: [Ratio]

  /// The keys are words joined by underscores.
  init(json: Data) throws {
    let decoder = JSONDecoder()
    decoder.keyDecodingStrategy = .convertFromSnakeCase
    self = try decoder.decode(BenchReport.self, from: json)
  }

  struct Machine: Decodable {
    var cpu, architecture, kernel, build: String
    var cores, pageBytes: Int
    var pinned: [Int]
    var virtual: Bool
    var clockNs: Double
  }

  struct Result: Decodable {
    var scenario, transport, mode, unit: String
    var cores, payloadBytes, samples: Int
    var p50, p90, p99, p999, max, meanAmortised: Double
    var runs, runsAmortised: [Double]
  }

  struct Ratio: Decodable {
    var what, mode: String
    var cores: Int
    var ratio, ratioAmortised, goal: Double
    var runs: [Double]
  }
}

private struct BenchFailure: Error {
  var message: String
  init(_ message: String) { self.message = message }
}

private func wait(_ what: String, until isTrue: () throws -> Bool) throws {
  let deadline = ContinuousClock.now + .seconds(60)
  while try !isTrue() {
    guard ContinuousClock.now < deadline else { throw BenchFailure("waited in vain for \(what)") }
    usleep(2000)
  }
}

/// Where one test's runs make their private directories.
private struct BenchDirectory {
  let path: String

  init() throws {
    path = "/dev/shm/kbus-bench-test-\(getpid())-\(UUID().uuidString)"
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: false)
  }

  func remove() { try? FileManager.default.removeItem(atPath: path) }

  func contents() throws -> [String] { try FileManager.default.contentsOfDirectory(atPath: path) }

  /// Whether the run's server has said that it can serve: the third of the words that it shares with the client,
  /// which lie 128 bytes apart.
  func serverIsReady() throws -> Bool {
    guard let run = try contents().first,
      let words = FileManager.default.contents(atPath: "\(path)/\(run)/words"), words.count == 3 * 128
    else { return false }
    return words[2 * 128] == 1
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
private final class BenchProcess {
  private let process = Process()
  private let output = Pipe()

  init(_ arguments: String...) throws {
    // The program is built beside the test binary.
    let tests = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
    process.executableURL = URL(filePath: tests).deletingLastPathComponent().appending(path: "kbus-shm-bench")
    process.arguments = arguments
    process.standardOutput = output
    try process.run()
  }

  deinit { kill() }

  var isRunning: Bool { process.isRunning }

  /// Everything printed, once the process has ended well.
  func outputAtEnd() throws -> Data {
    let data = try output.fileHandleForReading.readToEnd() ?? Data()
    process.waitUntilExit()
    guard process.terminationReason == .exit, process.terminationStatus == 0 else {
      throw BenchFailure("\(process.terminationReason) with status \(process.terminationStatus)")
    }
    return data
  }

  func kill() {
    guard process.isRunning else { return }
    _ = Glibc.kill(process.processIdentifier, SIGKILL)
    process.waitUntilExit()
  }
}
