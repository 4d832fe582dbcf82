// A directory for the bus files of one test, under /dev/shm and gone when the test is.

import Foundation
import KBUSShm
import Testing

/// A private directory, with bus 0 in it unless a test makes its own.
final class TemporaryBus: Sendable {
  let directory: String

  private static let parent = "/dev/shm"
  private static let prefix = "kbus-unit-"

  /// Makes the directory, and bus 0 with these options; nil leaves it empty.
  init(_ options: BusOptions? = .small) throws {
    _ = Self.leftoversAreGone
    directory = "\(Self.parent)/\(Self.prefix)\(getpid())-\(UUID().uuidString)"
    try FileManager.default.createDirectory(
      atPath: directory, withIntermediateDirectories: false, attributes: [.posixPermissions: 0o700])
    if let options { try Bus.create(0, options: options, in: directory) }
  }

  deinit { try? FileManager.default.removeItem(atPath: directory) }

  func open(_ mode: Ksock.Mode = .readWrite) throws -> Ksock { try Ksock(bus: 0, in: directory, mode: mode) }

  /// The file of a bus.
  func path(_ number: Int = 0) -> String { Bus.path(number, in: directory) }

  /// Every invariant of bus 0 holds.
  func expectSound(sourceLocation: SourceLocation = #_sourceLocation) throws {
    let violations = try Bus.check(0, in: directory)
    #expect(violations.isEmpty, "\(violations)", sourceLocation: sourceLocation)
  }

  /// Waits until `condition` holds.
  func eventually(_ what: String, _ condition: () throws -> Bool) throws {
    let deadline = ContinuousClock.now + .seconds(60)
    while !(try condition()) {
      try #require(ContinuousClock.now < deadline, "waited in vain for \(what)")
      usleep(5000)
    }
  }

  /// Directories of test runs that were killed, removed once in each run.
  private static let leftoversAreGone: Void = {
    for entry in (try? FileManager.default.contentsOfDirectory(atPath: parent)) ?? [] where entry.hasPrefix(prefix) {
      let owner = entry.dropFirst(prefix.count).prefix { $0 != "-" }
      guard let pid = pid_t(owner), kill(pid, 0) != 0, errno == ESRCH else { continue }
      try? FileManager.default.removeItem(atPath: "\(parent)/\(entry)")
    }
  }()
}

extension BusOptions {
  /// A bus that is made quickly and soon used up.
  static var small: BusOptions {
    var options = BusOptions()
    options.maxKsocks = 16
    options.maxBindings = 128
    options.maxRequests = 64
    options.slots = [
      SlotClass(bytes: 256, count: 64), SlotClass(bytes: 4096, count: 16), SlotClass(bytes: 65_536, count: 4),
      SlotClass(bytes: 1 << 20, count: 4),
    ]
    return options
  }
}
