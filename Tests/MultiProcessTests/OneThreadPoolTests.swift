import Foundation
import KBUSShm
import Testing

@Suite("Tasks on one thread", .timeLimit(.minutes(10))) struct OneThreadPoolTests {
  @Test(
    "thousands of waits never block the cooperative pool, which has one thread, also where FUTEX_WAITV is refused",
    arguments: [nil, ENOSYS, EPERM])
  func pool(refusal: Int32?) throws {
    let bus = try PrivateBus(), peer = try RunningProcess.built("TestPeer")
    let confinement = refusal.map { ["confine", "futex_waitv=\($0)", "--", peer] } ?? []
    let environment = ["KBUS_DIR": bus.directory, "LIBDISPATCH_COOPERATIVE_POOL_STRICT": "1"]
    let process = try RunningProcess(peer, confinement + ["pool"], environment: environment)
    let ending = try process.end(within: 120)
    #expect(ending.text == "messages 1000 answers 1000 others had their turn\n", "\(ending)")
  }
}
