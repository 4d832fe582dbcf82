import Foundation
import KBUSShm
import Testing

@Suite("The options of a bus") struct BusOptionsTests {
  @Test("options read as they stand on a command line, in both spellings and any order")
  func parse() throws {
    let text =
      "  --max-message-size 409600 --max-ksocks=2048\t--mode 0660\n--slots 64:10 --group=0 --slots=70000:3 --max-bindings 5 --max-requests 6 "
    let options = try BusOptions(parsing: text)
    #expect(options.maxMessageSize == 409_600)
    #expect(options.maxKsocks == 2048)
    #expect(options.maxBindings == 5)
    #expect(options.maxRequests == 6)
    #expect(options.mode == 0o660)
    #expect(options.group == 0)
    #expect(options.slots == [.init(bytes: 64, count: 10), .init(bytes: 70_000, count: 3)])
  }

  @Test("no options are the defaults: a 4K frame fits, and only the maker may enter", arguments: ["", "   ", "\n"])
  func defaults(text: String) throws {
    let options = try BusOptions(parsing: text)
    #expect(options.mode == 0o600)
    #expect(options.group == nil)
    #expect(options.slots.contains { $0.bytes >= 12_441_600 })
    #expect(options.maxKsocks >= 1001)
    #expect(options.maxBindings >= 10_000)
  }

  @Test("a group is a number or a name of this machine")
  func group() throws {
    #expect(try BusOptions(parsing: "--group 1234").group == 1234)
    #expect(try BusOptions(parsing: "--group root").group == 0)
  }

  struct Mistake: Sendable, CustomTestStringConvertible {
    let text: String
    let words: [String]
    init(_ text: String, _ words: String...) {
      self.text = text
      self.words = words
    }
    var testDescription: String { "\"\(text)\"" }
  }

  @Test(
    "options that are not understood: EINVAL, naming the word",
    arguments: [
      Mistake("--colour red", "--colour", "not an option"),
      Mistake("max-ksocks 4", "max-ksocks"),
      Mistake("4", "4"),
      Mistake("--max-ksocks", "--max-ksocks", "value"),
      Mistake("--max-ksocks=", "--max-ksocks", "value"),
      Mistake("--max-ksocks many", "--max-ksocks", "many"),
      Mistake("--max-ksocks 0x10", "--max-ksocks", "0x10"),
      Mistake("--max-ksocks -1", "--max-ksocks", "-1"),
      Mistake("--max-ksocks 1.5", "--max-ksocks", "1.5"),
      Mistake("--max-bindings 99999999999999999999999999", "--max-bindings"),
      Mistake("--max-requests 4294967296", "--max-requests"),
      Mistake("--max-message-size 1T", "--max-message-size", "1T"),
      Mistake("--mode 0668", "--mode", "0668"),
      Mistake("--mode 1777", "--mode"),
      Mistake("--mode rw-rw----", "--mode", "rw-rw----"),
      Mistake("--slots 4096", "4096", "BYTES:COUNT"),
      Mistake("--slots 4096:", "--slots"),
      Mistake("--slots :4", "--slots"),
      Mistake("--slots 4096:4:4", "--slots"),
      Mistake("--slots 0:4", "--slots"),
      Mistake("--slots 64:0", "--slots"),
      Mistake("--slots 64:99999999", "--slots"),
      Mistake("--group no.such.group", "no.such.group", "not a group"),
      Mistake("--group 4294967295", "--group"),
      Mistake("--max-ksocks 4 --group", "--group", "value"),
    ])
  func mistakes(_ mistake: Mistake) {
    expectFailure(.badOption, errno: EINVAL, saying: mistake.words + ["kbus create --help"]) { try BusOptions(parsing: mistake.text) }
  }

