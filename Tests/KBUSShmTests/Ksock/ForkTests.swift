import Foundation
import KBUSShm
import Testing

@Suite("After fork", .timeLimit(.minutes(10))) struct ForkTests {
  @Test("a child can't use its parent's Ksock: ECHILD from every call; it can open its own, and disturbs its parent in nothing")
  func child() async throws {
    let bus = try TemporaryBus()
    await #expect(processExitsWith: .success) { [directory = bus.directory as String] in
      let ksock = try Ksock(bus: 0, in: directory), other = try Ksock(bus: 0, in: directory)
      try ksock.bind("$.A")
      try ksock.bind("$.R", as: .replier)
      try other.send(Announcement("$.A", "before"))
      let end = inForkedChild {
        var mistakes: CInt = 0
        func expectForked(_ body: () throws -> Void) {
          do {
            try body()
            mistakes += 1
          } catch {
            if (error as? KBusError)?.code != .forked || (error as? KBusError)?.errno != ECHILD { mistakes += 1 }
          }
        }
        expectForked { _ = try ksock.receive() }
        expectForked { _ = try ksock.receive(within: nil) }
        expectForked { try ksock.send(Announcement("$.A")) }
        expectForked { _ = try ksock.loan(Announcement("$.A"), bytes: 10) }
        expectForked { _ = try ksock.request("$.R", within: .seconds(1)) }
        expectForked { try ksock.bind("$.B") }
        expectForked { try ksock.unbind("$.A") }
        expectForked { _ = try ksock.findReplier("$.R") }
        expectForked { _ = try ksock.waitForReplier("$.R", within: .zero) }
        expectForked { _ = try ksock.wait(for: .readable, within: .zero) }
        expectForked { _ = try ksock.numberOfMessages() }
        expectForked { _ = try ksock.statistics() }
        expectForked { _ = try ksock.newBus() }
        ksock.close()
        do {
          let own = try Ksock(bus: 0, in: directory)
          if own.id == ksock.id || own.id == other.id { mistakes += 1 }
          try own.send(Announcement("$.A", "from the child"))
          own.close()
        } catch {
          mistakes += 1
        }
        return mistakes
      }
      #expect(end == .exited(0))
      #expect(try ksock.receive()?.text == "before")
      #expect(try ksock.receive()?.text == "from the child")
      #expect(try other.findReplier("$.R") == ksock.id, "the child's close was not ours")
      #expect(try Bus.check(0, in: directory).isEmpty)
    }
  }
}
