// Pages of large slots go back to the system when nobody has used them for a while.

import CShm
import Foundation
import Testing

@testable import KBUSShm

@Suite("Slots that nobody uses", .timeLimit(.minutes(10))) struct UnusedSlotsTests {
  static let frameBytes = 12_441_600

  private static func frame(_ number: UInt8) -> [UInt8] {
    var frame = [UInt8](repeating: number, count: frameBytes)
    for place in stride(from: 0, to: frameBytes, by: 4093) { frame[place] = UInt8(truncatingIfNeeded: place >> 7) ^ number }
    return frame
  }

  private func frameBus(_ frames: Int) throws -> TemporaryBus {
    var options = BusOptions.small
    options.slots = [
      .init(bytes: 256, count: 16), .init(bytes: 4096, count: 8), .init(bytes: 65_536, count: 2),
      .init(bytes: Self.frameBytes, count: frames),
    ]
    return try TemporaryBus(options)
  }

  /// So many frames' worth of memory does a bus have beyond what it was made with, rounded.
  private func frames(_ bus: TemporaryBus, beyond start: Int) throws -> Int {
    (try bus.allocated() - start + Self.frameBytes / 2) / Self.frameBytes
  }

  // Whoever watches: the test's own helper, or a reaper

  @Test("frames that nobody uses any more cost no memory; one that is held is untouched, and the next ones get new memory")
  func goBack() throws {
    let bus = try frameBus(4)
    let start = try bus.allocated(), sender = try bus.open(), listener = try bus.open(), held = HeldMessages()
    try listener.bind("$.Frame")
    for number in 1...4 {
      try sender.send(Announcement("$.Frame", Self.frame(UInt8(number))))
      if number == 2 { try held.take(from: listener) } else { _ = try listener.receive() }
    }
    let used = try frames(bus, beyond: start)
    #expect(used > 1)
    try bus.eventually("all but one frame to go back") { try frames(bus, beyond: start) == 1 }
    #expect(held.data(at: 0) == Self.frame(2))
    try bus.expectSound()

    for number in 5...12 {
      try sender.send(Announcement("$.Frame", Self.frame(UInt8(number))))
      #expect(try listener.receive()?.data == Self.frame(UInt8(number)))
    }
    held.releaseAll()
    try bus.eventually("all frames to go back") { try frames(bus, beyond: start) == 0 }
    try sender.send(Announcement("$.Frame", Self.frame(13)))
    #expect(try listener.receive()?.data == Self.frame(13))
    try bus.expectSound()
  }

  // The test itself watches

  @Test("what is on loan, queued, held or pending keeps its pages, and so do small slots; what is idle or nobody's has none left")
  func kept() throws {
    let bus = try frameBus(6)
    let watching = try Watching(bus.directory)
    defer { watching.end() }
    let sender = try bus.open(), listener = try bus.open(), slow = try bus.open(), held = HeldMessages()
    for ksock in [listener, slow] { try ksock.bind("$.Frame") }
    try slow.setMaxMessages(1)
    try slow.bind("$.Full")
    try listener.bind("$.Small")
    // Idle: sent, and read by all.
    try sender.send(Announcement("$.Frame", Self.frame(1)))
    for ksock in [listener, slow] { _ = try ksock.receive() }
    try sender.send(Announcement("$.Small", Array(repeating: 7, count: 60_000)))
    _ = try listener.receive()
    // Held by one, queued for the other.
    let other = try bus.open()
    try other.send(Announcement("$.Frame", Self.frame(2)))
    try held.take(from: listener)
    let pending = try bus.open()
    expectFailure(.pending, errno: EAGAIN) { try pending.send(Announcement("$.Full", Self.frame(3), flags: .allOrWait)) }
    var loan = try bus.open().loan(Announcement("$.Frame"), bytes: Self.frameBytes)
    unsafe loan.withUnsafeMutableBytes { unsafe $0.copyBytes(from: Self.frame(4)) }
    // Nobody's.
    do { _ = try listener.loan(Announcement("$.Frame"), bytes: Self.frameBytes) }

    #expect(watching.backed == 5)
    let before = try bus.allocated()
    watching.giveBackAll()
    #expect(watching.backed == 3)
    #expect(before - 2 * Self.frameBytes - (try bus.allocated()) < 1 << 20)
    #expect(try watching.beginReturns() == 0, "nobody can take them who saw them free a moment ago")
    #expect(watching.look() < .max, "the others may be given back as well some time")
    try bus.expectSound()

    #expect(held.data(at: 0) == Self.frame(2))
    #expect(try slow.receive()?.data == Self.frame(2))
    try pending.sendPending()
    #expect(try slow.receive()?.data == Self.frame(3))
    let isIntact = unsafe loan.withUnsafeMutableBytes { unsafe $0.elementsEqual(Self.frame(4)) }
    #expect(isIntact)
    // A Ksock that has lost its idle slot finds another.
    for number in 5...9 {
      try sender.send(Announcement("$.Frame", Self.frame(UInt8(number))))
      for ksock in [listener, slow] { #expect(try ksock.receive()?.data == Self.frame(UInt8(number))) }
    }
    try bus.expectSound()
  }

  @Test("a slot is given back when nobody has used it for all of the time, and looked at only while there is one")
  func patience() throws {
    let bus = try frameBus(2)
    let watching = try Watching(bus.directory, patience: 3_600_000_000_000)
    defer { watching.end() }
    let sender = try bus.open()
    #expect(watching.look() == .max, "nothing to look at, no time limit")
    try sender.send(Announcement("$.Nobody", Self.frame(1)))
    let first = watching.look()
    #expect(first > cshm_now() && first < .max)
    #expect(watching.look() == first, "unused since the first look")
    // A slot that is used again has not been unused for long.
    let listener = try bus.open()
    try listener.bind("$.Frame")
    try sender.send(Announcement("$.Frame", Self.frame(2)))
    _ = try listener.receive()
    #expect(watching.look() > first)
    #expect(watching.backed == 1)
    // One that is held: at least once a minute.
    try sender.send(Announcement("$.Frame", Self.frame(3)))
    let held = HeldMessages()
    try held.take(from: listener)
    #expect(watching.look() < cshm_now() + 61_000_000_000)
  }

  @Test("who needs a slot while its pages go back waits for it, but not for ever: whoever gives it back may be stopped")
  func whileGoingBack() throws {
    let bus = try frameBus(1)
    let watching = try Watching(bus.directory)
    defer { watching.end() }
    let sender = try bus.open(), listener = try bus.open()
    try listener.bind("$.Frame")
    try sender.send(Announcement("$.Frame", Self.frame(1)))
    _ = try listener.receive()
    while !watching.isReturning { _ = watching.look() }
    expectFailure(.poolExhausted, errno: ENOMEM) { try sender.send(Announcement("$.Frame", Self.frame(2))) }
    try bus.expectSound()
    let blocked = Blocked { try sender.send(Announcement("$.Frame", Self.frame(3))) }
    blocked.waitUntilAsleep()
    watching.giveBackAll()
    _ = try blocked.outcome()
    #expect(try listener.receive()?.data == Self.frame(3))
    try bus.expectSound()
  }

  @Test("slots go back one after the other, each entirely")
  func oneAtATime() throws {
    let bus = try frameBus(2)
    let watching = try Watching(bus.directory)
    defer { watching.end() }
    let start = try bus.allocated(), sender = try bus.open(), listener = try bus.open(), held = HeldMessages()
    try listener.bind("$.Frame")
    for number in 1...2 { try sender.send(Announcement("$.Frame", Self.frame(UInt8(number)))) }
    try held.take(from: listener)
    _ = try listener.receive()
    while !watching.isReturning { _ = watching.look() }
    for _ in 0..<5 { _ = watching.look() }
    // The first one is free before the second has gone.
    held.releaseAll()
    watching.giveBackAll()
    #expect(try bus.allocated() - start < 1 << 20)
  }

  @Test("whoever watches next goes on with what the last one had begun")
  func successor() throws {
    let bus = try frameBus(2)
    let first = try Watching(bus.directory)
    let start = try bus.allocated(), sender = try bus.open()
    try sender.send(Announcement("$.Nobody", Self.frame(1)))
    while !first.isReturning { _ = first.look() }
    for _ in 0..<3 { _ = first.look() }
    #expect(first.isReturning && first.backed == 0)
    try bus.expectSound()
    // The test's helper follows, or a reaper that it starts.
    first.end()
    try bus.eventually("all of the frame to be given back") { !first.isReturning }
    #expect(try frames(bus, beyond: start) == 0)
  }
}

extension TemporaryBus {
  /// How much memory the file of bus 0 has.
  fileprivate func allocated() throws -> Int {
    var facts = stat()
    try #require(unsafe stat(path(), &facts) == 0)
    return Int(facts.st_blocks) * 512
  }
}
