// The first line of a Y4M video: `YUV4MPEG2 W320 H180 F25:1 Ip A1:1 C420jpeg XYSCSS=420JPEG`.

import Glibc

/// What the header line of a Y4M video says.
struct Y4MHeader: Equatable {
  let format: PictureFormat
  let rate: FrameRate
  /// The line itself, without its end: what the decoder tells the UI when asked about the film.
  let line: String

  static let magic = "YUV4MPEG2"
  /// Real header lines have less than a hundred bytes.
  static let longestLine = 4096
  /// No side of a picture is longer: 16K video has 15360 pixels in a row.
  static let longestSide = 16384

  init(line: String) throws(Y4MError) {
    self.line = line
    let words = line.split(separator: " ")
    guard words.first == Self.magic[...] else { throw .notY4M(found: Y4MError.quote(line.utf8.prefix(16))) }
    var width: Int?
    var height: Int?
    var rate = FrameRate.usual
    var chroma = PictureFormat.Chroma.s420
    for word in words.dropFirst() {
      let value = word.dropFirst()
      // Parameters with other letters (interlacing, pixel shape, comments) don't change where the bytes lie.
      switch word.first {
      case "W": width = try Self.side(word)
      case "H": height = try Self.side(word)
      case "F": rate = try Self.rate(word)
      case "C": chroma = try Self.chroma(String(value))
      default: break
      }
    }
    guard let width else { throw .missing("width (W)") }
    guard let height else { throw .missing("height (H)") }
    self.rate = rate
    format = PictureFormat(width: width, height: height, chroma: chroma)
  }

  private static func side(_ word: Substring) throws(Y4MError) -> Int {
    guard let pixels = Int(word.dropFirst()), pixels >= 1, pixels <= longestSide else {
      throw .badParameter(String(word), wanted: "a number of pixels from 1 to \(longestSide)")
    }
    return pixels
  }

  private static func rate(_ word: Substring) throws(Y4MError) -> FrameRate {
    let parts = word.dropFirst().split(separator: ":", omittingEmptySubsequences: false)
    guard parts.count == 2, let numerator = Int32(parts[0]), let denominator = Int32(parts[1]),
      numerator >= 0, denominator >= 0
    else {
      throw .badParameter(String(word), wanted: "a frame rate such as F25:1")
    }
    // 0:0 is how the format says "unknown".
    guard numerator > 0, denominator > 0 else { return .usual }
    return FrameRate(numerator: Int(numerator), denominator: Int(denominator))
  }

  private static func chroma(_ tag: String) throws(Y4MError) -> PictureFormat.Chroma {
    switch tag {
    // The variants differ in where a sample of colour sits between its pixels, not in where its byte lies.
    case "420", "420jpeg", "420mpeg2", "420paldv": .s420
    case "422": .s422
    case "444": .s444
    case "411": .s411
    case "mono": .mono
    default: throw .unsupportedChroma(tag)
    }
  }

  /// Reads the header line and not one byte more, so that whoever reads on from the descriptor starts at the first frame.
  init(from descriptor: Int32) throws(Y4MError) {
    var bytes: [UInt8] = []
    while true {
      var byte: UInt8 = 0
      let got = unsafe read(descriptor, &byte, 1)
      if got < 0 && errno == EINTR { continue }
      if got < 0 { throw .cannotRead(reason: SystemError.text()) }
      if got == 0 { throw bytes.isEmpty ? .empty : .headerCutShort }
      if byte == UInt8(ascii: "\n") { break }
      bytes.append(byte)
      // Says so at once rather than after 4096 bytes of something else.
      if bytes.count == Self.magic.utf8.count, !bytes.elementsEqual(Self.magic.utf8) {
        throw .notY4M(found: Y4MError.quote(bytes))
      }
      if bytes.count > Self.longestLine { throw .headerTooLong(limit: Self.longestLine) }
    }
    try self.init(line: String(decoding: bytes, as: UTF8.self))
  }
}
