import Foundation
import KBUSShm
import Testing

// Permission does not bind root, so as root these tests become another user first, in a process of their own. As
// anybody else they make a bus that denies its owner.
@Suite("Who may use a bus", .timeLimit(.minutes(10))) struct PermissionTests {
  static let isRoot = geteuid() == 0

  @Test("without permission: EACCES, naming owner and mode, and how to make a bus for a group")
  func denied() async throws {
    var options = BusOptions.small
    options.mode = Self.isRoot ? 0o600 : 0o060
    let bus = try TemporaryBus(options)
    #expect(unsafe chmod(bus.directory, 0o755) == 0)
    let mode = Self.isRoot ? "mode 0600" : "mode 060"
    await #expect(processExitsWith: .success) {
      [directory = bus.directory as String, mode = mode as String, owner = geteuid() as UInt32, group = getegid() as UInt32] in
      becomeNobody()
      let words = [
        Bus.path(0, in: directory), "user \(owner)", "group \(group)", mode, "this is user \(geteuid())",
        "kbus create --group",
      ]
      expectFailure(.noPermission, errno: EACCES, saying: words) { try Ksock(bus: 0, in: directory) }
      expectFailure(.noPermission, errno: EACCES, saying: words) { try Bus.inspect(0, in: directory) }
    }
  }

  @Test("a directory where one may not write: EACCES, naming the user")
  func mayNotCreate() async throws {
    let bus = try TemporaryBus(nil)
    #expect(unsafe chmod(bus.directory, Self.isRoot ? 0o755 : 0o555) == 0)
    await #expect(processExitsWith: .success) { [directory = bus.directory as String] in
      becomeNobody()
      for number in 0...1 {
        let words = ["user \(geteuid())", Bus.path(number, in: directory)]
        expectFailure(.noPermission, errno: EACCES, saying: words) { try Bus.create(number, in: directory) }
      }
      expectFailure(.noPermission, errno: EACCES) { try Ksock(bus: 0, in: directory) }
    }
    #expect(unsafe chmod(bus.directory, 0o700) == 0)
  }

  @Test("a bus that is not yours can't be removed: EACCES", .enabled(if: isRoot, "needs another user: run as root"))
  func mayNotRemove() async throws {
    let bus = try TemporaryBus()
    #expect(unsafe chmod(bus.directory, 0o755) == 0)
    await #expect(processExitsWith: .success) { [directory = bus.directory as String] in
      becomeNobody()
      expectFailure(.noPermission, errno: EACCES) { try Bus.remove(0, in: directory) }
    }
    #expect(try Bus.list(in: bus.directory) == [0])
  }

  @Test("a bus made for a group is open to its members, whatever the umask", .enabled(if: isRoot, "needs another user: run as root"))
  func group() async throws {
    let bus = try TemporaryBus(nil)
    #expect(unsafe chmod(bus.directory, 0o755) == 0)
    await #expect(processExitsWith: .success) { [directory = bus.directory as String] in
      umask(0o077)
      try Bus.create(0, options: BusOptions(parsing: "--group 4321 --mode 0660"), in: directory)
    }
    let listener = try bus.open()
    try listener.bind("$.A")
    await #expect(processExitsWith: .success) { [directory = bus.directory as String] in
      becomeNobody(inGroup: 4321)
      try Ksock(bus: 0, in: directory).send(Announcement("$.A", "from a member"))
    }
    #expect(try listener.receive()?.text == "from a member")
    await #expect(processExitsWith: .success) { [directory = bus.directory as String] in
      becomeNobody(inGroup: 4322)
      expectFailure(.noPermission, errno: EACCES, saying: ["group 4321", "mode 0660"]) { try Ksock(bus: 0, in: directory) }
    }
  }
}

/// Gives up root's rights for those of nobody; anybody else stays who he is.
private func becomeNobody(inGroup group: gid_t = 65534) {
  guard geteuid() == 0 else { return }
  var groups = [group]
  #expect(unsafe setgroups(1, &groups) == 0)
  #expect(setgid(65534) == 0)
  #expect(setuid(65534) == 0)
  #expect(geteuid() == 65534)
}
