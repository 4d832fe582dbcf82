import Foundation
import Testing

@testable import KBUSShm

// On a tmpfs of 8 MB, mounted in a mount namespace of a child process: it goes when the child does, however that ends.
@Suite(
  "When the file system of a bus is full", .timeLimit(.minutes(10)),
  .enabled(if: SmallTmpfs.canBeMounted, "needs the right to mount a tmpfs (CAP_SYS_ADMIN)"))
struct SpaceTests {
  @Test("a bus too large for it is not made: ENOSPC, naming the 64 MB of a container and --shm-size, and nothing is left")
  func creation() async throws {
    let bus = try TemporaryBus(nil)
    await #expect(processExitsWith: .success) { [directory = bus.directory as String] in
      let tmpfs = try SmallTmpfs(at: directory)
      let before = tmpfs.spaceLeft
      let words = [Bus.path(0, in: directory), "64 MB", "--shm-size", "\(before)"]
      expectFailure(.noSpace, errno: ENOSPC, saying: words) { try Bus.create(0, in: directory) }
      expectFailure(.noSpace, errno: ENOSPC, saying: words) { try Ksock(bus: 0, in: directory) }
      #expect(try Bus.list(in: directory) == [])
      #expect(tmpfs.spaceLeft == before)
      #expect(try Bus.create(0, options: .small, in: directory) == (), "a smaller one fits")
    }
  }

  @Test("a bus reserves all it needs to work when it is made: a file system full to the last byte does not disturb it")
  func reserved() async throws {
    let bus = try TemporaryBus(nil)
    await #expect(processExitsWith: .success) { [directory = bus.directory as String] in
      let tmpfs = try SmallTmpfs(at: directory)
      try Bus.create(0, options: .small, in: directory)
      try tmpfs.fill()
      #expect(tmpfs.spaceLeft == 0)
      // Every Ksock, every binding, every request and every slot of the small classes, all on pages not touched before.
      let ksocks = try (0..<BusOptions.small.maxKsocks).map { _ in try Ksock(bus: 0, in: directory) }
      for (number, ksock) in ksocks.enumerated() {
        try ksock.bind("$.Service.\(number)", as: .replier)
        for child in 0..<7 { try ksock.bind("$.Topic.\(number).\(child).%") }
      }
      for number in 0..<64 {
        let to = ksocks[number % ksocks.count]
        try ksocks[(number + 1) % ksocks.count].send(Request("$.Service.\(number % ksocks.count)", Array(repeating: 1, count: 250)))
        #expect(try to.numberOfMessages() > 0)
      }
      for number in 0..<16 { try ksocks[0].send(Announcement("$.Topic.1.2.\(number)", Array(repeating: 2, count: 4096))) }
      for ksock in ksocks {
        while let message = try ksock.receive() { if message.wantsUsToReply { try ksock.send(Reply(to: message, "yes")) } }
      }
      for ksock in ksocks { while let reply = try ksock.receive() { #expect(reply.text == "yes") } }
      #expect(try Bus.check(0, in: directory).isEmpty)
    }
  }

  @Test("a large slot for which there is no memory is ENOSPC, not SIGBUS; the bus goes on, and works for large ones once there is space")
  func firstUse() async throws {
    let bus = try TemporaryBus(nil)
    await #expect(processExitsWith: .success) { [directory = bus.directory as String] in
      // Whoever starts a reaper has, for a moment, a copy of every open file: the filler's memory would come back late.
      unsafe setenv("KBUS_REAPER", "", 1)
      let tmpfs = try SmallTmpfs(at: directory)
      try Bus.create(0, options: .small, in: directory)
      let sender = try Ksock(bus: 0, in: directory), listener = try Ksock(bus: 0, in: directory)
      try listener.bind("$.Frame")
      let frame = [UInt8](repeating: 7, count: 1 << 20)

      // One large slot is used while there is space, and can be used again when there is none.
      try sender.send(Announcement("$.Frame", frame))
      #expect(try listener.receive()?.data == frame)
      try tmpfs.fill()
      try sender.send(Announcement("$.Frame", frame))
      guard let held = try listener.take() else {
        Issue.record("nothing was delivered")
        return
      }

      let words = ["\(Bus.path(0, in: directory))", "64 MB", "--shm-size", " 0 left"]
      for _ in 0..<3 {
        expectFailure(.noSpace, errno: ENOSPC, saying: words) { try sender.send(Announcement("$.Frame", frame)) }
        expectFailure(.noSpace, errno: ENOSPC, saying: words) { try sender.loan(Announcement("$.Frame"), bytes: 60_000) }
      }
      #expect(try listener.receive() == nil, "who can't send has sent nothing")
      try sender.send(Announcement("$.Frame", "small"))
      #expect(try listener.receive()?.text == "small")
      let count = held.count
      #expect(count == frame.count)

      try tmpfs.empty()
      for _ in 0..<3 { try sender.send(Announcement("$.Frame", frame)) }
      for _ in 0..<3 { #expect(try listener.receive()?.data == frame) }
      held.release()
      #expect(try Bus.check(0, in: directory).isEmpty)
    }
  }

  @Test("pages that a large slot has given back may be gone when it is used again: ENOSPC, not SIGBUS, for a Ksock that had the slot too")
  func givenBack() async throws {
    let bus = try TemporaryBus(nil)
    await #expect(processExitsWith: .success) { [directory = bus.directory as String] in
      unsafe setenv("KBUS_REAPER", "", 1)
      let tmpfs = try SmallTmpfs(at: directory)
      try Bus.create(0, options: .small, in: directory)
      let before = tmpfs.spaceLeft, watching = try Watching(directory)
      let sender = try Ksock(bus: 0, in: directory), listener = try Ksock(bus: 0, in: directory)
      try listener.bind("$.Frame")
      let frame = [UInt8](repeating: 7, count: 1 << 20)
      for _ in 0..<3 { try sender.send(Announcement("$.Frame", frame)) }
      for _ in 0..<3 { #expect(try listener.receive()?.data == frame) }
      #expect(before - tmpfs.spaceLeft > 3 << 20)

      watching.giveBackAll()
      #expect(before - tmpfs.spaceLeft < 1 << 20)
      try tmpfs.fill()
      let words = ["\(Bus.path(0, in: directory))", "64 MB", "--shm-size", " 0 left"]
      for ksock in [sender, sender, listener] {
        expectFailure(.noSpace, errno: ENOSPC, saying: words) { try ksock.send(Announcement("$.Frame", frame)) }
      }
      #expect(try listener.receive() == nil)
      try sender.send(Announcement("$.Frame", "small"))
      #expect(try listener.receive()?.text == "small")

      try tmpfs.empty()
      for _ in 0..<3 { try sender.send(Announcement("$.Frame", frame)) }
      for _ in 0..<3 { #expect(try listener.receive()?.data == frame) }
      #expect(try Bus.check(0, in: directory).isEmpty)
      watching.end()
    }
  }
}

/// A tmpfs of 8 MB over a directory, in a mount namespace of this thread alone.
private struct SmallTmpfs {
  let directory: String
  private var filler: String { directory + "/filler" }

  struct Failed: Error {
    let errno: CInt
  }

  /// Whether this process has CAP_SYS_ADMIN.
  static let canBeMounted: Bool = {
    let status = (try? String(contentsOfFile: "/proc/self/status", encoding: .utf8)) ?? ""
    guard let line = status.split(separator: "\n").first(where: { $0.hasPrefix("CapEff:") }),
      let capabilities = line.split(separator: "\t").last.flatMap({ UInt64($0, radix: 16) })
    else { return false }
    return capabilities & 1 << 21 != 0
  }()

  init(at directory: String) throws {
    self.directory = directory
    // unshare(2) is not among what Swift imports.
    let unshare = unsafe unsafeBitCast(dlsym(nil, "unshare")!, to: (@convention(c) (CInt) -> CInt).self)
    let newMounts: CInt = 0x0002_0000
    guard unshare(newMounts) == 0,
      // Nothing that we mount is to be seen outside.
      unsafe mount("none", "/", nil, UInt(MS_REC | MS_PRIVATE), nil) == 0,
      unsafe mount("tmpfs", directory, "tmpfs", 0, "size=8m") == 0
    else { throw Failed(errno: errno) }
  }

  var spaceLeft: Int {
    var facts = statvfs()
    return unsafe statvfs(directory, &facts) == 0 ? Int(facts.f_bavail * facts.f_frsize) : -1
  }

  /// Leaves not one page free.
  func fill() throws {
    let file = unsafe open(filler, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
    guard file >= 0 else { throw Failed(errno: errno) }
    defer { close(file) }
    let page = [UInt8](repeating: 0xFF, count: 4096)
    while unsafe write(file, page, page.count) > 0 {}
  }

  /// Gives back what `fill` took.
  func empty() throws {
    guard unsafe unlink(filler) == 0 else { throw Failed(errno: errno) }
  }
}
