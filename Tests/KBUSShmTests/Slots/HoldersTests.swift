// Who holds a slot, beyond the 64 copies whose bits are in the slot itself.

import CShm
import Testing

@testable import KBUSShm

@Suite struct HoldersTests {
  @Test("a copy that is given back twice takes nothing from the message that has its extension by then")
  func twice() throws {
    var options = BusOptions.small
    options.maxBindings = 200
    options.maxRequests = 256
    let bus = try TemporaryBus(options)
    let (listener, sender, other) = (try bus.open(), try bus.open(), try bus.open())
    try listener.setMaxMessages(1000)
    for _ in 0..<70 { try listener.bind("$.A") }
    let shared = listener.shared
    try sender.send(Announcement("$.A"))
    var filled: SlotRecord?
    for _ in 0..<70 {
      guard let message = try listener.take() else { break }
      filled = message.slot
    }
    let slot = try #require(filled)
    // Nobody holds that one; a message in another slot gets its extension.
    shared.scratch.hints[Scratch.Hint.extensions.rawValue] = 0
    let extensions = shared.geometry.extensions
    try other.send(Announcement("$.A"))
    for holder in 64..<70 { shared.release(slot, holder: UInt32(holder)) }
    let bits = (0..<extensions.count).map { shared.memory.u64(extensions.at($0) + CSHM_EXTENSION_BITS) }
    #expect(bits.contains(0b11_1111), "all six copies beyond the 64th are still held: \(bits.filter { $0 != 0 })")
    try bus.expectSound()
  }
}
