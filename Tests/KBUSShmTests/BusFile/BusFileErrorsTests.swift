import CShm
import Foundation
import KBUSShm
import Testing

@Suite("A bus that can't be opened or made says why and what to do") struct BusFileErrorsTests {
  @Test("no such bus: ENOENT, naming the number and how to make it", arguments: [1, 255, -1, 256, Int.max, Int.min])
  func noSuchBus(number: Int) throws {
    let bus = try TemporaryBus()
    let words = ["no bus \(number)", bus.directory, "kbus create"]
    expectFailure(.noSuchBus, errno: ENOENT, saying: words) { try Ksock(bus: number, in: bus.directory) }
    expectFailure(.noSuchBus, errno: ENOENT, saying: words) { try Bus.inspect(number, in: bus.directory) }
    expectFailure(.noSuchBus, errno: ENOENT, saying: words) { try Bus.remove(number, in: bus.directory) }
    #expect(try Bus.list(in: bus.directory) == [0], "trying makes no bus")
  }

  @Test("only bus 0 comes into being by being opened")
  func busZero() throws {
    let bus = try TemporaryBus(nil)
    expectFailure(.noSuchBus, errno: ENOENT) { try Ksock(bus: 1, in: bus.directory) }
    expectFailure(.noSuchBus, errno: ENOENT) { try Bus.inspect(0, in: bus.directory) }
    #expect(try Bus.list(in: bus.directory) == [])
    #expect(try Ksock(bus: 0, in: bus.directory).id == 1)
    #expect(try Bus.list(in: bus.directory) == [0])
  }

  @Test("a directory that is not there: ENOENT, naming it and KBUS_DIR")
  func noDirectory() throws {
    let bus = try TemporaryBus(nil)
    let directory = bus.directory + "/nowhere"
    let words = [directory, "does not exist", "KBUS_DIR"]
    expectFailure(.noDirectory, errno: ENOENT, saying: words) { try Ksock(bus: 0, in: directory) }
    expectFailure(.noDirectory, errno: ENOENT, saying: words) { try Ksock(bus: 3, in: directory) }
    expectFailure(.noDirectory, errno: ENOENT, saying: words) { try Bus.create(1, in: directory) }
    expectFailure(.noDirectory, errno: ENOENT, saying: words) { try Bus.list(in: directory) }
    expectFailure(.noDirectory, errno: ENOENT, saying: words) { try Bus.inspect(0, in: directory) }
  }

  @Test("a bus that exists is not made again: EEXIST, and it stays as it is")
  func busExists() throws {
    let bus = try TemporaryBus()
    let reader = try bus.open()
    try reader.bind("$.A")
    expectFailure(.busExists, errno: EEXIST, saying: [bus.path(), "kbus remove"]) { try Bus.create(0, in: bus.directory) }
    try bus.open().send(Announcement("$.A"))
    #expect(try reader.receive()?.name == "$.A")
  }

  @Test("buses are numbered from 0 to 255: EINVAL otherwise", arguments: [-1, 256, Int.max, Int.min])
  func tooManyBuses(number: Int) throws {
    let bus = try TemporaryBus(nil)
    expectFailure(.tooManyBuses, errno: EINVAL, saying: ["0 to 255", "\(number)"]) { try Bus.create(number, in: bus.directory) }
    #expect(try Bus.list(in: bus.directory) == [])
  }

  @Test("the last bus there can be is number 255, then there is no new one: EINVAL")
  func everyBus() throws {
    let bus = try TemporaryBus(nil)
    var tiny = BusOptions.small
    tiny.slots = [.init(bytes: 65_536, count: 1)]
    for number in 0...255 where number != 7 { try Bus.create(number, options: tiny, in: bus.directory) }
    let ksock = try bus.open()
    #expect(try ksock.newBus() == 7)
    #expect(try Bus.list(in: bus.directory) == Array(0...255))
    expectFailure(.tooManyBuses, errno: EINVAL, saying: ["256", "kbus remove"]) { try ksock.newBus() }
  }

  // Files that are no bus

  @Test("an empty file is not a bus: EINVAL")
  func emptyFile() throws {
    let bus = try TemporaryBus(nil)
    #expect(FileManager.default.createFile(atPath: bus.path(), contents: nil))
    expectNotABus(bus, "empty")
  }

  @Test("a file with other bytes is not a bus: EINVAL", arguments: [1, 7, 8, 4095, 4096, 100_000])
  func otherFile(bytes: Int) throws {
    let bus = try TemporaryBus(nil)
    let text = Data(repeating: UInt8(ascii: "x"), count: bytes)
    #expect(FileManager.default.createFile(atPath: bus.path(), contents: text))
    expectNotABus(bus, "does not begin as a bus")
    #expect(FileManager.default.contents(atPath: bus.path()) == text, "nobody wrote into it")
  }

