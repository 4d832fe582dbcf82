import CShm
import Foundation
import Glibc
import Testing

@testable import KBUSShm

@Suite("The fast descriptor", .timeLimit(.minutes(10))) struct FastDescriptorTests {
  private let bus: TemporaryBus
  private let (ksock, other): (Ksock, Ksock)
  private let fast: CInt

  init() throws {
    bus = try TemporaryBus()
    (ksock, other) = (try bus.open(), try bus.open())
    fast = try ksock.fastDescriptor()
    try ksock.bind("$.A")
  }

  private func isReadable(_ number: CInt) -> Bool {
    var descriptor = pollfd(fd: number, events: Int16(POLLIN), revents: 0)
    return unsafe Glibc.poll(&descriptor, 1, 0) == 1 && Int32(descriptor.revents) & POLLIN != 0
  }

  /// As a loop does when it is woken.
  private func takeAll(_ ksock: Ksock) throws -> Int {
    var count = 0
    while try ksock.receive() != nil { count += 1 }
    return count
  }

  private var fifos: [String] {
    get throws { try FileManager.default.contentsOfDirectory(atPath: bus.directory).filter { $0.contains(".fifo-") } }
  }

  @Test("it is readable from a send until a take finds nothing", arguments: [MessageFlags(), .urgent])
  func readable(flags: MessageFlags) throws {
    for _ in 0..<3 {
      #expect(!isReadable(fast))
      for _ in 0..<2 { try other.send(Announcement("$.A", flags: flags)) }
      #expect(isReadable(fast))
      #expect(try ksock.receive() != nil)
      #expect(isReadable(fast))
      #expect(try takeAll(ksock) == 1)
    }
    #expect(!isReadable(fast))
    try other.send(Announcement("$.A"))
    try ksock.unbind("$.A")
    #expect(!isReadable(fast), "an unbind that empties the queue")
    try bus.expectSound()
  }

  @Test("it is not rung for what comes before its loop has found nothing, and tells of that all the same")
  func notRungAgain() throws {
    for _ in 0..<3 {
      try other.send(Announcement("$.A"))
      #expect(try ksock.receive() != nil)
      let rung = ksock.record.rung
      try other.send(Announcement("$.A"))
      #expect(ksock.record.rung == rung)
      #expect(isReadable(fast))
      #expect(try takeAll(ksock) == 1)
      #expect(!isReadable(fast))
    }
  }

  @Test("a batch that found no more makes it unreadable, a full one does not")
  func batches() throws {
    for _ in 0..<3 { try other.send(Announcement("$.A")) }
    #expect(try ksock.take(upTo: 2).count == 2)
    #expect(isReadable(fast))
    #expect(try ksock.take(upTo: 2).count == 1)
    #expect(!isReadable(fast))
  }

  @Test("it is the same at each call, and readable at once if something is queued when it is made")
  func made() throws {
    #expect(try ksock.fastDescriptor() == fast)
    try other.bind("$.A")
    try ksock.send(Announcement("$.A"))
    #expect(isReadable(try other.fastDescriptor()))
    #expect(try takeAll(other) == 1)
    #expect(!isReadable(try other.fastDescriptor()))
  }

  @Test("it takes over from the full descriptor")
  func besidesTheFullOne() throws {
    let third = try bus.open(), full = try third.openDescriptor()
    defer {
      third.close()
      _ = close(full)
    }
    try third.bind("$.A")
    try other.send(Announcement("$.A"))
    #expect(isReadable(full))
    let fast = try third.fastDescriptor()
    #expect(isReadable(fast))
    #expect(try takeAll(third) == 1)
    #expect(!isReadable(fast))
    try other.send(Announcement("$.A"))
    #expect(isReadable(fast))
    try bus.expectSound()
  }

  @Test("one that is readable by mistake is so once: a sender was killed after it had rung")
  func mistake() throws {
    let path = bus.directory + "/" + (try #require(try fifos.first))
    let fifo = unsafe open(path, O_RDWR | O_NONBLOCK | O_CLOEXEC)
    defer { _ = close(fifo) }
    _ = unsafe write(fifo, "x", 1)
    #expect(isReadable(fast))
    #expect(try ksock.receive() == nil)
    #expect(!isReadable(fast))
  }

  @Test("after waiting calls of the owner it is as the queue is")
  func afterWaiting() throws {
    #expect(try ksock.receive(within: .milliseconds(1)) == nil)
    for _ in 0..<2 { try other.send(Announcement("$.A")) }
    #expect(try ksock.receive(within: .seconds(1)) != nil)
    #expect(isReadable(fast))
    #expect(try ksock.receive(within: .seconds(1)) != nil)
    #expect(try ksock.receive(within: .milliseconds(1)) == nil)
    #expect(!isReadable(fast))
  }

  @Test("it can be made while another thread is inside a waiting call")
  func madeMeanwhile() throws {
    let listener = try bus.open()
    try listener.bind("$.B")
    let ended = DispatchSemaphore(value: 0)
    let thread = Thread {
      _ = try? listener.receive(within: .seconds(60))
      ended.signal()
    }
    thread.start()
    while listener.record.sleepers == 0 { usleep(100) }
    let fast = try listener.fastDescriptor()
    try other.send(Announcement("$.B"))
    ended.wait()
    // The sender may have been slower than the thread: readable once with nothing there.
    #expect(try listener.receive() == nil)
    #expect(!isReadable(fast))
    try other.send(Announcement("$.B"))
    #expect(isReadable(fast))
    #expect(listener.record.inside == 0)
  }

  @Test("a sender rings more of them than it keeps descriptors for")
  func many() throws {
    let bus = try TemporaryBus(BusOptions())
    let sender = try bus.open(), listeners = try (0..<40).map { _ in try bus.open() }
    for round in 0..<2 {
      for ksock in listeners {
        if round == 0 { try ksock.bind("$.Many") }
        #expect(!isReadable(try ksock.fastDescriptor()))
      }
      try sender.send(Announcement("$.Many"))
      for ksock in listeners {
        #expect(isReadable(try ksock.fastDescriptor()))
        #expect(try takeAll(ksock) == 1)
      }
    }
  }

  @Test("its FIFO has the access bits of the bus, and goes with the Ksock, or with the bus")
  func fifo() throws {
    let path = bus.directory + "/" + (try #require(try fifos.first))
    var facts = stat()
    #expect(unsafe lstat(path, &facts) == 0)
    #expect(facts.st_mode & S_IFMT == S_IFIFO && facts.st_mode & 0o777 == 0o600)
    ksock.close()
    #expect(try fifos == [])
    _ = try other.fastDescriptor()
    #expect(try fifos.count == 1)
    try Bus.remove(0, in: bus.directory)
    #expect(try fifos == [])
  }

  @Test("a stranger's file in the place of the FIFO is not rung; the owner's helper rings")
  func stranger() throws {
    let path = bus.directory + "/" + (try #require(try fifos.first))
    try FileManager.default.removeItem(atPath: path)
    #expect(FileManager.default.createFile(atPath: path, contents: nil))
    try other.send(Announcement("$.A"))
    var descriptor = pollfd(fd: fast, events: Int16(POLLIN), revents: 0)
    #expect(unsafe Glibc.poll(&descriptor, 1, 30_000) == 1)
    #expect(FileManager.default.contents(atPath: path) == Data())
    #expect(try takeAll(ksock) == 1)
    #expect(!isReadable(fast))
  }

  @Test("a Ksock that only writes has none")
  func writeOnly() throws {
    let writer = try bus.open(.writeOnly)
    expectFailure(.readOnly, errno: EBADF) { _ = try writer.fastDescriptor() }
  }
}
