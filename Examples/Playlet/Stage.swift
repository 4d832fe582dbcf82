import Foundation
import KBUSShm

/// A fresh bus, so that ids begin at 1 whatever else goes on at this machine. Programs that want to meet others say `Ksock(bus: 0)`.
final class Stage {
  private let directory: String

  init() throws {
    directory = "/dev/shm/kbus-playlet-\(UUID().uuidString)"
    try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: false)
  }

  deinit { try? FileManager.default.removeItem(atPath: directory) }

  func open() throws(KBusError) -> Ksock { try Ksock(bus: 0, in: directory) }
}