  @Test(
    "limits that no bus can have are refused when it is made, and nothing is left",
    arguments: [
      Mistake("--max-ksocks 0", "--max-ksocks", "0"),
      Mistake("--max-ksocks 65537", "--max-ksocks", "65536"),
      Mistake("--max-bindings 0", "--max-bindings"),
      Mistake("--max-bindings 1000001", "--max-bindings"),
      Mistake("--max-requests 0", "--max-requests"),
      Mistake("--max-requests 1000001", "--max-requests"),
      Mistake("--max-message-size 65663", "--max-message-size", "65664"),
      Mistake("--max-message-size 0", "--max-message-size", "65664"),
      Mistake("--slots 63:4", "--slots", "64"),
      Mistake("--slots 64:4 --slots 64:5", "--slots", "64"),
      Mistake(
        "--slots 64:1 --slots 65:1 --slots 66:1 --slots 67:1 --slots 68:1 --slots 69:1 --slots 70:1 --slots 71:1 --slots 72:1", "--slots"),
    ])
  func impossible(_ mistake: Mistake) throws {
    let bus = try TemporaryBus(nil)
    let options = try BusOptions(parsing: mistake.text)
    expectFailure(.badOption, errno: EINVAL, saying: mistake.words) { try Bus.create(0, options: options, in: bus.directory) }
    #expect(try FileManager.default.contentsOfDirectory(atPath: bus.directory).isEmpty)
  }

  @Test("a bus is made as its options say, and tells so")
  func made() throws {
    let bus = try TemporaryBus(nil)
    let text = "--max-message-size 409600 --max-ksocks 3 --max-bindings 7 --max-requests 2 --mode 0640 --slots 128:5 --slots 70000:2"
    try Bus.create(4, options: BusOptions(parsing: text), in: bus.directory)
    let made = try Bus.inspect(4, in: bus.directory)
    #expect(made.number == 4)
    #expect(made.path == bus.path(4))
    #expect(made.options.maxKsocks == 3)
    #expect(made.options.maxBindings == 7)
    #expect(made.options.maxRequests == 2)
    #expect(made.options.mode == 0o640)
    #expect(made.options.maxMessageSize == 409_600)
    #expect(made.maxMessageSize == 409_600)
    #expect(made.options.slots.starts(with: [.init(bytes: 128, count: 5), .init(bytes: 70_000, count: 2)]))
    // The smaller classes hold no message of 409600 bytes, so there is one that does.
    #expect(made.options.slots.last!.bytes >= 409_600 - 92 - 1004)
  }

  // KBUS_CREATE

  @Test("a bus made by being opened has the options of KBUS_CREATE and is in KBUS_DIR", .timeLimit(.minutes(10)))
  func environment() async throws {
    let bus = try TemporaryBus(nil)
    await #expect(processExitsWith: .success) { [directory = bus.directory as String] in
      unsafe setenv("KBUS_DIR", directory, 1)
      unsafe setenv("KBUS_CREATE", "--max-message-size 409600 --max-ksocks 5 --slots 256:8", 1)
      #expect(Bus.directory == directory)
      let ksock = try Ksock()
      #expect(try ksock.absoluteMaxMessageSize() == 409_600)
    }
    let made = try Bus.inspect(0, in: bus.directory)
    #expect(made.options.maxKsocks == 5)
    #expect(made.options.slots.first == .init(bytes: 256, count: 8))
  }

  @Test("KBUS_CREATE with a mistake makes no bus: EINVAL, naming the word", .timeLimit(.minutes(10)))
  func badEnvironment() async throws {
    let bus = try TemporaryBus(nil)
    await #expect(processExitsWith: .success) { [directory = bus.directory as String] in
      unsafe setenv("KBUS_CREATE", "--max-ksocks plenty", 1)
      expectFailure(.badOption, errno: EINVAL, saying: ["--max-ksocks", "plenty"]) { try Ksock(bus: 0, in: directory) }
    }
    #expect(try FileManager.default.contentsOfDirectory(atPath: bus.directory).isEmpty)
  }

  @Test("KBUS_CREATE changes nothing about a bus that exists", .timeLimit(.minutes(10)))
  func environmentTooLate() async throws {
    let bus = try TemporaryBus()
    await #expect(processExitsWith: .success) { [directory = bus.directory as String] in
      unsafe setenv("KBUS_CREATE", "--max-ksocks plenty", 1)
      _ = try Ksock(bus: 0, in: directory)
    }
    #expect(try Bus.inspect(0, in: bus.directory).options.maxKsocks == BusOptions.small.maxKsocks)
  }

  @Test("with an empty KBUS_DIR, or none, buses are in /dev/shm", .timeLimit(.minutes(10)))
  func standardDirectory() async {
    await #expect(processExitsWith: .success) {
      unsafe unsetenv("KBUS_DIR")
      #expect(Bus.directory == "/dev/shm")
      #expect(Bus.path(12) == "/dev/shm/kbus12")
      unsafe setenv("KBUS_DIR", "", 1)
      #expect(Bus.directory == "/dev/shm")
    }
  }
}
