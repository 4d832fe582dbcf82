// The geometry of a picture: how many bytes a frame has and where a pixel's samples lie. Plain values, no video file.

/// How the pixels of a frame lie in its bytes: a plane of brightness, then two of colour (or none), 8 bits a sample.
struct PictureFormat: Equatable {
  /// How many pixels share one sample of colour.
  enum Chroma: Equatable {
    case s420, s422, s444, s411, mono

    /// Pixels side by side, and one above the other, that share a sample of colour.
    var share: (columns: Int, rows: Int) {
      switch self {
      case .s420: (2, 2)
      case .s422: (2, 1)
      case .s444: (1, 1)
      case .s411: (4, 1)
      case .mono: (1, 1)
      }
    }
  }

  let width: Int
  let height: Int
  let chroma: Chroma

  /// A plane of colour covers the picture, so odd sizes round up.
  var chromaWidth: Int { chroma == .mono ? 0 : (width + chroma.share.columns - 1) / chroma.share.columns }
  var chromaHeight: Int { chroma == .mono ? 0 : (height + chroma.share.rows - 1) / chroma.share.rows }

  var brightnessBytes: Int { width * height }
  var colourBytes: Int { chromaWidth * chromaHeight }
  var frameBytes: Int { brightnessBytes + 2 * colourBytes }

  /// Where the two samples of a pixel's colour lie, in bytes from the start of the picture; nil if there is no colour.
  func colourSamples(x: Int, y: Int) -> (cb: Int, cr: Int)? {
    guard chroma != .mono else { return nil }
    let sample = brightnessBytes + y / chroma.share.rows * chromaWidth + x / chroma.share.columns
    return (sample, sample + colourBytes)
  }
}

/// Frames in a second, as a fraction: 30000/1001 is the rate of American television.
struct FrameRate: Equatable {
  let numerator: Int
  let denominator: Int

  /// What a film without a rate of its own is played at.
  static let usual = FrameRate(numerator: 25, denominator: 1)

  /// How long one frame stays on the screen.
  var frameDuration: Duration { .nanoseconds(Int64(denominator) * 1_000_000_000 / Int64(numerator)) }

  var framesPerSecond: Double { Double(numerator) / Double(denominator) }

  /// When a frame is due, in seconds from the start of the film.
  func position(of frame: Int) -> Double { Double(frame) / framesPerSecond }
}
