import Foundation
import Glibc
import KBUSShm

/// A bus in a directory of its own, which goes when the test does.
final class PrivateBus {
  let directory: String

  private static let parent = "/dev/shm"
  private static let prefix = "kbus-private-"

  /// Makes bus 0 with these options.
  init(_ options: BusOptions = BusOptions()) throws {
    _ = Self.leftoversAreGone
    directory = "\(Self.parent)/\(Self.prefix)\(getpid())-\(UUID().uuidString)"
    try FileManager.default.createDirectory(
      atPath: directory, withIntermediateDirectories: false, attributes: [.posixPermissions: 0o700])
    try Bus.create(0, options: options, in: directory)
  }

  deinit { try? FileManager.default.removeItem(atPath: directory) }

  /// A Ksock of the test itself.
  func open(_ mode: Ksock.Mode = .readWrite) throws(KBusError) -> Ksock { try Ksock(bus: 0, in: directory, mode: mode) }

  /// A process whose standard directory is this one.
  func peer() throws -> Peer { try Peer(directory: directory) }

  /// What the checker finds broken; empty if all is well.
  func violations() throws(KBusError) -> [Violation] { try Bus.check(0, in: directory) }

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
