// A bus for one test: in a directory of its own, gone when the test is.

import Foundation
import KBUSShm

/// The bus of one test, and the Ksocks that the test opens on it.
///
/// The directory and bus 0 are made at the first use, so that a test may change `options` before.
final class TestBus {
  /// What the buses of this test are created with. The list of cases takes 409600 as the largest message.
  var options = BusOptions()
  let directory: String
  private var isMade = false
  /// Holding them here keeps a Ksock open until the test ends, even if the test does not mention it again.
  private var ksocks: [Ksock] = []

  private static let prefix = "kbus-conformance-"
  private static let parent = "/dev/shm"

  init() {
    directory = "\(Self.parent)/\(Self.prefix)\(getpid())-\(UUID().uuidString)"
    options.maxMessageSize = 409_600
  }

  deinit {
    for ksock in ksocks { ksock.close() }
    if isMade { try? FileManager.default.removeItem(atPath: directory) }
  }

  /// Makes the directory and bus 0 if they are not there yet.
  func make() throws {
    guard !isMade else { return }
    _ = Self.leftoversAreGone
    try FileManager.default.createDirectory(
      atPath: directory, withIntermediateDirectories: false, attributes: [.posixPermissions: 0o700])
    isMade = true
    try Bus.create(0, options: options, in: directory)
  }

  /// Makes one more bus, with the same options.
  func create(_ number: Int) throws {
    try make()
    try Bus.create(number, options: options, in: directory)
  }

  func open(_ mode: Ksock.Mode = .readWrite, bus: Int = 0) throws -> Ksock {
    try make()
    let ksock = try Ksock(bus: bus, in: directory, mode: mode)
    ksocks.append(ksock)
    return ksock
  }

  func two() throws -> (Ksock, Ksock) { (try open(), try open()) }

  func three() throws -> (Ksock, Ksock, Ksock) { (try open(), try open(), try open()) }

  func four() throws -> (Ksock, Ksock, Ksock, Ksock) { (try open(), try open(), try open(), try open()) }

  /// Fills the queue of a Ksock: a maximum of one message, and one message in it.
  func makeFull(_ ksock: Ksock) throws {
    try ksock.bind("$.Filler")
    try ksock.setMaxMessages(1)
    try ksock.announce("$.Filler")
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
