// What the tool says of a listener that is too slow.

import Foundation
import KBUSShm
import Testing

extension CommandLineTests {
  @Test("listen says how many messages it missed") func listenMisses() throws {
    let ksock = try bus.open()
    let listener = try StuckListener(on: bus, "$.A", "--queue", "2", "--count", "3", sender: ksock)
    for _ in 0..<5 { try ksock.send(Announcement("$.A")) }
    let ending = try listener.unstick()
    #expect(ending.status == 0)
    #expect(ending.errors == "kbus: missed 3 messages: the queue was full (--queue makes it longer)\n")
    ksock.close()
  }
}
