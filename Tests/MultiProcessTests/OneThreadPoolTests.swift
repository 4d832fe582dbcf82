import Foundation
import KBUSShm
import Testing

@Suite("Tasks on one thread", .timeLimit(.minutes(10))) struct OneThreadPoolTests {
  @Test("thousands of waits never block the cooperative pool, which has one thread")
  func pool() throws {
    let bus = try PrivateBus()
    let environment = ["KBUS_DIR": bus.directory, "LIBDISPATCH_COOPERATIVE_POOL_STRICT": "1"]
    let peer = try RunningProcess(try RunningProcess.built("TestPeer"), ["pool"], environment: environment)
    let ending = try peer.end(within: 120)
    #expect(ending.text == "messages 1000 answers 1000\n", "\(ending)")
  }
}
