// What the command line tool promises to shells and scripts: output, exit status, and a good end in every case.

import Foundation
import Glibc
import KBUSShm
import Testing

@Suite(.timeLimit(.minutes(10))) struct CommandLineTests {
  let bus: ToolBus

  init() throws { bus = try ToolBus() }

  // MARK: Help and usage

  @Test("--help names every subcommand and every exit status") func help() throws {
    let ending = try bus.start("--help").end()
    #expect(ending.status == 0)
    for word in [
      "create", "list", "remove", "send", "request", "reply", "listen", "bindings", "stats", "check", "repair", "errno", "EXIT STATUS",
      "\n  0 ", "\n  1 ", "\n  2 ", "\n  3 ", "\n  64 ", "KBUS_DIR", "KBUS_CREATE",
    ] {
      #expect(ending.text.contains(word), "\(word)")
    }
  }

  @Test("--version prints the version") func version() throws {
    #expect(try bus.start("--version").end().text == "0.1.0\n")
  }

  @Test(
    "a wrong command line ends with 64 and shows the usage",
    arguments: [
      ["frobnicate"], ["send"], ["send", "$.a", "text", "--file", "also"], ["listen"],
      ["listen", "$.a", "--count", "0"],
      ["request", "$.a", "--within", "soon"], ["request", "$.a", "--within", "-1"],
      ["request", "$.a", "--raw", "--json"],
      ["remove"], ["errno"], ["errno", "EPIPE", "--list"], ["create", "1", "--mode", "999"],
      ["create", "1", "--max-ksocks", "lots"], ["create", "1", "--group", "a b"], ["create", "1", "--slots", "100"],
    ])
  func wrongUsage(_ arguments: [String]) throws {
    let ending = try bus.start(arguments: arguments).end()
    #expect(ending.status == 64)
    #expect(ending.output.isEmpty)
    #expect(!ending.errors.isEmpty)
    #expect(try Bus.list(in: bus.directory).isEmpty)
  }

  // MARK: Buses

  @Test("create makes buses with the options given, and list shows them") func createAndList() throws {
    let created = try bus.start(
      "create", "1", "3", "--max-message-size", "70000", "--max-ksocks", "7", "--max-bindings", "21", "--max-requests",
      "19", "--slots", "300:5", "--slots", "80000:2", "--mode", "0640", "--group", "\(getgid())"
    ).end()
    #expect(created.status == 0)
    #expect(created.errors.isEmpty)
    for number in [1, 3] {
      let made = try Bus.inspect(number, in: bus.directory)
      #expect(created.text.contains("bus \(number): \(made.path), \(made.bytes) bytes, mode 0640\n"))
      #expect(made.maxMessageSize == 70000)
      #expect(made.options.maxKsocks == 7)
      #expect(made.options.maxBindings == 21)
      #expect(made.options.maxRequests == 19)
      #expect(made.options.slots.map(\.bytes) == [300, 80000])
      #expect(made.options.slots.map(\.count) == [5, 2])
      let attributes = try FileManager.default.attributesOfItem(atPath: made.path)
      #expect(attributes[.posixPermissions] as? Int == 0o640)
    }
    let ksock = try bus.open(3)
    try ksock.bind("$.Here")
    let listed = try bus.start("list").end()
    #expect(listed.status == 0)
    let rows = listed.text.split(separator: "\n").map { $0.split(separator: " ").map(String.init) }
    #expect(rows.count == 3)
    #expect(rows[0][0] == "#")
    let bytes = try Bus.inspect(1, in: bus.directory).bytes
    #expect(rows[1] == ["1", "\(bytes)", "70000", "0/7", "0/21", "19", "0640", Bus.path(1, in: bus.directory)])
    #expect(rows[2] == ["3", "\(bytes)", "70000", "1/7", "1/21", "19", "0640", Bus.path(3, in: bus.directory)])
    ksock.close()
  }

  @Test("create takes what the command line leaves open from KBUS_CREATE") func environment() throws {
    let variables = ["KBUS_CREATE": "--max-ksocks 5 --max-message-size 80000 --slots 80000:3"]
    #expect(try bus.start("create", "--max-ksocks", "9", environment: variables).end().status == 0)
    let made = try Bus.inspect(0, in: bus.directory)
    #expect(made.options.maxKsocks == 9)
    #expect(made.maxMessageSize == 80000)
    #expect(made.options.slots.map(\.bytes) == [80000])
    #expect(try bus.start("create", "1", environment: ["KBUS_CREATE": "--wrong 1"]).end().status == 64)
  }

  @Test("create goes on after a bus that there is already, and ends with 1") func createExisting() throws {
    #expect(try bus.start("create", "--bus", "2").end().status == 0)
    let ending = try bus.start("create", "2", "4").end()
    #expect(ending.status == 1)
    #expect(ending.errors.hasPrefix("kbus: "))
    #expect(ending.errors.contains("EEXIST"))
    #expect(ending.text.contains("bus 4: "))
    #expect(try Bus.list(in: bus.directory).sorted() == [2, 4])
  }

  @Test("remove removes, and says so of a bus that is not there") func remove() throws {
    #expect(try bus.start("create", "0", "1", "2").end().status == 0)
    let ending = try bus.start("remove", "1", "7", "2").end()
    #expect(ending.status == 1)
    #expect(ending.errors.contains("ENOENT"))
    #expect(try Bus.list(in: bus.directory) == [0])
    #expect(try bus.start("remove", "0").end().status == 0)
    #expect(try bus.start("list").end().text.split(separator: "\n").count == 1)
  }

  @Test("commands on a bus that is not there end with 1 and a sentence", arguments: ["send", "request", "listen"])
  func noSuchBus(command: String) throws {
    let ending = try bus.start(command, "--bus", "9", "$.a").end()
    #expect(ending.status == 1)
    #expect(ending.errors.hasPrefix("kbus: "))
    #expect(ending.errors.contains("ENOENT"))
  }

  // MARK: Listings

  @Test("bindings lists as /proc/kbus/bindings did, one heading for each bus") func bindings() throws {
    #expect(try bus.start("create", "0", "1").end().status == 0)
    let zero = try bus.open()
    let one = try bus.open(1)
    try zero.bind("$.Fred", as: .replier)
    try zero.bind("$.Jim.*")
    try one.bind("$.Other.%")
    let heading = "# <device> is bound to <Ksock-ID> in <process-PID> as <Replier|Listener> for <message-name>"
    func line(_ number: Int, _ ksock: UInt32, _ kind: String, _ name: String) -> String {
      "\(Self.pad(number, 3)): \(Self.pad(ksock, 8)) \(Self.pad(getpid(), 8))  \(kind)  \(name)"
    }
    let lines0 = [heading, line(0, zero.id, "L", "$.Jim.*"), line(0, zero.id, "R", "$.Fred")]
    let lines1 = [heading, line(1, one.id, "L", "$.Other.%")]
    #expect(try bus.start("bindings").end().text == (lines0 + [""]).joined(separator: "\n"))
    #expect(try bus.start("bindings", "--bus", "1").end().text == (lines1 + [""]).joined(separator: "\n"))
    #expect(try bus.start("bindings", "--all").end().text == (lines0 + lines1 + [""]).joined(separator: "\n"))
    zero.close()
    one.close()
  }

  @Test("stats lists as /proc/kbus/stats did, three lines for each Ksock") func stats() throws {
    let ksock = try bus.open()
    try ksock.setMaxMessages(7)
    try ksock.bind("$.Self")
    let id = try ksock.send(Announcement("$.Self"))
    let ending = try bus.start("stats").end()
    #expect(ending.status == 0)
    let lines = ending.text.split(separator: "\n")
    try #require(lines.count == 5)
    #expect(lines[0].hasPrefix("dev  0: next ksock "))
    #expect(lines[0].hasSuffix(" unsent unbindings 0"))
    #expect(lines[1] == "    ksock \(ksock.id) last msg 0:\(id.serial) queue 1 of 7")
    #expect(lines[2].hasPrefix("      read byte 0 of 0, wrote byte "))
    #expect(lines[3].hasPrefix("      outstanding requests 0 (size "))
    #expect(lines[4].hasPrefix("# reaps 0, recoveries 0, lock stalls "))
    ksock.close()
  }

  @Test("stats --json is one object for each bus, with the counters of deaths and each Ksock") func statsJSON() throws {
    let ksock = try bus.open()
    try Bus.create(3, in: bus.directory)
    let ending = try bus.start("stats", "--json", "--all").end()
    let lines = ending.text.split(separator: "\n")
    try #require(lines.count == 2)
    let objects = try lines.map { try #require(JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any]) }
    #expect(objects.map { $0["bus"] as? Int } == [0, 3])
    for key in ["reaps", "recoveries", "lock_stalls", "pool_exhaustions", "set_aside"] { #expect(objects[0][key] as? Int == 0, "\(key)") }
    #expect(objects[0]["tragic"] as? Bool == false)
    #expect(["helper", "reaper"].contains(objects[0]["watcher"] as? String))
    // A reaper looks after all buses of the directory, used or not.
    #expect(["nobody", "reaper"].contains(objects[1]["watcher"] as? String))
    let ksocks = try #require(objects[0]["ksocks"] as? [[String: Any]])
    #expect(ksocks.map { $0["id"] as? Int } == [Int(ksock.id)] && ksocks[0]["pid"] as? Int32 == getpid())
    ksock.close()
  }

  // MARK: errno

  @Test("errno explains names and numbers, and what KBUS means") func errnoMeanings() throws {
    let number = try bus.start("errno", "32").end()
    #expect(number.text.hasPrefix("Error 32 (0x20) is EPIPE: Broken pipe\n\nKBUS:\n"))
    let name = try bus.start("errno", "EPIPE").end()
    #expect(name.text.hasPrefix("EPIPE is error 32 (0x20): Broken pipe\n\nKBUS:\n"))
    #expect(name.text.contains("anotherReplier"))
    #expect(
      try bus.start("errno", "ENOTTY").end().text == "ENOTTY is error 25 (0x19): Inappropriate ioctl for device\n")
    #expect(try bus.start("errno", "EWOULDBLOCK").end().text.hasPrefix("EWOULDBLOCK is error 11 (0xb): "))
    for (argument, sentence) in [
      ("4321", "Unrecognised error code number 4321"), ("EVIL", "Unrecognised error code mnemonic EVIL"),
    ] {
      let unknown = try bus.start("errno", argument).end()
      #expect(unknown.status == 1)
      #expect(unknown.errors == "kbus: \(sentence)\n")
    }
  }

  @Test(
    "every errno of the specification has a KBUS meaning",
    arguments: [
      "EADDRINUSE", "EADDRNOTAVAIL", "EAGAIN", "EALREADY", "EBADMSG", "EBUSY", "ECONNREFUSED", "EFAULT", "EINVAL",
      "EMSGSIZE", "ENAMETOOLONG", "ENOENT", "ENOLCK", "ENOMEM", "ENOMSG", "EPIPE",
    ])
  func errnoOfKBUS(symbol: String) throws {
    #expect(try bus.start("errno", symbol).end().text.contains("\n\nKBUS:\n  "))
  }

  @Test("errno --list has a line for each errno") func errnoList() throws {
    let lines = try bus.start("errno", "--list").end().text.split(separator: "\n")
    #expect(lines.count > 100)
    #expect(lines.contains("  1: EPERM                Operation not permitted"))
    #expect(lines.contains(" 32: EPIPE                Broken pipe"))
  }

  private static func pad(_ number: some BinaryInteger, _ width: Int) -> String {
    let digits = String(number)
    return String(repeating: " ", count: max(0, width - digits.count)) + digits
  }
}
