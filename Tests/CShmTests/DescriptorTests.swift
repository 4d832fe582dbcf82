import CShm
import Glibc
import Testing

@Suite("Descriptors", .timeLimit(.minutes(10))) struct DescriptorTests {
  /// A socket under a name that no other test has.
  private struct Socket {
    let name: cshm_descriptor_name
    let number: CInt
    let inode: UInt64

    struct Failed: Error {
      let errno: CInt
    }

    init(listens: UInt32, bus: UInt64 = .random(in: .min ... .max), ksock: UInt64 = 1) throws {
      name = cshm_descriptor_name(bus: bus, ksock: ksock, listens: listens)
      var inode: UInt64 = 0
      number = unsafe cshm_descriptor_open(name, &inode)
      guard number >= 0 else { throw Failed(errno: -number) }
      self.inode = inode
    }

    /// What poll says of it now.
    var events: Int32 {
      var descriptor = pollfd(fd: number, events: Int16(POLLIN | POLLOUT), revents: 0)
      return unsafe poll(&descriptor, 1, 0) < 0 ? -1 : Int32(descriptor.revents)
    }

    /// What poll says of it when it has not been rung and is not blocked.
    var atRest: Int32 { name.listens == 1 ? 0 : POLLOUT }
  }

  private static let kinds: [UInt32] = [0, 1]

  @Test("ringing makes it readable, however often; draining makes it unreadable, and it can be rung again", arguments: kinds)
  func readable(listens: UInt32) throws {
    let socket = try Socket(listens: listens)
    defer { _ = close(socket.number) }
    #expect(socket.events == socket.atRest)
    for rings in [1, 2, 100] {
      for _ in 0..<rings { #expect(cshm_descriptor_ring(socket.name) == 0) }
      #expect(socket.events == socket.atRest | POLLIN)
      #expect(cshm_descriptor_drain(socket.number, listens) == 0)
      #expect(socket.events == socket.atRest)
    }
    #expect(cshm_descriptor_drain(socket.number, listens) == 0, "there is nothing to drain")
  }

  @Test("one ring after the other can be taken off one that does not listen")
  func once() throws {
    let socket = try Socket(listens: 0)
    defer { _ = close(socket.number) }
    for _ in 0..<2 { #expect(cshm_descriptor_ring(socket.name) == 0) }
    #expect(cshm_descriptor_drain_once(socket.number) == 0)
    #expect(socket.events == POLLOUT | POLLIN)
    #expect(cshm_descriptor_drain_once(socket.number) == 0)
    #expect(socket.events == POLLOUT)
    #expect(cshm_descriptor_drain_once(socket.number) == -EAGAIN)
    #expect(cshm_descriptor_drain_once(-1) == -EBADF)
  }

  @Test("blocking makes it unwritable, closing the sink writable; ringing and draining change nothing of that")
  func writable() throws {
    let socket = try Socket(listens: 0)
    defer { _ = close(socket.number) }
    for _ in 0..<3 {
      let sink = cshm_descriptor_block(socket.number)
      try #require(sink >= 0)
      #expect(socket.events == 0)
      #expect(cshm_descriptor_ring(socket.name) == 0)
      #expect(socket.events == POLLIN)
      #expect(cshm_descriptor_drain(socket.number, 0) == 0)
      #expect(socket.events == 0)
      _ = close(sink)
      #expect(socket.events == POLLOUT)
    }
  }

  @Test("it exists until its last copy is closed; then who rings it is told, and its name is free", arguments: kinds)
  func exists(listens: UInt32) throws {
    let socket = try Socket(listens: listens)
    var inode: UInt64 = 0
    #expect(unsafe cshm_descriptor_open(socket.name, &inode) == -EADDRINUSE)
    let copy = dup(socket.number)
    #expect(cshm_descriptor_exists(socket.name) == 1)
    _ = close(socket.number)
    #expect(cshm_descriptor_exists(socket.name) == 1)
    #expect(cshm_descriptor_ring(socket.name) == 0)
    _ = close(copy)
    // Processes that other tests start have copies until they run their program.
    try wait { cshm_descriptor_exists(socket.name) == 0 }
    #expect(cshm_descriptor_ring(socket.name) == -ECONNREFUSED)
    let next = try Socket(listens: listens, bus: socket.name.bus)
    #expect(cshm_descriptor_exists(next.name) == 1)
    _ = close(next.number)
  }

  @Test("it is known by its inode, under whatever number", arguments: kinds)
  func find(listens: UInt32) throws {
    let (socket, other) = (try Socket(listens: listens), try Socket(listens: listens))
    defer { _ = close(other.number) }
    #expect(cshm_descriptor_is(socket.number, socket.inode) == 1)
    #expect(cshm_descriptor_is(other.number, socket.inode) == 0)
    #expect(cshm_descriptor_is(-1, socket.inode) == 0)
    #expect(cshm_descriptor_find(socket.inode) == socket.number)
    let copy = dup(socket.number)
    _ = close(socket.number)
    #expect(cshm_descriptor_find(socket.inode) == copy)
    _ = close(copy)
    #expect(cshm_descriptor_find(socket.inode) == -ENOENT)
  }

  @Test("400 of them, each rung, are all readable, though nobody drains any", arguments: kinds)
  func many(listens: UInt32) throws {
    let bus = UInt64.random(in: .min ... .max)
    var sockets: [Socket] = []
    defer { for socket in sockets { _ = close(socket.number) } }
    for ksock in 1...400 { sockets.append(try Socket(listens: listens, bus: bus, ksock: UInt64(ksock))) }
    for socket in sockets { #expect(cshm_descriptor_ring(socket.name) == 0) }
    #expect(sockets.allSatisfy { $0.events == $0.atRest | POLLIN })
    for socket in sockets { #expect(cshm_descriptor_drain(socket.number, listens) == 0) }
    #expect(sockets.allSatisfy { $0.events == $0.atRest })
  }
}
