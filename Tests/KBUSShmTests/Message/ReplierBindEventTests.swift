import KBUSShm
import Testing

@Suite("The content of a Replier bind event") struct ReplierBindEventTests {
  @Test("is packed as the specification says (16.2)", .enabled(if: 1.littleEndian == 1))
  func packed() {
    let event = ReplierBindEvent(isBind: true, binder: 0x0102_0304, name: "$.Fred")
    #expect(event.data == [1, 0, 0, 0, 4, 3, 2, 1, 6, 0, 0, 0] + Array("$.Fred".utf8) + [0, 0])
  }

  @Test("has room for the name, its zero, and padding to four bytes", arguments: [(3, 16), (4, 20), (7, 20), (8, 24), (1000, 12 + 1004)])
  func length(name: Int, data: Int) {
    let event = ReplierBindEvent(isBind: false, binder: 1, name: MessageName("$." + String(repeating: "x", count: name - 2)))
    #expect(event.data.count == data)
    #expect(event.data.last == 0)
  }

  @Test("comes out as it went in", arguments: [true, false])
  func roundTrip(isBind: Bool) {
    for name: MessageName in ["$.A", "$.Fred", "$.*", "$.A.%", MessageName("$." + String(repeating: "y", count: 998))] {
      for binder in [0, 1, UInt32.max] {
        let event = ReplierBindEvent(isBind: isBind, binder: binder, name: name)
        #expect(ReplierBindEvent(data: event.data) == event)
        // Any value but 0 is true; what lies behind the name does not matter.
        #expect(ReplierBindEvent(data: (isBind ? [0, 1, 0, 0] : [0, 0, 0, 0]) + event.data.dropFirst(4) + [7]) == event)
      }
    }
  }

  @Test("data that is no event is refused, whatever lengths it claims")
  func refused() {
    let whole = ReplierBindEvent(isBind: true, binder: 1, name: "$.Fred").data
    for count in 0..<(12 + 6) { #expect(ReplierBindEvent(data: Array(whole.prefix(count))) == nil, "\(count) bytes") }
    for length in [[0xFF, 0xFF, 0xFF, 0xFF], [0xE9, 0x03, 0, 0], [9, 0, 0, 0]] as [[UInt8]] {
      #expect(ReplierBindEvent(data: Array(whole.prefix(8)) + length + whole.dropFirst(12)) == nil)
    }
    let longest = ReplierBindEvent(isBind: true, binder: 1, name: MessageName("$." + String(repeating: "x", count: 998))).data
    #expect(ReplierBindEvent(data: longest) != nil)
    #expect(ReplierBindEvent(data: Array(longest.prefix(8)) + [0xE9, 0x03, 0, 0] + longest.dropFirst(12)) == nil, "no name has 1001 bytes")
  }
}
