// What the sweeps share: a directory, a nursery, a scene, and where stores are noted.

import CSurvival
import KBUSShm

@safe final class SweepStage {
  let directory: Directory
  /// One for each role.
  private let nurseries: [Nursery]
  private let noted: UnsafeMutablePointer<csurvival_store>
  private static let room = 1 << 16

  /// Of processes that are there at once.
  enum Role: Int, CaseIterable {
    case victim
    /// Does its operation after another has been killed in its own.
    case repairer
    /// Dead when a victim begins.
    case peer
  }

  let scene: Scene

  init() throws {
    directory = try Directory()
    guard let memory = unsafe csurvival_shared(Self.room * MemoryLayout<csurvival_store>.stride) else { throw Failure("no memory") }
    let noted = unsafe memory.assumingMemoryBound(to: csurvival_store.self), file = directory.bus
    unsafe self.noted = noted
    // Before anything of a bus is open here.
    nurseries = Role.allCases.map { _ in
      Nursery { board in unsafe try Performance.run(board, stores: noted, room: Self.room, file: file) }
    }
    scene = try Scene(in: directory)
  }

  /// A process that is about to perform the operation.
  func victim(_ operation: Operation, _ mode: Mode, limit: UInt64 = 0, as role: Role = .victim) throws -> Victim {
    let victim = try nurseries[role.rawValue].start(operation: operation.rawValue, mode: mode.rawValue, limit: limit)
    try victim.waitUntilReady()
    if operation == .reap {
      // It leaves all that a close takes care of.
      let peer = try self.victim(.close, .vanish, as: .peer)
      peer.go()
      try expect(try peer.finish() == .killed, "the peer lives on")
    }
    try scene.play(operation)
    return victim
  }

  /// What the last victim stored.
  func stores(_ count: Int) throws -> [csurvival_store] {
    try expect(count <= Self.room, "\(count) stores are more than there is room for")
    return (0..<count).map { unsafe noted[$0] }
  }
}
