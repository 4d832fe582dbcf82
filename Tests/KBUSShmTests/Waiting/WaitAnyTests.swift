import Foundation
import Testing

@testable import KBUSShm

@Suite("Waiting for several Ksocks", .timeLimit(.minutes(10))) struct WaitAnyTests {
  private let bus: TemporaryBus

  init() throws { bus = try TemporaryBus() }

  @Test("all that are ready are returned, in the order given, whatever their buses")
  func ready() throws {
    try Bus.create(1, options: .small, in: bus.directory)
    let here = try bus.open(), there = try Ksock(bus: 1, in: bus.directory)
    try here.bind("$.A")
    try there.bind("$.A")
    #expect(try Ksock.wait(any: [here, there], within: .zero).isEmpty)
    #expect(try Ksock.wait(any: [here, there], within: .milliseconds(1)).isEmpty)
    try there.send(Announcement("$.A"))
    #expect(try Ksock.wait(any: [here, there], within: nil).map(\.bus) == [1])
    try here.send(Announcement("$.A"))
    #expect(try Ksock.wait(any: [there, here], within: nil).map(\.bus) == [1, 0])
  }

  @Test("a sleeper is woken by each of them", arguments: [false, true])
  func woken(byTheLast: Bool) throws {
    let ksocks = try (0..<3).map { _ in try bus.open() }, sender = try bus.open()
    for (number, ksock) in ksocks.enumerated() {
      ksock.setSpinBudget(.zero)
      try ksock.bind(MessageName("$.A.N\(number)"))
    }
    let wanted = byTheLast ? 2 : 0
    for _ in 0..<200 {
      let thread = Thread { _ = try? sender.send(Announcement(MessageName("$.A.N\(wanted)"))) }
      thread.start()
      let ready = try Ksock.wait(any: ksocks, within: .seconds(60))
      try #require(ready.map(\.id) == [ksocks[wanted].id])
      #expect(try ready.first?.receive() != nil)
    }
    #expect(ksocks.allSatisfy { $0.record.sleepers == 0 })
  }

  @Test("a sleeper is woken by a message on any of its buses", arguments: [0, 1])
  func wokenOnAnyBus(number: Int) throws {
    try Bus.create(1, options: .small, in: bus.directory)
    let ksocks = [try bus.open(), try Ksock(bus: 1, in: bus.directory)]
    for ksock in ksocks {
      ksock.setSpinBudget(.zero)
      try ksock.bind("$.A")
    }
    let sender = try Ksock(bus: number, in: bus.directory)
    for _ in 0..<50 {
      let thread = Thread {
        while !ksocks.allSatisfy({ $0.record.sleepers != 0 }) { sched_yield() }
        _ = try? sender.send(Announcement("$.A"))
      }
      thread.start()
      let ready = try Ksock.wait(any: ksocks, within: .seconds(60))
      try #require(ready.map(\.bus) == [number])
      #expect(try ready.first?.receive() != nil)
    }
  }

  @Test("more Ksocks than the kernel takes in one call")
  func many() throws {
    let bus = try TemporaryBus(BusOptions())
    let ksocks = try (0..<150).map { _ in try bus.open() }, sender = try bus.open()
    try #require(ksocks.last).bind("$.A")
    let thread = Thread { _ = try? sender.send(Announcement("$.A")) }
    thread.start()
    #expect(try Ksock.wait(any: ksocks, within: .seconds(60)).map(\.id) == [ksocks[149].id])
  }

  @Test("one that is closed meanwhile is an error")
  func closed() throws {
    let ksocks = [try bus.open(), try bus.open()]
    let thread = Thread { ksocks[1].close() }
    thread.start()
    expectFailure(.closed, errno: EBADF) { _ = try Ksock.wait(any: ksocks, within: .seconds(60)) }
  }
}
