import CShm
import Glibc
import Testing

@testable import KBUSShm

@Suite("A Ksock as a descriptor", .timeLimit(.minutes(10))) struct DescriptorTests {
  private let bus: TemporaryBus
  private let (ksock, other): (Ksock, Ksock)
  private let (number, otherNumber): (CInt, CInt)

  init() throws {
    bus = try TemporaryBus()
    (ksock, other) = (try bus.open(), try bus.open())
    (number, otherNumber) = (try ksock.openDescriptor(), try other.openDescriptor())
  }

  /// What poll says of a number, after so many milliseconds at most.
  private func poll(_ number: CInt, for events: Int32 = POLLIN | POLLOUT, within limit: CInt = 0) -> Int32 {
    var descriptor = pollfd(fd: number, events: Int16(events), revents: 0)
    _ = unsafe Glibc.poll(&descriptor, 1, limit)
    return Int32(descriptor.revents)
  }

  /// A number that the test has closed may be another test's by now: it is not closed twice.
  private func finish(otherNumberIsClosed: Bool = false) {
    ksock.close()
    other.close()
    _ = close(number)
    if !otherNumberIsClosed { _ = close(otherNumber) }
  }

  @Test("it is readable from a send until the last message is taken", arguments: [MessageFlags(), .urgent])
  func readable(flags: MessageFlags) throws {
    defer { finish() }
    try ksock.bind("$.A")
    #expect(poll(number) == POLLOUT)
    for _ in 0..<2 { try other.send(Announcement("$.A", flags: flags)) }
    #expect(poll(number) == POLLIN | POLLOUT)
    #expect(try ksock.receive() != nil)
    #expect(poll(number) == POLLIN | POLLOUT)
    #expect(try ksock.receive() != nil)
    #expect(poll(number) == POLLOUT)
    try other.send(Announcement("$.A"))
    try ksock.unbind("$.A")
    #expect(poll(number) == POLLOUT, "an unbind that empties the queue")
  }

  @Test("it is readable when a reply or a status has come")
  func answers() throws {
    defer { finish() }
    try other.bind("$.Q", as: .replier)
    for isAnswered in [true, false] {
      try ksock.send(Request("$.Q"))
      if isAnswered {
        try other.send(Reply(to: try #require(try other.receive())))
      } else {
        try other.unbind("$.Q", as: .replier)
      }
      #expect(poll(number) == POLLIN | POLLOUT)
      #expect(try ksock.receive()?.isStatus == !isAnswered)
      #expect(poll(number) == POLLOUT)
    }
  }

  @Test("one that only reads is never writable")
  func readOnly() throws {
    defer { finish() }
    let reader = try bus.open(.readOnly), readerNumber = try reader.openDescriptor()
    defer {
      reader.close()
      _ = close(readerNumber)
    }
    try reader.bind("$.A")
    #expect(poll(readerNumber) == 0)
    try other.send(Announcement("$.A"))
    #expect(poll(readerNumber) == POLLIN)
    _ = try reader.receive()
    #expect(poll(readerNumber) == 0)
  }

  @Test("it is not writable while a message is pending; room makes it so, and the message is then delivered")
  func writable() throws {
    defer { finish() }
    try other.bind("$.A")
    try other.setMaxMessages(1)
    try ksock.send(Announcement("$.A", "first"))
    expectFailure(.pending, errno: EAGAIN) { try ksock.send(Announcement("$.A", "second", flags: .allOrWait)) }
    #expect(poll(number) == 0)
    #expect(try other.receive()?.text == "first")
    #expect(poll(number, for: POLLOUT, within: 30_000) == POLLOUT)
    #expect(try other.receive()?.text == "second")
  }

  @Test("a refusal while a request is pending is seen as a status, and the descriptor is writable again")
  func refused() throws {
    defer { finish() }
    try other.bind("$.Q", as: .replier)
    try other.setMaxMessages(1)
    try ksock.send(Request("$.Q", "first"))
    expectFailure(.pending, errno: EAGAIN) { try ksock.send(Request("$.Q", "second", flags: .allOrWait)) }
    #expect(poll(number) == 0)
    try other.unbind("$.Q", as: .replier)
    #expect(poll(number, for: POLLOUT, within: 30_000) & POLLOUT != 0)
    #expect(poll(number) == POLLIN | POLLOUT)
    #expect(try ksock.receive()?.name == BusName.unbound)
    #expect(poll(number) == POLLIN | POLLOUT, "the status for the pending request is still to come")
    // As the faces do before they read.
    try ksock.settleRefusal()
    #expect(try ksock.receive()?.name == BusName.disappeared)
    #expect(poll(number) == POLLOUT)
  }

  @Test("another Ksock gets the name of a Replier whose number was closed, while the requester waits")
  func closedDirectlyForAnother() throws {
    defer { finish(otherNumberIsClosed: true) }
    try other.bind("$.Q", as: .replier)
    try ksock.send(Request("$.Q"))
    let third = try bus.open()
    defer { third.close() }
    expectFailure(.alreadyBound, errno: EADDRINUSE) { try third.bind("$.Q", as: .replier) }
    _ = close(otherNumber)
    try third.bind("$.Q", as: .replier)
    #expect(poll(number, for: POLLIN, within: 30_000) == POLLIN)
    #expect(try ksock.receive()?.name == BusName.goneAway)
    #expect(poll(number) == POLLOUT)
  }

  @Test("the name of a Replier whose number was closed behind the library's back is free, and its requesters are told")
  func closedDirectly() throws {
    defer { finish(otherNumberIsClosed: true) }
    // So that it has a slot in reserve, which is to be given back whoever closes it.
    try other.send(Announcement("$.A"))
    try other.bind("$.Q", as: .replier)
    try ksock.send(Request("$.Q"))
    _ = close(otherNumber)
    try ksock.bind("$.Q", as: .replier)
    #expect(try ksock.receive(within: .seconds(30))?.name == BusName.goneAway)

    other.close()
    try bus.expectSound()
  }

  @Test("one that is readable by mistake is so once: two senders rang it for one message, or for one taken by now")
  func mistake() throws {
    defer { finish() }
    try ksock.bind("$.A")
    for isFirst in [true, false] {
      if !isFirst { try other.send(Announcement("$.A")) }
      #expect(cshm_descriptor_ring(ksock.shared.descriptorName(ksock.record)) == 0)
      if isFirst { try other.send(Announcement("$.A")) }
      #expect(try ksock.receive() != nil)
      #expect(poll(number) == POLLIN | POLLOUT)
      #expect(try ksock.receive() == nil)
      #expect(poll(number) == POLLOUT)
    }
  }

  @Test("after waiting calls of the owner it is as the queue is")
  func afterWaiting() throws {
    defer { finish() }
    try ksock.bind("$.A")
    #expect(try ksock.receive(within: .milliseconds(1)) == nil)
    #expect(poll(number) == POLLOUT)
    for _ in 0..<2 { try other.send(Announcement("$.A")) }
    #expect(try ksock.receive(within: .seconds(1)) != nil)
    #expect(poll(number) == POLLIN | POLLOUT)
    #expect(try ksock.wait(for: .readable, within: .seconds(1)) == .readable)
    #expect(poll(number) == POLLIN | POLLOUT)
  }
}
