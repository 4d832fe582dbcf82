// The Y4M reader without a bus: headers, files and streams, whole and damaged.

import Glibc
import Testing

@testable import kbus

@Suite("Y4M reader") struct Y4MReaderTests {
  @Test("a header line as ffmpeg writes it is understood")
  func header() throws {
    let header = try Y4MHeader(line: "YUV4MPEG2 W321 H179 F30000:1001 Ip A1:1 C420mpeg2 XYSCSS=420MPEG2")
    #expect(header.format == PictureFormat(width: 321, height: 179, chroma: .s420))
    #expect(header.rate == FrameRate(numerator: 30000, denominator: 1001))
    #expect(header.format.chromaWidth == 161)
    #expect(header.format.chromaHeight == 90)
    #expect(header.format.frameBytes == 321 * 179 + 2 * 161 * 90)
  }

  @Test(
    "every supported chroma format has its frame size, odd sides rounded up",
    arguments: [
      ("420jpeg", 5 * 3 + 2 * 3 * 2), ("420paldv", 5 * 3 + 2 * 3 * 2), ("422", 5 * 3 + 2 * 3 * 3),
      ("444", 5 * 3 * 3), ("411", 5 * 3 + 2 * 2 * 3), ("mono", 5 * 3),
    ])
  func chroma(tag: String, bytes: Int) throws {
    #expect(try Y4MHeader(line: "YUV4MPEG2 W5 H3 C\(tag)").format.frameBytes == bytes)
  }

  @Test("a film without chroma or rate is 420 at 25 frames a second, an unknown rate of 0:0 as well")
  func defaults() throws {
    #expect(try Y4MHeader(line: "YUV4MPEG2 W4 H4").format.chroma == .s420)
    #expect(try Y4MHeader(line: "YUV4MPEG2 W4 H4 F0:0").rate == .usual)
  }

  @Test(
    "a bad header line is refused with the reason",
    arguments: [
      ("YUV4MPEG2 H4", Y4MError.missing("width (W)")),
      ("YUV4MPEG2 W4", .missing("height (H)")),
      ("YUV4MPEG2 W0 H4", .badParameter("W0", wanted: "a number of pixels from 1 to 16384")),
      ("YUV4MPEG2 W4 H-4", .badParameter("H-4", wanted: "a number of pixels from 1 to 16384")),
      ("YUV4MPEG2 W9223372036854775808 H4", .badParameter("W9223372036854775808", wanted: "a number of pixels from 1 to 16384")),
      ("YUV4MPEG2 W4 H4 F25", .badParameter("F25", wanted: "a frame rate such as F25:1")),
      ("YUV4MPEG2 W4 H4 F-1:1", .badParameter("F-1:1", wanted: "a frame rate such as F25:1")),
      ("YUV4MPEG2 W4 H4 C420p10", .unsupportedChroma("420p10")),
      ("YUV4MPEG2 W4 H4 C444alpha", .unsupportedChroma("444alpha")),
      ("YUV4MPEG3 W4 H4", .notY4M(found: "\"YUV4MPEG3 W4 H4\"")),
      ("", .notY4M(found: "\"\"")),
    ])
  func badHeader(line: String, error: Y4MError) {
    #expect(throws: error) { try Y4MHeader(line: line) }
  }

  @Test("the header is read from a descriptor and not one byte more")
  func headerFromDescriptor() throws {
    let pipe = try Conduit("YUV4MPEG2 W4 H2\nFRAME")
    #expect(try Y4MHeader(from: pipe.output).format.width == 4)
    var rest = [UInt8](repeating: 0, count: 10)
    #expect(unsafe read(pipe.output, &rest, rest.count) == 5)
  }

  @Test(
    "what is no Y4M at all is refused at its first bytes",
    arguments: [
      ("", Y4MError.empty), ("YUV4", .headerCutShort), ("YUV4MPEG2 W4 H4", .headerCutShort),
      ("\u{0}\u{0}\u{0} ftypisom and more", .notY4M(found: "\"\\x00\\x00\\x00 ftypi\"")),
    ])
  func notY4M(text: String, error: Y4MError) throws {
    let pipe = try Conduit(text)
    #expect(throws: error) { try Y4MHeader(from: pipe.output) }
  }

