// The words on the command line. Few enough to be taken apart by hand: the library that the other tools use for this is larger than
// the whole reaper.

internal import CShm
internal import KBUSC

enum Arguments {
  case run(ReaperOptions)
  case help
  case version
  case wrong(String)

  static let usage = """
    usage: kbus-reaper [--directory DIRECTORY] [--stay] [--idle SECONDS] [--verbose]

    Watches over the buses of a directory ($KBUS_DIR, or /dev/shm): when a process with Ksocks on them dies, requests sent to it
    are answered at once, and what it had is given back. Usually it is started by whoever opens a bus first, and ends when no bus
    has been used for a while.

      --directory DIRECTORY  where the buses are
      --stay                 does not end when no bus is used
      --idle SECONDS         how long no bus must have been used before it ends (5)
      --verbose              says on standard error what it does
      --version, --help

    """

  static func parse() -> Arguments {
    var options = ReaperOptions()
    var words = Words()
    while let word = words.next() {
      if word.isSame(as: "--help") { return .help }
      if word.isSame(as: "--version") { return .version }
      if word.isSame(as: "--stay") {
        options.stays = true
      } else if word.isSame(as: "--verbose") {
        options.isVerbose = true
      } else if word.isSame(as: "--directory"), let directory = words.next() {
        options.directory = directory.text
      } else if word.isSame(as: "--idle"), let seconds = words.next().flatMap({ UInt64($0.text) }), seconds <= 1_000_000_000 {
        options.idle = seconds * 1_000_000_000
      } else {
        return .wrong(word.text)
      }
    }
    return .run(options)
  }

  static func print(_ text: String, to descriptor: CInt) {
    var bytes = Array(text.utf8)
    unsafe bytes.withUnsafeMutableBytes { unsafe cshm_print(descriptor, $0.baseAddress!, UInt($0.count)) }
  }
}

/// The words behind the program's name, one after the other.
private struct Words {
  private var number: CInt = 0

  mutating func next() -> Word? {
    number += 1
    guard let start = unsafe cshm_argument(number) else { return nil }
    return unsafe Word(start)
  }
}

/// One word, as bytes: comparing Strings needs tables of Unicode.
private struct Word {
  private let bytes: [UInt8]

  init(_ start: UnsafePointer<CChar>) { bytes = unsafe Array(UnsafeRawBufferPointer(start: start, count: Int(cshm_text_length(start)))) }

  var text: String { String(decoding: bytes, as: UTF8.self) }

  func isSame(as option: StaticString) -> Bool { option.withUTF8Buffer { unsafe bytes.elementsEqual($0) } }
}
