import CShm
import Glibc
import Testing

@Suite("The layout of the bus file") struct LayoutTests {
  struct Structure: Sendable, CustomTestStringConvertible {
    let name: String
    let bytes: Int
    let found: Int
    var testDescription: String { name }
  }

  /// Sizes of layout version 1: other values need another version.
  static let structures = [
    Structure(name: "the lock line", bytes: 64, found: Int(CSHM_LOCK_LINE_SIZE)),
    Structure(name: "a Ksock", bytes: 384, found: Int(CSHM_KSOCK_SIZE)),
    Structure(name: "a held record", bytes: 32, found: Int(CSHM_HELD_SIZE)),
    Structure(name: "a chunk's head", bytes: 64, found: Int(CSHM_CHUNK_SIZE)),
    Structure(name: "an entry", bytes: 32, found: Int(CSHM_ENTRY_SIZE)),
    Structure(name: "a node", bytes: 64, found: Int(CSHM_NODE_SIZE)),
    Structure(name: "a slot", bytes: 128, found: Int(CSHM_SLOT_SIZE)),
    Structure(name: "a binding", bytes: 128, found: Int(CSHM_BINDING_SIZE)),
    Structure(name: "a request", bytes: 64, found: Int(CSHM_REQUEST_SIZE)),
    Structure(
      name: "a journal", bytes: 2048,
      found: Int(CSHM_JOURNAL_SIZE) + 8 * Int(CSHM_JOURNAL_WORDS)),
  ]

  @Test("a structure has the size that layout version 1 says", arguments: structures)
  func size(of structure: Structure) { #expect(structure.found == structure.bytes) }

  @Test("sender, reader and lock write to different cache lines")
  func cacheLines() {
    #expect(Int(CSHM_KSOCK_TAIL) % 64 == 0)
    #expect(Int(CSHM_KSOCK_HEAD) % 64 == 0)
    #expect(Int(CSHM_KSOCK_TAIL) / 64 != Int(CSHM_KSOCK_HEAD) / 64)
    #expect(Int(CSHM_KSOCK_BELL) % 64 == 0)
    #expect(Int(CSHM_KSOCK_BELL) / 64 == Int(CSHM_KSOCK_SLEEPERS) / 64, "one look tells a sender whom to wake")
    #expect(Set([CSHM_KSOCK_TAIL, CSHM_KSOCK_BELL, CSHM_KSOCK_HEAD].map { Int($0) / 64 }).count == 3)
    #expect(Int(CSHM_KSOCK_SET_ASIDE_HEAD) % 64 == 0)
  }

  @Test("any version of a program can read magic and version of any bus: they never move")
  func firstWords() {
    #expect(CSHM_HEADER_MAGIC == 0)
    #expect(CSHM_HEADER_LAYOUT_VERSION == 8)
    let magic = unsafe withUnsafeBytes(of: CSHM_MAGIC.littleEndian) { unsafe String(decoding: $0, as: UTF8.self) }
    #expect(magic == "KBUSSHM1")
  }

  @Test("the fingerprint tells word sizes and structure sizes apart")
  func fingerprint() {
    func print(word: Int, ksock: Int) -> UInt64 {
      let parts = [
        word, Int(CSHM_HEADER_SIZE), ksock, Int(CSHM_SLOT_SIZE), Int(CSHM_BINDING_SIZE), Int(CSHM_CHUNK_ENTRIES),
        1.littleEndian == 1 ? 1 : 0,
      ]
      return parts.dropFirst().reduce(UInt64(parts[0])) { $0 &* 131 &+ UInt64($1) }
    }
    let word = MemoryLayout<UInt>.size, ksock = Int(CSHM_KSOCK_SIZE)
    let ours = print(word: word, ksock: ksock)
    #expect(cshm_fingerprint() == ours)
    #expect(ours != print(word: 12 - word, ksock: ksock))
    #expect(ours != print(word: word, ksock: ksock + 64))
  }
}
