// The benchmark says what it promises to say, and leaves nothing behind. What its figures are is nobody's business here:
// a time asserted is a test that fails on a busy machine.

import Foundation
import Glibc
import Testing

@Suite(.timeLimit(.minutes(10)), .serialized)
struct BenchTests {
  @Test("rtt --json describes the machine, measures the bus and its limits, and compares each run with the limit around it")
  func roundTrips() throws {
    let directory = try BenchDirectory()
    defer { directory.remove() }
    let report = try directory.report(
      "rtt", "--samples", "200", "--runs", "2", "--bytes", "64", "--api", "loan", "--only", "kbus", "--only", "limit.cacheline",
      "--only", "limit.futex", "--mode", "spin", "--mode", "sleep")

    let machine = report.machine
    #expect(!machine.cpu.isEmpty && !machine.kernel.isEmpty && !machine.architecture.isEmpty && !machine.load.isEmpty)
    #expect(machine.pageBytes == Int(getpagesize()))
    #expect(machine.cores >= machine.pinned.count)
    #expect(machine.clockNs > 0)
    #expect(machine.processors.threadsOfCore.count == machine.pinned.count && machine.processors.memoryBytes > 1 << 20)

    // With a single processor to run on, nothing can be measured on two.
    let oneCore: Set = ["limit.futex sleep 1", "kbus sleep 1"]
    let twoCores: Set = ["limit.cacheline spin 2", "kbus spin 2", "limit.futex sleep 2", "kbus sleep 2"]
    let expected = machine.pinned.count == 1 ? oneCore : oneCore.union(twoCores)
    #expect(report.results.count == expected.count)
    #expect(Set(report.results.map { "\($0.transport) \($0.mode) \($0.cores)" }) == expected)
    #expect(report.omissions.isEmpty == (machine.pinned.count == 2))

    for result in report.results {
      #expect(result.scenario == "rtt" && result.unit == "ns" && result.api == "loan")
      #expect(result.payloadBytes == 64 && result.senders == 1 && result.listeners == 1 && result.bindings == 1)
      // Fewer than asked for if they take too long.
      #expect(try (2...400).contains(#require(result.samples)))
      #expect(result.runs.count == 2 && result.runsAmortised?.count == 2)
      #expect(result.runs.allSatisfy { $0 > 0 } && result.runsAmortised?.allSatisfy { $0 > 0 } == true)
      let rising = result.percentiles
      #expect(rising.count >= 2 && rising[0] > 0 && rising == rising.sorted())
      #expect((result.p99 != nil) == (result.samples ?? 0 >= 100) && result.p999 == nil && result.p9999 == nil)
    }

    #expect(report.ratios.count == expected.count / 2)
    for ratio in report.ratios {
      #expect(ratio.ofRuns.count == 2 && ratio.toRuns.count == 2)
      #expect(ratio.runs == zip(ratio.ofRuns, ratio.toRuns).map { $0 / $1 })
      #expect(ratio.ratio == (ratio.runs[0] + ratio.runs[1]) / 2)
      let bus = try #require(
        report.results.first { $0.transport == "kbus" && $0.mode == ratio.mode && $0.cores == ratio.cores })
      #expect(ratio.ofRuns == bus.runs)
      let judged = ratio.mode == "spin" ? ratio.ratioAmortised : ratio.ratio
      #expect(try ratio.isMet == (#require(judged) <= #require(ratio.goal)))
    }
    let goals = Dictionary(uniqueKeysWithValues: report.ratios.map { ("\($0.mode) \($0.cores)", $0.goal) })
    #expect(goals["sleep 1"] == 1.2)
    if machine.pinned.count == 2 { #expect(goals["spin 2"] == 2.5 && goals["sleep 2"] == 1.1) }
    #expect(try directory.contents() == [])
  }