  @Test("a symbolic link is not followed, even to a bus: EINVAL")
  func symbolicLink() throws {
    let bus = try TemporaryBus(nil), other = try TemporaryBus()
    #expect(unsafe symlink(other.path(), bus.path()) == 0)
    expectNotABus(bus, "symbolic link")
    expectFailure(.busExists, errno: EEXIST) { try Bus.create(0, in: bus.directory) }
  }

  @Test("a FIFO is not a bus: EINVAL, without waiting for its writer")
  func fifo() throws {
    let bus = try TemporaryBus(nil)
    #expect(unsafe mkfifo(bus.path(), 0o600) == 0)
    expectNotABus(bus, "not a regular file")
  }

  @Test("a directory of that name is a clear error")
  func directory() throws {
    let bus = try TemporaryBus(nil)
    try FileManager.default.createDirectory(atPath: bus.path(), withIntermediateDirectories: false)
    #expect {
      try bus.open()
    } throws: { error in
      "\(error)".contains(bus.path()) && "\(error)".lowercased().contains("directory")
    }
  }

  private func expectNotABus(_ bus: TemporaryBus, _ why: String, sourceLocation: SourceLocation = #_sourceLocation) {
    let words = [bus.path(), "not a bus", why]
    expectFailure(.notABus, errno: EINVAL, saying: words, sourceLocation: sourceLocation) { try bus.open() }
    expectFailure(.notABus, errno: EINVAL, saying: words, sourceLocation: sourceLocation) { try Bus.inspect(0, in: bus.directory) }
  }

  // Buses of others

  @Test("another layout: EPROTO, naming both versions", arguments: [0, 2, 9, UInt32.max])
  func wrongVersion(found: UInt32) throws {
    let bus = try TemporaryBus()
    try BusBytes(bus.path()).set(Int(CSHM_HEADER_LAYOUT_VERSION), found)
    expectFailure(
      .wrongVersion, errno: EPROTO, saying: ["found layout \(found), this program speaks 1", "kbus remove"]
    ) { try bus.open() }
  }

  @Test("another word size: EPROTO, saying so")
  func wrongFingerprint() throws {
    let bus = try TemporaryBus()
    let bytes = try BusBytes(bus.path()), at = Int(CSHM_HEADER_FINGERPRINT)
    try bytes.set(at, try bytes.word32(at) ^ 1)
    expectFailure(.wrongFingerprint, errno: EPROTO, saying: ["word size", "32- and 64-bit"]) { try bus.open() }
  }

  @Test("a version is told apart before the rest of the header is looked at")
  func versionFirst() throws {
    let bus = try TemporaryBus()
    let bytes = try BusBytes(bus.path())
    try bytes.set(Int(CSHM_HEADER_LAYOUT_VERSION), UInt32(9))
    try bytes.set(Int(CSHM_HEADER_FINGERPRINT), UInt64(0))
    try bytes.set(Int(CSHM_HEADER_MAX_KSOCKS), UInt32.max)
    expectFailure(.wrongVersion, errno: EPROTO) { try bus.open() }
  }

  @Test("a bus of another length than it should have: EUCLEAN, with both lengths")
  func truncated() throws {
    let bus = try TemporaryBus()
    let bytes = try BusBytes(bus.path())
    let whole = bytes.size()
    // From long to short, since what is cut off is lost.
    for length in [whole + 4096, whole + 1, whole - 1, whole - 4096, whole / 2, 4097, 4096, 4095, 100, 8] {
      try bytes.cut(to: length)
      let wanted = length < 4096 ? "the bus in it has" : "\(whole)"
      expectFailure(.truncated, errno: EUCLEAN, saying: ["\(length) bytes", wanted, "kbus remove"]) { try bus.open() }
    }
    try bytes.cut(to: 7)
    expectFailure(.notABus, errno: EINVAL) { try bus.open() }
  }

  @Test("a bus that is removed is gone for who comes later, and goes on for who has it open")
  func removed() throws {
    let bus = try TemporaryBus()
    let (one, two) = (try bus.open(), try bus.open())
    try one.bind("$.A")
    try Bus.remove(0, in: bus.directory)
    expectFailure(.noSuchBus, errno: ENOENT) { try Bus.inspect(0, in: bus.directory) }
    try Bus.create(0, options: .small, in: bus.directory)
    let other = try bus.open()
    try other.bind("$.A")
    try two.send(Announcement("$.A"))
    #expect(try one.receive() != nil)
    #expect(try other.receive() == nil, "the new bus is another one")
  }
}
