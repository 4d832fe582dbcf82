// `footprint`: what a process costs that has one connection and waits.

import FoundationEssentials
import Glibc
import KBUSShm

enum Footprint {
  static let name = "footprint"

  /// What is weighed of each process.
  enum Quantity: String, CaseIterable, Sendable {
    case resident = "resident memory"
    case anonymous = "private memory"
    case threads
    case wakeUps = "wake-ups"
    case libraries

    var unit: Unit {
      switch self {
      case .resident, .anonymous, .libraries: .bytes
      case .threads: .count
      case .wakeUps: .perSecond
      }
    }

    /// What no build may exceed, of a client in C.
    var ceiling: Double? {
      switch self {
      case .resident, .wakeUps: goal?.value
      case .anonymous, .threads, .libraries: nil
      }
    }

    /// Of a client in C, and of the reaper. A megabyte has a million bytes.
    var goal: Goal? {
      switch self {
      case .resident: .atMost(3_000_000)
      case .wakeUps: .atMost(0)
      case .libraries: .atMost(300_000)
      case .anonymous, .threads: nil
      }
    }
  }

  static func cases(peers: [Transport] = []) -> [Case] {
    ([.limit("process"), .busFromC, .bus, .busFromPython, .reaper] + peers).flatMap { transport in
      Quantity.allCases.compactMap { weigh($0, of: transport) }
    }
  }

  private static func weigh(_ quantity: Quantity, of transport: Transport) -> Case? {
    // What it loads beside the library is not for us to count.
    if quantity == .libraries, [.limit("process"), .bus, .busFromPython, .reaper].contains(transport) { return nil }
    let configuration = Configuration(scenario: name, transport: transport, variant: quantity.rawValue)
    var nothing = configuration
    nothing.transport = .limit("process")
    let hasLimit = !transport.isLimit && [.resident, .anonymous].contains(quantity)
    return Case(
      configuration: configuration, unit: quantity.unit, goal: [.busFromC, .reaper].contains(transport) ? quantity.goal : nil,
      ceiling: transport == .busFromC ? quantity.ceiling : nil,
      standards: hasLimit ? [Standard(configuration: nothing)] : [], mostRuns: 1
    ) { stage throws(BenchError) in
      let program =
        switch transport {
        case .limit("process"): try Program.built("process", toMeasure: transport)
        case .bus: try Program.idleInSwift()
        case .reaper: try Program.for(.busFromC)
        default: try Program.for(transport)
        }
      return try stage.inOwnDirectory { directory throws(BenchError) in
        let output = Program.figures(in: directory)
        let peer = try program.start(stage.options(for: configuration), in: directory)
        // It may be there, and not be written yet. Those that have nothing to say leave an empty one.
        try peer.wait { (try? Program.lists(in: output)).map { !$0.isEmpty || quantity != .libraries } ?? false }
        let reaper = transport.isBus ? try startReaper(directory, requiredFor: transport) : nil
        let weighed = transport == .reaper ? reaper! : peer
        return Sample(figure: try quantity.figure(of: weighed.process, output: output))
      }
    }
  }

  /// A bus has a reaper, as a rule: without one a client does more.
  private static func startReaper(_ directory: String, requiredFor transport: Transport) throws(BenchError) -> Peer? {
    do throws(BenchError) {
      let reaper = try Peer.reaper(of: directory)
      try reaper.wait { (try? Bus.inspect(0, in: directory).statistics.watcher) == .reaper }
      return reaper
    } catch {
      guard transport != .reaper else { throw error }
      return nil
    }
  }
}

extension Footprint.Quantity {
  /// How long wake-ups are counted, and how long a process is left alone before.
  private static let second: UInt32 = 1_000_000

  fileprivate func figure(of process: pid_t, output: String) throws(BenchError) -> Double {
    switch self {
    case .resident: return try Self.kilobytes("VmRSS", of: process) * 1024
    case .anonymous: return try Self.kilobytes("RssAnon", of: process) * 1024
    case .threads: return try Self.kilobytes("Threads", of: process)
    case .libraries:
      guard let bytes = try Program.lists(in: output).first?.first else { throw BenchError("it left no figures") }
      return Double(bytes)
    case .wakeUps:
      usleep(Self.second / 5)
      let before = try Self.switches(of: process)
      usleep(Self.second)
      return Double(try Self.switches(of: process) - before)
    }
  }

  /// A number from the process's status.
  private static func kilobytes(_ field: String, of process: pid_t) throws(BenchError) -> Double {
    Double(try number(field, in: "/proc/\(process)/status"))
  }

  /// How often any of its threads has gone to sleep.
  private static func switches(of process: pid_t) throws(BenchError) -> Int {
    guard let threads = try? FileManager.default.contentsOfDirectory(atPath: "/proc/\(process)/task") else {
      throw BenchError("it has ended")
    }
    var sum = 0
    for thread in threads { sum += try number("voluntary_ctxt_switches", in: "/proc/\(process)/task/\(thread)/status") }
    return sum
  }

  private static func number(_ field: String, in path: String) throws(BenchError) -> Int {
    let text = (try? String(contentsOfFile: path, encoding: .utf8)) ?? ""
    for line in text.split(separator: "\n") where line.hasPrefix(field + ":") {
      let digits = line.dropFirst(field.count + 1).filter { $0.isNumber }
      if let number = Int(digits) { return number }
    }
    throw BenchError("\(path) has no \(field)")
  }
}