  @Test("rtt measures event loops on the fast descriptor, and tasks, in place and with copies")
  func eventLoopsAndTasks() throws {
    let directory = try BenchDirectory()
    defer { directory.remove() }
    let report = try directory.report(
      "rtt", "--samples", "50", "--runs", "1", "--milliseconds", "20", "--bytes", "64", "--only", "kbus", "--mode", "fast", "--mode",
      "async", "--cores", "1")
    #expect(report.omissions.map { $0.why } == [])
    #expect(
      Set(report.results.map { "\($0.mode) \($0.api)" }) == ["fast loan", "fast copy", "async loan", "async copy"])
    #expect(report.ratios.allSatisfy { $0.to == "limit.futex" })
  }

  @Test("every scenario measures exactly what it says, by each mode and interface, without losing a message", arguments: BenchCases.all)
  func scenario(cases: BenchCases) throws {
    let directory = try BenchDirectory()
    defer { directory.remove() }
    let report = try directory.report(cases.scenario, "--samples", "100", "--runs", "1", "--milliseconds", "5")
    #expect(report.omissions.filter { $0.isFailure }.map { "\($0.what): \($0.why)" } == [])
    let measured = report.results.filter { $0.scenario == cases.scenario }
    if report.machine.pinned.count == 2 {
      #expect(Set(measured.map { "\($0.transport) \($0.mode) \($0.api)" }) == cases.expected)
    }
    #expect(Set(report.omissions.map { $0.transport }).isSubset(of: BenchCases.absent))
    for result in report.results { #expect(result.value > 0, "\(result.scenario) \(result.transport)") }
    #expect(try directory.contents() == [])
  }

  @Test("--complete fails the run if something of the bus can't be measured, and names what is missing")
  func incomplete() throws {
    let directory = try BenchDirectory()
    defer { directory.remove() }
    func run(_ options: [String], status: Int32) throws -> BenchReport {
      let bench = try BenchProcess(
        ["oneway", "--json", "--runs", "1", "--milliseconds", "5", "--mode", "sleep", "--directory", directory.path] + options,
        benchmarks: directory.path)
      return try BenchReport(json: bench.outputAtEnd(status: status))
    }
    let lax = try run(["--only", "kbus.c"], status: 0)
    #expect(!lax.omissions.isEmpty && lax.omissions.allSatisfy { !$0.isFailure })
    let strict = try run(["--only", "kbus.c", "--only", "kbus", "--complete"], status: 1)
    #expect(Set(strict.omissions.map { $0.transport }) == ["kbus.c"] && strict.omissions.allSatisfy { $0.isFailure })
    #expect(strict.results.contains { $0.transport == "kbus" })
    #expect(try run(["--only", "kbus", "--complete"], status: 0).omissions.isEmpty)
  }

  @Test("footprint weighs a client in Swift, which never wakes up while it waits")
  func footprint() throws {
    let directory = try BenchDirectory()
    defer { directory.remove() }
    let report = try directory.report("footprint", "--runs", "1", "--only", "kbus")
    let ours = report.results.filter { $0.transport == "kbus" }
    let quantities = Dictionary(uniqueKeysWithValues: ours.map { ($0.variant ?? "", $0.value) })
    #expect(quantities["resident memory"] ?? 0 > 500_000)
    #expect(quantities["threads"] ?? 0 >= 1)
    #expect(quantities["wake-ups"] == 0)
  }

  @Test("death measures how soon a requester knows, with the reaper and without, beside a robust lock and a pidfd")
  func death() throws {
    let directory = try BenchDirectory()
    defer { directory.remove() }
    let report = try directory.report("death", "--samples", "2", "--runs", "1", "--milliseconds", "5")
    let failures = report.omissions.filter { $0.isFailure && !$0.why.contains("kbus-reaper is not there") }
    #expect(failures.map { $0.why } == [])
    #expect(report.results.filter { $0.transport == "kbus" }.allSatisfy { $0.value > 0 })
    #expect(report.results.contains { $0.transport == "kbus" && $0.variant == "no reaper" && $0.memoryBytes == 256 << 20 })
    #expect(Set(report.results.map { $0.transport }).isSuperset(of: ["limit.robust", "limit.pidfd"]))
    try wait("the reaper to go") { try directory.processesNamingIt().isEmpty }
  }

  @Test("all --report writes one page that needs nothing but itself")
  func page() throws {
    let directory = try BenchDirectory()
    defer { directory.remove() }
    let path = directory.path + "/page.html"
    let report = try directory.report(
      "all", "--brief", "--report", path, "--only", "kbus", "--only", "limit.futex", "--mode", "sleep", "--mode", "none",
      "--cores", "1", "--bytes", "64")
    let page = try String(contentsOfFile: path, encoding: .utf8)
    #expect(Set(report.results.map { $0.chapter }).isSuperset(of: ["rtt", "peers", "routing", "footprint"]))
    for word in ["<svg", "kbus", "limit.futex", report.machine.kernel, "prefers-color-scheme: dark"] {
      #expect(page.contains(word), "\(word)")
    }
    for word in ["http:", "https:", "<script", "<link", "<img", "url(", "@import"] { #expect(!page.contains(word), "\(word)") }
  }

  @Test("--only, --mode and --cores choose among the cases")
  func choice() throws {
    let directory = try BenchDirectory()
    defer { directory.remove() }
    let report = try directory.report(
      "rtt", "--only", "kbus", "--mode", "sleep", "--cores", "1", "--bytes", "64", "--api", "copy", "--samples", "20", "--runs",
      "1")
    #expect(report.results.map { "\($0.transport) \($0.mode) \($0.cores)" } == ["kbus sleep 1"])
    #expect(report.ratios.map { $0.to } == ["limit.futex"], "its limit is measured around it")
  }

  @Test("--only keeps the limits that what is chosen is held against")
  func chosenLimits() throws {
    let directory = try BenchDirectory()
    defer { directory.remove() }
    let report = try directory.report(
      "oneway", "--only", "kbus", "--mode", "sleep", "--samples", "10", "--milliseconds", "2", "--runs", "1")
    guard report.machine.pinned.count == 2 else { return }
    #expect(Set(report.results.map { $0.transport }) == ["limit.ring", "kbus"])
    #expect(report.ratios.count == 4 && report.ratios.allSatisfy { $0.to == "limit.ring" })
  }

  @Test("oneway says how many messages a second came through, and gives a percentile where there are enough of them")
  func achievedRate() throws {
    let directory = try BenchDirectory()
    defer { directory.remove() }
    let report = try directory.report("oneway", "--only", "limit.ring", "--mode", "sleep", "--runs", "1", "--milliseconds", "100")
    #expect(report.results.count == (report.machine.pinned.count == 2 ? 4 : 0))
    for result in report.results {
      #expect(try #require(result.achievedRate) > 0)
      let samples = try #require(result.samples)
      #expect((result.p999 != nil) == (samples >= 1000) && (result.p9999 != nil) == (samples >= 10_000))
    }
  }

  @Test("on one processor, a sentence says for each case that it takes two")
  func oneProcessor() throws {
    let directory = try BenchDirectory()
    defer { directory.remove() }
    let first = try directory.report("limits", "--only", "limit.clock", "--runs", "1").machine.pinned[0]
    let report = try directory.report(
      "rtt", "--pin", "\(first)", "--only", "kbus", "--mode", "spin", "--mode", "sleep", "--bytes", "64", "--api", "loan", "--samples", "9",
      "--runs", "1")
    #expect(report.results.map { "\($0.transport) \($0.mode) \($0.cores)" } == ["kbus sleep 1"])
    #expect(report.omissions.map { $0.what } == ["kbus, loan, 64 B, spin, two cores", "kbus, loan, 64 B, sleep, two cores"])
    #expect(report.omissions.allSatisfy { !$0.isFailure && $0.why.contains("two processors") })
  }

  @Test("--runs and --samples are what was asked for, wherever there are runs and samples")
  func askedFor() throws {
    let directory = try BenchDirectory()
    defer { directory.remove() }
    let weights = try directory.report("footprint", "--only", "kbus", "--runs", "2")
    #expect(!weights.results.isEmpty && weights.results.allSatisfy { $0.runs.count == 2 })
    for (scenario, transport) in [("death", "limit.robust"), ("oneway", "limit.ring"), ("rtt", "limit.copy")] {
      let report = try directory.report(
        scenario, "--only", transport, "--mode", "sleep", "--runs", "3", "--milliseconds", "20000", "--samples", "5")
      for result in report.results { #expect(result.runs.count == 3 && result.samples == 15, "\(scenario)") }
    }
  }

  @Test("what is not installed is left out with a sentence, and everything else measured")
  func absentPeers() throws {
    let directory = try BenchDirectory()
    defer { directory.remove() }
    let bench = try BenchProcess(
      [
        "peers", "--json", "--samples", "20", "--runs", "1", "--bytes", "64", "--mode", "sleep", "--cores", "1", "--directory",
        directory.path,
      ],
      benchmarks: directory.path)
    let report = try BenchReport(json: bench.outputAtEnd())
    #expect(Set(report.omissions.map { $0.transport }).isSuperset(of: ["peer.zeromq", "peer.nng", "peer.iceoryx"]))
    #expect(report.omissions.allSatisfy { !$0.isFailure && $0.why.contains("Benchmarks/peers/prepare") })
    #expect(report.results.contains { $0.transport == "kbus" } && report.results.contains { $0.transport == "peer.unix" })
  }

  /// Figures of a peer that sent 10 messages in 1000 ns to one listener, and lost some of them.
  private static let lossy =
    #"printf '\0\0\0\0\0\0\0\0\4\0\0\0\0\0\0\0\350\3\0\0\0\0\0\0\12\0\0\0\0\0\0\0"#
    + #"\1\0\0\0\0\0\0\0\3\0\0\0\0\0\0\0' >"$1""#

  @Test(
    "a part that breaks, loses messages or leaves no figures fails the run, which goes on with the others",
    arguments: [
      ("echo 'the queue is on fire' >&2; exit 1", "the queue is on fire"), ("kill -9 $$", "said nothing"), ("exit 0", "left"),
      (lossy, "3 messages were lost"),
    ])
  func brokenPart(script: String, complaint: String) throws {
    let directory = try BenchDirectory()
    defer { directory.remove() }
    try directory.addProgram(
      "zeromq", "#!/bin/sh\nwhile [ $# -gt 0 ]; do if [ \"$1\" = --output ]; then set -- \"$2\"; break; fi; shift; done\n\(script)\n")
    let bench = try BenchProcess(
      [
        "peers", "--json", "--runs", "1", "--milliseconds", "10", "--only", "peer.zeromq", "--only", "peer.unix", "--mode", "standard",
        "--directory", directory.path,
      ], benchmarks: directory.path)
    let report = try BenchReport(json: bench.outputAtEnd(status: 1))
    #expect(Set(report.results.map { $0.transport }) == ["peer.unix", "limit.ring"])
    #expect(!report.omissions.isEmpty && report.omissions.allSatisfy { $0.isFailure && $0.why.contains(complaint) })
  }

  @Test("a benchmark killed in the midst leaves neither files nor processes behind", arguments: ["limit.futex", "kbus"])
  func killedBenchmark(transport: String) throws {
    let directory = try BenchDirectory()
    defer { directory.remove() }
    let bench = try BenchProcess([
      "rtt", "--only", transport, "--mode", "sleep", "--cores", "1", "--bytes", "64", "--samples", "50000000", "--milliseconds",
      "50000", "--runs", "1", "--directory", directory.path,
    ])
    try wait("a client and a server to be there") {
      guard bench.isRunning else { throw BenchFailure("the benchmark ended before its time") }
      return try directory.processesNamingIt().filter { $0.contains(" play ") && $0.contains("50000000000") }.count >= 2
    }
    bench.kill()
    try wait("files and processes to go") {
      try directory.contents() == [] && directory.processesNamingIt().isEmpty
    }
  }
}

private func wait(_ what: String, until isTrue: () throws -> Bool) throws {
  let deadline = ContinuousClock.now + .seconds(60)
  while try !isTrue() {
    guard ContinuousClock.now < deadline else { throw BenchFailure("waited in vain for \(what)") }
    usleep(2000)
  }
}