  @Test("a header line without end is refused")
  func endlessHeader() throws {
    let pipe = try Conduit("YUV4MPEG2 X" + String(repeating: "x", count: 5000))
    #expect(throws: Y4MError.headerTooLong(limit: 4096)) { try Y4MHeader(from: pipe.output) }
  }

  private static let tooLongLine = "FRAME " + String(repeating: "x", count: 300) + "\n"

  @Test("a file and a stream give the same frames, parameters behind FRAME included", arguments: [true, false])
  func frames(fromFile: Bool) throws {
    let film = "FRAME\nabcdABFRAME Ip XSOMETHING=1\nefghCDFRAME\nijklEF"
    let source = try Self.source(film, fromFile: fromFile)
    #expect(Self.drain(source.source) == ["abcdAB", "efghCD", "ijklEF"])
    #expect(source.source.ending == .whole)
  }

  @Test(
    "a damaged film ends with the reason, and what came before it is kept",
    arguments: [
      ("FRAME\nabcdABFRAME\nefg", ["abcdAB"], Y4MError.frameCutShort(number: 1, got: 3, of: 6)),
      ("FRAME\nabcdABFRAME\n", ["abcdAB"], .frameCutShort(number: 1, got: 0, of: 6)),
      ("FRAME\nabcdABFRA", ["abcdAB"], .frameLineCutShort(number: 1)),
      ("FRAME\nabcdABFRAME Ip", ["abcdAB"], .frameLineCutShort(number: 1)),
      ("FRAME\nabcdABxFRAME\nefghCD", ["abcdAB"], .notAFrame(number: 1, found: "\"xFRAME\"")),
      ("FRAME\nabcdABFRAMES\nefghCD", ["abcdAB"], .notAFrame(number: 1, found: "\"FRAMES\"")),
      ("FRA\nabcdAB", [], .notAFrame(number: 0, found: "\"FRA\"")),
      (tooLongLine, [], .notAFrame(number: 0, found: "\"FRAME xxxxxxxxxx\"")),
      ("", [], .noFrames),
    ], [true, false])
  func damaged(film: (text: String, frames: [String], error: Y4MError), fromFile: Bool) throws {
    let source = try Self.source(film.text, fromFile: fromFile)
    #expect(Self.drain(source.source) == film.frames)
    // How much of an odd line is quoted depends on how much of it was read.
    guard case .notAFrame(let number, _) = film.error else {
      #expect(source.source.ending == FilmEnding(film.error))
      return
    }
    guard case .broken(let sentence) = source.source.ending else {
      Issue.record("the film should be broken, but is \(source.source.ending)")
      return
    }
    #expect(sentence.hasPrefix("frame \(number) should begin with a line that starts with FRAME"))
  }

  @Test("a file knows its length and goes anywhere; beyond its end it refuses")
  func seekInFile() throws {
    let source = try Self.source("FRAME\nabcdABFRAME X\nefghCDFRAME\nijklEF", fromFile: true)
    #expect(source.source.frameCount == 3)
    #expect(source.source.seek(to: 2) == .done)
    #expect(Self.drain(source.source) == ["ijklEF"])
    #expect(source.source.seek(to: 1) == .done)
    #expect(Self.drain(source.source) == ["efghCD", "ijklEF"])
    #expect(source.source.seek(to: 3) == .refused("there is no frame 3: the film has 3, the first is 0"))
    #expect(source.source.seek(to: -1) == .refused("there is no frame -1: the film has 3, the first is 0"))
  }

