// What each scenario of the benchmark measures. A case that is forgotten, or that goes without a word, is a guard that is gone.

import Foundation
import Testing

struct BenchCases: CustomTestStringConvertible {
  let scenario: String
  /// "transport mode interface", of all that can be measured here.
  let expected: Set<String>
  var testDescription: String { scenario }

  /// Each part is of transports, modes and interfaces, all of them combined.
  private init(_ scenario: String, _ parts: (transports: String, modes: String, interfaces: String)...) {
    self.scenario = scenario
    var expected: Set<String> = []
    for part in parts {
      for transport in part.transports.split(separator: " ") where !BenchCases.absent.contains(String(transport)) {
        for mode in part.modes.split(separator: " ") {
          for interface in part.interfaces.split(separator: " ") { expected.insert("\(transport) \(mode) \(interface)") }
        }
      }
    }
    self.expected = expected
  }

  static let all = [
    BenchCases(
      "limits", ("limit.lock limit.lock.alternating limit.lock.contended limit.lock.handover limit.clock limit.syscall", "none", "loan"),
      ("limit.memcpy limit.memcpy.ring limit.memcpy.fresh", "none", "copy")),
    BenchCases(
      "rtt", ("limit.cacheline", "spin", "loan"), ("limit.futex", "sleep", "loan"),
      ("limit.eventfd limit.fifo limit.datagram", "fd", "loan"),
      ("limit.copy", "spin sleep", "copy"), ("kbus", "spin sleep fast async", "loan copy"), ("kbus", "standard", "loan"),
      ("kbus.c", "spin sleep fd fast", "loan copy"), ("kbus.python", "spin sleep fd fast", "loan copy"),
      ("kbus.python", "async", "copy")),
    BenchCases("oneway", ("limit.ring kbus kbus.c kbus.python", "spin sleep", "loan")),
    BenchCases("throughput", ("limit.ring", "standard", "loan"), ("kbus kbus.c kbus.python", "standard", "loan batch copy")),
    BenchCases("routing", ("kbus", "none", "loan")),
  ]

  /// The bus from C and from Python is measured by programs that `make -C Benchmarks` builds, as scripts/test does before.
  static let absent: Set<String> = {
    var root = URL(filePath: #filePath)
    for _ in 0..<3 { root.deleteLastPathComponent() }
    return isThere(root, "libkbus.so") && isThere(root, "Benchmarks/build/kbus-c") ? [] : ["kbus.c", "kbus.python", "limit.hold"]
  }()

  private static func isThere(_ root: URL, _ path: String) -> Bool {
    FileManager.default.fileExists(atPath: root.appending(path: path).path)
  }
}
