// A bus whose users are all processes of their own, so that a test decides who of them watches over it: the test process itself
// never opens a Ksock here.

import Foundation
import Glibc
import KBUSShm
import Testing

final class DeathScene {
  let bus: PrivateBus
  /// Says where there is a reaper.
  let environment: [String: String]
  private var reapers: [RunningProcess] = []

  var directory: String { bus.directory }

  /// Who may look after the bus.
  enum Care: String, CaseIterable {
    /// The real reaper, which the first process starts.
    case reaper
    /// The helper of some process: no reaper is to be found.
    case helper
    /// The same where the kernel can't wait for several words.
    case helperWithoutWaitv
    /// Nobody: no process has a helper thread.
    case nobody
    /// Helpers of which the kernel keeps no list, so that pids alone tell.
    case pidsAlone
  }

  let care: Care

  init(_ care: Care, maxKsocks: Int = 64) throws {
    self.care = care
    var options = BusOptions()
    options.maxKsocks = maxKsocks
    options.maxBindings = max(64, maxKsocks)
    bus = try PrivateBus(options)
    environment = ["KBUS_REAPER": care == .reaper ? try RunningProcess.built("kbus-reaper") : ""]
  }

  /// What the processes of this scene are run by.
  private var confinement: [String] {
    get throws {
      let refused: [String]
      switch care {
      case .reaper, .helper: return []
      // Some sandboxes say that there is no such call, some that it is forbidden.
      case .helperWithoutWaitv: refused = ["futex_waitv=\(EPERM)"]
      case .nobody: refused = ["threads=\(EAGAIN)"]
      case .pidsAlone: refused = ["robust_list=\(ENOSYS)"]
      }
      return [try RunningProcess.built("TestPeer"), "confine"] + refused + ["--"]
    }
  }

  /// `outside`: without what confines the others.
  func peer(through wrapper: [String] = [], outside: Bool = false) throws -> Peer {
    try Peer(directory: directory, environment: environment, through: wrapper + (outside ? [] : confinement))
  }

  /// Starts a process that is no peer, in the scene's environment.
  func start(_ words: [String]) throws -> RunningProcess {
    var variables = ProcessInfo.processInfo.environment.merging(environment) { $1 }
    variables["KBUS_CREATE"] = nil
    variables["KBUS_DIR"] = directory
    return try RunningProcess(words[0], Array(words.dropFirst()), environment: variables)
  }

  func startReaper(_ arguments: String...) throws -> RunningProcess {
    try start([RunningProcess.built("kbus-reaper"), "--directory", directory, "--verbose"] + arguments)
  }

  var statistics: BusStatistics {
    get throws { try Bus.inspect(0, in: directory).statistics }
  }

  func waitFor(_ watcher: Watcher) throws {
    try eventually("\(watcher) to watch, not \(String(describing: try? statistics.watcher))") { try statistics.watcher == watcher }
  }

  /// Waits until the dead have left nothing, and `living` Ksocks are on the bus.
  func waitForBurial(living: Int) throws {
    try eventually("the burial of the dead, so that \(living) Ksocks are left", within: 120) {
      try statistics.ksocks.count == living && !Bus.examine(0, in: directory).owners.contains { $0.isDeparted }
    }
  }

  /// An owner counts as reaped a step after the last of its Ksocks has departed; more than these must not come.
  func waitFor(reaps: UInt64) throws {
    try eventually("\(reaps) ends, not \(String(describing: try? statistics.reaps))", within: 120) { try statistics.reaps >= reaps }
    #expect(try statistics.reaps == reaps)
  }

  /// The reapers of this directory, by what they were started with.
  var reaperPids: [pid_t] {
    let entries = (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []
    return entries.compactMap { pid_t($0) }.filter { pid in
      let line = (try? String(contentsOfFile: "/proc/\(pid)/cmdline", encoding: .utf8)) ?? ""
      let words = line.split(separator: "\0").map(String.init)
      return words.first?.hasSuffix("kbus-reaper") == true && words.contains(directory)
    }
  }

  /// The reaper that works, once there is one, and only one.
  func reaper() throws -> pid_t {
    try waitFor(.reaper)
    var found: [pid_t] = []
    try eventually("one reaper, not \(found)") {
      found = reaperPids
      return found.count == 1
    }
    return found[0]
  }
}

extension Peer {
  /// The processor time that it has used.
  var ticks: Int {
    get throws {
      let stat = try String(contentsOfFile: "/proc/\(pid)/stat", encoding: .utf8)
      guard let name = stat.lastIndex(of: ")") else { throw ProcessFailure("no state of process \(pid)") }
      return stat[name...].split(separator: " ")[12...13].compactMap { Int($0) }.reduce(0, +)
    }
  }

  /// Whether the process of the peer, or what it has become, still runs.
  static func isAlive(_ pid: pid_t) -> Bool {
    guard let stat = try? String(contentsOfFile: "/proc/\(pid)/stat", encoding: .utf8), let name = stat.lastIndex(of: ")") else {
      return false
    }
    return stat[name...].dropFirst(2).first != "Z"
  }
}
