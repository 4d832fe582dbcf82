// The parts of the demo that are plain values: rendering, checksums, keys, the course of a run, what is said.

import Testing

@testable import kbus

@Suite("parts of the demo") struct DemoPartsTests {
  @Test(
    "television colours become screen colours",
    arguments: [
      (16, 128, 128, RGB(red: 0, green: 0, blue: 0)), (235, 128, 128, RGB(red: 255, green: 255, blue: 255)),
      (81, 90, 240, RGB(red: 255, green: 0, blue: 0)), (145, 54, 34, RGB(red: 0, green: 255, blue: 1)),
      (41, 240, 110, RGB(red: 0, green: 0, blue: 255)),
    ])
  func colours(y: Int, cb: Int, cr: Int, rgb: RGB) {
    #expect(PictureSampler.rgb(y: y, cb: cb, cr: cr) == rgb)
  }

  @Test("a picture becomes half blocks: upper pixel in front, lower one behind, like neighbours without new colours")
  func halfBlocks() {
    // Two rows, white above black, without colour.
    let picture = [UInt8](repeating: 235, count: 4) + [UInt8](repeating: 16, count: 4)
    let blocks = HalfBlocks(PictureFormat(width: 4, height: 2, chroma: .mono), columnsAtMost: 4, linesAtMost: 10)
    #expect(blocks.lines == 1)
    #expect(
      Self.text(blocks, picture)
        == ["\u{1B}[38;2;255;255;255;48;2;0;0;0m\u{2580}\u{2580}\u{2580}\u{2580}\u{1B}[0m"])
  }

  @Test(
    "a picture fits its cells and keeps its shape",
    arguments: [
      (320, 180, 64, 100, 64, 18), (320, 180, 64, 9, 32, 9), (100, 1000, 72, 24, 4, 24), (1000, 1, 72, 24, 72, 1),
    ])
  func fitting(width: Int, height: Int, columnsAtMost: Int, linesAtMost: Int, columns: Int, lines: Int) {
    let format = PictureFormat(width: width, height: height, chroma: .s420)
    let blocks = HalfBlocks(format, columnsAtMost: columnsAtMost, linesAtMost: linesAtMost)
    #expect(blocks.columns == columns)
    #expect(blocks.lines == lines)
  }

  @Test(
    "every chroma format is sampled within its bytes, odd sides included",
    arguments: [
      PictureFormat.Chroma.s420, .s422, .s444, .s411, .mono,
    ], [(1, 1), (2, 3), (33, 17), (640, 3)])
  func samplingStaysInside(chroma: PictureFormat.Chroma, size: (Int, Int)) {
    let format = PictureFormat(width: size.0, height: size.1, chroma: chroma)
    // The last byte is the last colour sample: a picture read beyond its end would trap.
    let picture = [UInt8](repeating: 128, count: format.frameBytes)
    let blocks = HalfBlocks(format, columnsAtMost: 40, linesAtMost: 12)
    #expect(Self.text(blocks, picture).count == blocks.lines)
  }

  @Test(
    "the test card fills every byte of every frame, and no two frames are alike",
    arguments: [
      (320, 180), (33, 17), (1, 1), (2, 200),
    ])
  func testCard(width: Int, height: Int) throws {
    let card = try TestCard(width: width, height: height, frames: 3)
    var checksums: Set<UInt32> = []
    for number in 0..<3 {
      var (first, second) = ([UInt8](repeating: 0, count: card.header.format.frameBytes), [UInt8]())
      #expect(Self.fill(card, &first) == .frame(number))
      // Drawn again over other bytes, it must come out the same.
      second = [UInt8](repeating: 255, count: first.count)
      #expect(card.seek(to: number) == .done)
      #expect(Self.fill(card, &second) == .frame(number))
      #expect(first == second)
      checksums.insert(Self.checksum(first))
    }
    if width > 16 { #expect(checksums.count == 3) }
    var nothing: [UInt8] = [0]
    #expect(Self.fill(card, &nothing) == .ended(.whole))
  }

  @Test("the checksum is Adler-32 started at 0")
  func checksum() {
    // a = 97 + 98 + 99, b = 97 + 195 + 294
    #expect(Self.checksum(Array("--abc".utf8), from: 2) == 586 << 16 | 294)
    #expect(FrameChecksum.text(0x0126) == "0x00000126")
    // Long enough for both sums to pass the modulus many times; reckoned one byte at a time with wide integers.
    let long = (0..<100_000).map { UInt8(truncatingIfNeeded: $0 &* 31 | 0x80) }
    var (a, b) = (0, 0)
    for byte in long {
      a = (a + Int(byte)) % 65521
      b = (b + a) % 65521
    }
    #expect(Self.checksum(long) == UInt32(b << 16 | a))
  }

  @Test("keys are read from a terminal's bytes")
  func keys() {
    var parser = KeyParser()
    let keys = Array(" \u{1B}[Cx\u{1B}[D\u{1B}OC\u{1B}[Aq\u{1B} C".utf8).compactMap { parser.take($0) }
    #expect(keys == [.pause, .forward, .back, .forward, .quit, .pause])
  }

  @Test("the standard programme shows every frame once, with seeks both ways and a pause", arguments: [10, 11, 100, 997])
  func standardProgramme(count: Int) {
    var programme = Programme.standard(frameCount: count)
    var shown: [Int] = []
    var pauses = 0
    var seeks: [Int] = []
    var step = programme.next()
    while case .play(let part) = step {
      if let last = shown.last, part.first != last + 1 { seeks.append(part.first - last) }
      step = .nothing
      var frame = part.first
      while step == .nothing {
        shown.append(frame)
        step = programme.step(after: frame, of: part)
        if step == .pause {
          pauses += 1
          step = .nothing
        }
        frame += 1
      }
    }
    #expect(step == .finish)
    #expect(shown.sorted() == Array(0..<count))
    #expect(pauses == 1)
    #expect(seeks.contains { $0 > 0 } && seeks.contains { $0 < 0 })
  }

  @Test("parts are read as written, and rubbish is refused")
  func parts() {
    #expect(Programme("0-4,10-")?.parts == [Programme.Part(first: 0, last: 4), Programme.Part(first: 10)])
    #expect(Programme("0-4,10-")?.text == "0-4,10-")
    for text in ["", "5", "4-2", "-3", "a-b", "0-4,", "0-1-2"] { #expect(Programme(text) == nil) }
  }

  @Test(
    "the decoder's state survives being written and read",
    arguments: [
      FilmEnding.whole, .cutShort("the last frame, number 3, is cut short."), .broken("frame 3 is odd: \"x=y\"."),
    ])
  func state(ending: FilmEnding) {
    for count in [nil, 100] {
      let state = DecoderState(
        phase: .paused, next: 3, sent: 4, bytes: 500, waited: 1, frameCount: count, ending: ending)
      #expect(DecoderAnswer(state.text) == .state(state))
    }
    #expect(DecoderAnswer("refused no frame 7") == .refused("no frame 7"))
    #expect(DecoderAnswer("nonsense") == nil)
  }

  private static func text(_ blocks: HalfBlocks, _ picture: [UInt8]) -> [String] {
    unsafe blocks.text(of: picture.span.bytes, at: 0)
  }

  private static func checksum(_ bytes: [UInt8], from offset: Int = 0) -> UInt32 {
    unsafe FrameChecksum.of(bytes.span.bytes, from: offset)
  }

  private static func fill(_ source: TestCard, _ memory: inout [UInt8]) -> Filling {
    var span = memory.mutableSpan
    var bytes = unsafe span.mutableBytes
    return source.fill(&bytes, at: 0)
  }
}