  @Test("a stream goes forward only, and says so")
  func seekInStream() throws {
    let source = try Self.source("FRAME\nabcdABFRAME X\nefghCDFRAME\nijklEFFRAME\nmnopGH", fromFile: false)
    #expect(source.source.frameCount == nil)
    #expect(Self.next(of: source.source) == "abcdAB")
    #expect(source.source.seek(to: 2) == .done)
    #expect(source.source.next == 2)
    #expect(Self.next(of: source.source) == "ijklEF")
    #expect(
      source.source.seek(to: 0)
        == .refused("this film is a stream and only goes forward: frame 0 is past, the next is 3"))
    #expect(Self.drain(source.source) == ["mnopGH"])
  }

  @Test("a stream that stops in the middle of anything is waited for, and goes on where it stopped")
  func streamInPieces() throws {
    let film = Array("FRAME Ip\nabcdABFRAME\nefghCD".utf8)
    let pipe = try Conduit("", staysOpen: true)
    let source = Y4MStream(pipe.output, header: try Self.header)
    var memory = [UInt8](repeating: 0, count: 6)
    var frames: [String] = []
    for byte in film {
      pipe.write([byte])
      if case .frame = Self.fill(source, &memory) { frames.append(String(decoding: memory, as: UTF8.self)) }
    }
    #expect(frames == ["abcdAB", "efghCD"])
    #expect(Self.fill(source, &memory) == .starved)
    pipe.closeInput()
    #expect(Self.fill(source, &memory) == .ended(.whole))
  }

  // MARK: Small films of 2 x 2 pixels: four bytes of brightness, one each of the colours

  private static var header: Y4MHeader {
    get throws { try Y4MHeader(line: "YUV4MPEG2 W2 H2 C420jpeg") }
  }

  private static func source(_ frames: String, fromFile: Bool) throws -> (source: any FrameSource, holder: AnyObject) {
    if fromFile {
      let file = try ScratchFile(Array(("YUV4MPEG2 W2 H2 C420jpeg\n" + frames).utf8))
      return (Y4MFile(file.descriptor, header: try Y4MHeader(from: file.descriptor)), file)
    }
    let pipe = try Conduit(frames)
    return (Y4MStream(pipe.output, header: try header), pipe)
  }

  private static func fill(_ source: any FrameSource, _ memory: inout [UInt8]) -> Filling {
    var span = memory.mutableSpan
    var bytes = unsafe span.mutableBytes
    return source.fill(&bytes, at: 0)
  }

  private static func next(of source: any FrameSource) -> String? {
    var memory = [UInt8](repeating: 0, count: 6)
    while true {
      switch fill(source, &memory) {
      case .frame: return String(decoding: memory, as: UTF8.self)
      case .skipped: continue
      case .starved, .ended: return nil
      }
    }
  }

  private static func drain(_ source: any FrameSource) -> [String] {
    var frames: [String] = []
    while let frame = next(of: source) { frames.append(frame) }
    return frames
  }
}

/// A pipe with something in it.
private final class Conduit {
  let output: Int32
  private var input: Int32

  init(_ text: String, staysOpen: Bool = false) throws {
    var ends: [Int32] = [0, 0]
    try #require(unsafe pipe(&ends) == 0)
    (output, input) = (ends[0], ends[1])
    write(Array(text.utf8))
    if !staysOpen { closeInput() }
  }

  func write(_ bytes: [UInt8]) { _ = unsafe Glibc.write(input, bytes, bytes.count) }

  func closeInput() {
    if input >= 0 { close(input) }
    input = -1
  }

  deinit {
    closeInput()
    close(output)
  }
}

/// A file without a name, which goes with its descriptor.
private final class ScratchFile {
  let descriptor: Int32

  init(_ bytes: [UInt8]) throws {
    var template = Array("/tmp/kbus-y4m-XXXXXX".utf8CString)
    descriptor = unsafe mkstemp(&template)
    try #require(descriptor >= 0)
    _ = unsafe unlink(template)
    try #require(unsafe write(descriptor, bytes, bytes.count) == bytes.count)
    lseek(descriptor, 0, SEEK_SET)
  }

  deinit { close(descriptor) }
}
