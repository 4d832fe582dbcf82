/// What is wrong with a video, in a sentence that says what was found and what would do.
enum Y4MError: Error, Equatable {
  case empty
  case notY4M(found: String)
  case headerCutShort
  case headerTooLong(limit: Int)
  case missing(String)
  case badParameter(String, wanted: String)
  case unsupportedChroma(String)
  case noFrames
  case notAFrame(number: Int, found: String)
  case frameCutShort(number: Int, got: Int, of: Int)
  case frameLineCutShort(number: Int)
  case cannotOpen(path: String, reason: String)
  case cannotRead(reason: String)

  /// Whether the film is merely shorter than meant; all that was whole of it has been played.
  var isCutShort: Bool {
    switch self {
    case .frameCutShort, .frameLineCutShort: true
    default: false
    }
  }
}

extension Y4MError: CustomStringConvertible {
  private static let recipe = "Make such a stream with: ffmpeg -i film.mp4 -pix_fmt yuv420p -f yuv4mpegpipe -"

  var description: String {
    switch self {
    case .empty:
      "the input is empty: there is no Y4M header. \(Self.recipe)"
    case .notY4M(let found):
      "this is not a Y4M video: it starts with \(found), not with YUV4MPEG2. \(Self.recipe)"
    case .headerCutShort:
      "the input ends in the middle of the Y4M header line."
    case .headerTooLong(let limit):
      "the Y4M header line is longer than \(limit) bytes, so this is hardly a Y4M video."
    case .missing(let what):
      "the Y4M header has no \(what)."
    case .badParameter(let parameter, let wanted):
      "the Y4M header has the parameter \(parameter), where \(wanted) was expected."
    case .unsupportedChroma(let chroma):
      "chroma format \(chroma) is not supported, only 8-bit 420, 422, 444, 411 and mono are. "
        + "Convert it with ffmpeg's -pix_fmt yuv420p."
    case .noFrames:
      "the video has a header, but not a single frame."
    case .notAFrame(let number, let found):
      "frame \(number) should begin with a line that starts with FRAME, but there is \(found): the video is damaged there."
    case .frameCutShort(let number, let got, let whole):
      "the last frame, number \(number), is cut short: \(got) of its \(whole) bytes are there. It is left out."
    case .frameLineCutShort(let number):
      "the video ends in the middle of the FRAME line of frame \(number). It is left out."
    case .cannotOpen(let path, let reason):
      "cannot open \(path): \(reason)."
    case .cannotRead(let reason):
      "cannot read the video: \(reason)."
    }
  }

  /// Bytes that should have been text, in a form that any terminal can show.
  static func quote(_ bytes: some Sequence<UInt8>) -> String {
    var text = "\""
    for byte in bytes {
      switch byte {
      case UInt8(ascii: "\n"): text += "\\n"
      case UInt8(ascii: "\""), UInt8(ascii: "\\"): text += "\\" + String(UnicodeScalar(byte))
      case 0x20..<0x7F: text += String(UnicodeScalar(byte))
      default: text += "\\x" + (byte < 16 ? "0" : "") + String(byte, radix: 16)
      }
    }
    return text + "\""
  }
}
