// Nothing in shared memory is trusted: a damaged word gives a clear error or does no harm, and never a crash or a hang.
//
// Each word is damaged in a process of its own, forked for that one word, so a crash says which word it was. By default
// some records of each kind are damaged, each word in one of four ways, in turn; with KBUS_FLIPS=all every record, each
// word in all four ways.

import CShm
import Foundation
import Testing

@testable import KBUSShm

@Suite("A damaged bus is refused, or does no harm", .timeLimit(.minutes(10))) struct CorruptBusTests {
  private static let wantsAll = ProcessInfo.processInfo.environment["KBUS_FLIPS"] == "all"

  enum Region: String, Codable, CaseIterable, Sendable {
    case header, state, lockLine, ksocks, heldRecords, chunks, nodes, bindings, buckets, longNames, requests, slots, extensions

    /// The words of this region that say something.
    func words(_ bus: borrowing BusBytes, _ geometry: Geometry) throws -> [Word] {
      switch self {
      case .header: words(0, bytes: Int(CSHM_HEADER_SIZE))
      case .state: words(geometry.state, bytes: Int(CSHM_STATE_STAR_DEPTHS) + 32)
      // Not the word of the lock itself: it decides who may run at all, not what is found.
      case .lockLine: words(geometry.lockLine + CSHM_LOCK_LINE_SEQUENCE, bytes: CSHM_LOCK_LINE_SIZE - CSHM_LOCK_LINE_SEQUENCE)
      case .ksocks: try inUse(geometry.ksocks, bus)
      case .heldRecords: try inUse(geometry.held, bus)
      case .chunks: try inUse(geometry.chunks, bus, firstBytes: Int(CSHM_CHUNK_SIZE) + 6 * Int(CSHM_ENTRY_SIZE))
      case .nodes: try inUse(geometry.urgentNodes, bus) + inUse(geometry.setAsideNodes, bus)
      case .bindings: try inUse(geometry.bindings, bus, firstBytes: Int(CSHM_BINDING_NAME) + 8)
      case .buckets: try inUse(geometry.buckets, bus)
      case .longNames: try inUse(geometry.longNames, bus, firstBytes: 24)
      case .requests: try inUse(geometry.requests, bus)
      case .slots: try slots(bus, geometry)
      case .extensions: words(geometry.extensions.start, bytes: 64)
      }
    }

    private func words(_ start: Int, bytes: Int, record: Int = 0) -> [Word] {
      stride(from: 0, to: bytes, by: 4).map { Word(region: self, record: record, byte: $0, offset: start + $0) }
    }

    /// How many records of a kind are damaged.
    private static let mostRecords = wantsAll ? Int.max : 3

    /// The words of the first records that are not empty.
    private func inUse(_ region: Geometry.Region, _ bus: borrowing BusBytes, firstBytes: Int = .max) throws -> [Word] {
      var found: [Word] = []
      var records = 0
      for index in 0..<region.count where records < Self.mostRecords {
        let all = words(region.at(index), bytes: min(region.stride, firstBytes), record: index)
        var isEmpty = true
        for word in all where try bus.word32(word.offset) != 0 { isEmpty = false }
        if isEmpty { continue }
        found += all
        records += 1
      }
      return found
    }

    private func slots(_ bus: borrowing BusBytes, _ geometry: Geometry) throws -> [Word] {
      var found: [Word] = []
      for index in 0..<geometry.classes.count {
        found += try inUse(geometry.classes[index].headers, bus, firstBytes: Int(CSHM_SLOT_NAME) + 8)
      }
      return found
    }
  }

  /// A word of the file.
  struct Word: CustomStringConvertible {
    let region: Region
    let record: Int
    let byte: Int
    let offset: Int

    var description: String { "\(region.rawValue) \(record), byte \(byte)" }
  }

  /// One word and what becomes of it.
  private struct Flip: CustomStringConvertible {
    let word: Word
    let way: Int

    func damage(_ bus: borrowing BusBytes) throws {
      let found = try bus.word32(word.offset)
      try bus.set(word.offset, [found ^ 1, .max, found ^ 0x8000_0000, 0][way])
    }

    var description: String { "\(word): \(["lowest bit", "all ones", "highest bit", "zero"][way])" }
  }

  private static func flips(of region: Region, in directory: String) throws -> [Flip] {
    let geometry = try BusFile.open(0, in: directory, mayCreate: false).geometry
    let words = try region.words(BusBytes(Bus.path(0, in: directory)), geometry)
    return words.enumerated().flatMap { number, word in
      (wantsAll ? Array(0..<4) : [number % 4]).map { Flip(word: word, way: $0) }
    }
  }

  @Test("whatever word of a bus in use is damaged, no call crashes or hangs", arguments: Region.allCases)
  func damageInUse(region: Region) async throws {
    let bus = try TemporaryBus(nil)
    await #expect(processExitsWith: .success) {
      [directory = bus.directory as String, region = region as Region] in
      try Self.expectNoHarm(region, in: directory) { _ in
        0
      } then: { flip, busy, _ in
        try flip.damage(BusBytes(Bus.path(0, in: directory)))
        busy.useEverything()
        return .exited(0)
      }
    }
    reportFailures(bus)
  }

  @Test("whatever word of a bus is damaged, opening it is refused or works, and neither crashes nor hangs", arguments: Region.allCases)
  func damageBeforeOpening(region: Region) async throws {
    let bus = try TemporaryBus(nil)
    await #expect(processExitsWith: .success) {
      [directory = bus.directory as String, region = region as Region] in
      // Another process, that has nothing of the bus mapped yet, finds the damage.
      try Self.expectNoHarm(region, in: directory) { flip in
        do {
          try flip().damage(BusBytes(Bus.path(0, in: directory)))
          let ksock = try Ksock(bus: 0, in: directory)
          try ksock.bind("$.A")
          try ksock.send(Announcement("$.A", "x"))
          try ksock.send(Announcement(BusyBus.longName, "x"))
          _ = try ksock.receive()
          _ = try ksock.request("$.R", within: .microseconds(100))
        } catch {}
        return 0
      } then: { _, _, other in
        other.end()
      }
    }
    reportFailures(bus)
  }

  // What a dead holder of the lock leaves

  /// A journal as it should not be found: these words in it, and its number in the lock line.
  private struct WildJournal: CustomStringConvertible {
    let number: Int
    let phase: UInt64
    let place: UInt64
    var description: String { "journal \(number): phase \(phase), place \(place)" }

    /// Everything that can be wrong with a journal, one at a time, for a file of this size.
    static func all(fileBytes: Int) -> [WildJournal] {
      var all: [WildJournal] = []
      let end = UInt64(fileBytes)
      for number in [0, 1, 2, 9, Int(UInt32.max)] {
        // Slots, of which there are 54, whose holders were to be set.
        for phase in [0, 1, 54, 55, UInt64(UInt32.max)] { all.append(WildJournal(number: number, phase: phase, place: 0)) }
        for phase in [
          CSHM_COMMITTED, CSHM_COMMITTED | 1, CSHM_COMMITTED | 252, CSHM_COMMITTED | 253, CSHM_COMMITTED | 0xFFFF_FFFF,
          CSHM_COMMITTED << 1 | 2, .max,
        ] {
          all.append(WildJournal(number: number, phase: phase, place: 8192))
        }
        for place in [
          0, 1, 2, 3, 4095, 4096, 4097, 4099, 4104, 8192, end - 16, end - 7, end - 4, end, end + 4096, 1 << 40, 1 << 63, .max - 3, .max,
        ] {
          all.append(WildJournal(number: number, phase: CSHM_COMMITTED | 2, place: place))
        }
        // Runs: as long as can be, longer, of halves, beyond the log, beyond the file.
        for (words, place): (UInt64, UInt64) in [
          (5, 8192 | 3 * CSHM_RUN), (6, 8192 | 4 * CSHM_RUN), (3, 8193 | CSHM_RUN), (2, 8192 | 3 * CSHM_RUN),
          (5, (end - 32) | 3 * CSHM_RUN),
        ] {
          all.append(WildJournal(number: number, phase: CSHM_COMMITTED | words, place: place))
        }
      }
      return all
    }

    func write(to bus: borrowing BusBytes, _ geometry: Geometry) throws {
      let journal = number == 0 ? geometry.wideJournal : geometry.journals.at(min(number - 1, geometry.journals.count - 1))
      try bus.set(geometry.lockLine + CSHM_LOCK_LINE_JOURNAL, UInt32(number))
      try bus.set(journal + CSHM_JOURNAL_PHASE, phase)
      try bus.set(journal + CSHM_JOURNAL_SIZE, place)
      try bus.set(journal + CSHM_JOURNAL_SIZE + 8, UInt64.max)
    }
  }

  @Test("whatever journal a process leaves that dies holding the lock, who comes next neither crashes nor hangs")
  func wildJournals() async throws {
    let bus = try TemporaryBus(nil)
    await #expect(processExitsWith: .success) { [directory = bus.directory as String] in
      let path = Bus.path(0, in: directory)
      let geometry = try { () throws -> Geometry in
        try Bus.create(0, options: BusyBus.options, in: directory)
        return try BusFile.open(0, in: directory, mayCreate: false).geometry
      }()
      unsafe unlink(path)
      for journal in WildJournal.all(fileBytes: geometry.fileBytes) {
        // A holder that is killed leaves the lock, and what stands in the journal, to the next.
        try Self.expectNoHarm("\(journal)", in: directory) {
          do {
            let shared = try SharedBus.join(0, in: directory, mayCreate: false)
            try shared.lock("test")
            try journal.write(to: BusBytes(path), geometry)
          } catch {
            return 1
          }
          kill(getpid(), SIGKILL)
          return 0
        } then: { busy, holder in
          let end = holder.end()
          guard end == .signalled(SIGKILL) else { return end }
          busy.useEverything()
          return .exited(0)
        }
      }
    }
    reportFailures(bus)
  }

  @Test(
    "whatever the state of a bus whose lock's holder dies, who comes next neither crashes nor hangs",
    arguments: [
      Region.state, .lockLine, .ksocks, .bindings, .requests,
    ])
  func damageBeforeRecovery(region: Region) async throws {
    let bus = try TemporaryBus(nil)
    await #expect(processExitsWith: .success) { [directory = bus.directory as String, region = region as Region] in
      try Self.expectNoHarm(region, in: directory) { flip in
        do {
          let shared = try SharedBus.join(0, in: directory, mayCreate: false)
          try shared.lock("test")
          try flip().damage(BusBytes(Bus.path(0, in: directory)))
        } catch {
          return 1
        }
        kill(getpid(), SIGKILL)
        return 0
      } then: { _, busy, holder in
        let end = holder.end()
        guard end == .signalled(SIGKILL) else { return end }
        busy.useEverything()
        return .exited(0)
      }
    }
    reportFailures(bus)
  }

  // Running

  /// Damages each word of the region in turn, on a fresh bus in a process of its own. `other`: the body of one more process, which
  /// `body` lets go on. Each is given the same flip.
  private static func expectNoHarm(
    _ region: Region, in directory: String, _ other: (() throws -> Flip) -> CInt,
    then body: (Flip, BusyBus, consuming ForkedChild) throws -> ChildEnd
  ) throws {
    for number in 0..<(try count(of: region, in: directory)) {
      // With another seed of the name hashes two names may share a bucket: there are not always as many.
      func flip() throws -> Flip {
        let flips = try flips(of: region, in: directory)
        return flips[number % flips.count]
      }
      try expectNoHarm(region.rawValue, in: directory) {
        other(flip)
      } then: { busy, other in
        let flip = try flip()
        // Damage that ends the process is on record before.
        try Data("\(flip)".utf8).write(to: record(directory, "now"))
        return try body(flip, busy, other)
      }
    }
  }

  /// How many flips there are. Asked in a child: this process is to have no helper.
  private static func count(of region: Region, in directory: String) throws -> Int {
    let end = inForkedChild {
      do {
        let count = try withExtendedLifetime(try BusyBus(in: directory)) { try flips(of: region, in: directory).count }
        try Data("\(count)".utf8).write(to: record(directory, "count"))
        return 0
      } catch {
        return 1
      }
    }
    unsafe unlink(Bus.path(0, in: directory))
    let count = Int(try String(contentsOf: record(directory, "count"), encoding: .utf8)) ?? 0
    #expect(end == .exited(0) && count > 0)
    return count
  }

  /// Runs on a fresh bus in a process of its own, and records if that does not end well.
  private static func expectNoHarm(
    _ what: String, in directory: String, _ other: () -> CInt, then body: (BusyBus, consuming ForkedChild) throws -> ChildEnd
  ) throws {
    try Data(what.utf8).write(to: record(directory, "now"))
    let end = inForkedChild(alarmAfter: 60) {
      do {
        let other = ForkedChild(alarmAfter: 30, other)
        let end = try body(BusyBus(in: directory), other)
        if end != .exited(0) { try Data(": \(end) in".utf8).append(to: record(directory, "now")) }
        return end == .exited(0) ? 0 : 2
      } catch {
        return 1
      }
    }
    unsafe unlink(Bus.path(0, in: directory))
    guard end != .exited(0) else { return }
    try Data("\(String(contentsOf: record(directory, "now"), encoding: .utf8)): \(end)\n".utf8).append(to: record(directory, "failures"))
  }

  /// What a test process tells the one that runs the tests.
  private static func record(_ directory: String, _ name: String) -> URL { URL(fileURLWithPath: "\(directory)/\(name)") }

  private func reportFailures(_ bus: TemporaryBus) {
    let failures = (try? String(contentsOf: Self.record(bus.directory, "failures"), encoding: .utf8)) ?? ""
    for failure in failures.split(separator: "\n") { Issue.record("\(failure)") }
  }
}

extension Data {
  fileprivate func append(to file: URL) throws { try (((try? Data(contentsOf: file)) ?? Data()) + self).write(to: file) }
}
