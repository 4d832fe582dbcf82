// The film that needs no file: colour bars, a grey ramp that drifts along the bottom, and a white ball that bounces.
// It is drawn straight into the memory that the caller lends, whole rows at a time.

/// A moving test card.
final class TestCard: FrameSource {
  let header: Y4MHeader
  let frameCount: Int?
  let ending = FilmEnding.whole
  private(set) var next = 0
  private let count: Int
  /// One row of the bars, in each of the three planes.
  private let bars: (y: [UInt8], cb: [UInt8], cr: [UInt8])
  /// Two periods of the ramp, so that any shift of it is a stretch of this.
  private let ramp: [UInt8]

  /// White, yellow, cyan, green, magenta, red, blue: the classic bars at three quarters, as television codes them.
  private static let colours: [(y: UInt8, cb: UInt8, cr: UInt8)] = [
    (180, 128, 128), (162, 44, 142), (131, 156, 44), (112, 72, 58), (84, 184, 198), (65, 100, 212), (35, 212, 114),
  ]

  /// **Errors:** the sizes that a Y4M header may not have either.
  init(width: Int, height: Int, frames: Int) throws(Y4MError) {
    header = try Self.header(width: width, height: height)
    count = frames
    frameCount = frames
    let format = header.format
    let colours = Self.colours
    bars = (
      (0..<width).map { colours[$0 * colours.count / width].y },
      (0..<format.chromaWidth).map { colours[$0 * colours.count / format.chromaWidth].cb },
      (0..<format.chromaWidth).map { colours[$0 * colours.count / format.chromaWidth].cr }
    )
    ramp = (0..<2 * width).map { UInt8(16 + $0 % width * 219 / width) }
  }

  static func header(width: Int, height: Int) throws(Y4MError) -> Y4MHeader {
    try Y4MHeader(line: "\(Y4MHeader.magic) W\(width) H\(height) F25:1 Ip A1:1 C420jpeg")
  }

  func fill(_ bytes: inout MutableRawSpan, at offset: Int) -> Filling {
    guard next < count else { return .ended(.whole) }
    unsafe bytes.withUnsafeMutableBytes { raw in
      unsafe draw(frame: next, into: UnsafeMutableRawBufferPointer(rebasing: raw[offset...]))
    }
    next += 1
    return .frame(next - 1)
  }

  func seek(to frame: Int) -> Seeking {
    guard frame >= 0, frame < count else {
      return .refused("there is no frame \(frame): the test card has \(count), the first is 0")
    }
    next = frame
    return .done
  }

  private func draw(frame: Int, into picture: UnsafeMutableRawBufferPointer) {
    let format = header.format
    let rampTop = format.height * 5 / 6
    let shift = frame * max(1, format.width / 100) % format.width
    for row in 0..<format.height {
      let pixels = row < rampTop ? bars.y[...] : ramp[shift..<(shift + format.width)]
      unsafe copy(pixels, to: picture, at: row * format.width)
    }
    let colourRampTop = rampTop / format.chroma.share.rows
    let grey = [UInt8](repeating: 128, count: format.chromaWidth)
    for row in 0..<format.chromaHeight {
      let start = format.brightnessBytes + row * format.chromaWidth
      unsafe copy(row < colourRampTop ? bars.cb[...] : grey[...], to: picture, at: start)
      unsafe copy(row < colourRampTop ? bars.cr[...] : grey[...], to: picture, at: start + format.colourBytes)
    }
    unsafe drawBall(frame: frame, into: picture)
  }

  /// The ball is white: its colour samples are made grey, too, or it would be tinted by the bars behind it.
  private func drawBall(frame: Int, into picture: UnsafeMutableRawBufferPointer) {
    let format = header.format
    let radius = max(1, min(format.width, format.height) / 10)
    let x = Self.bounce(frame * max(1, format.width / 80), from: radius, to: format.width - 1 - radius)
    let y = Self.bounce(frame * max(1, format.height / 60), from: radius, to: format.height - 1 - radius)
    for row in max(0, y - radius)...min(format.height - 1, y + radius) {
      let reach = Self.squareRoot(radius * radius - (row - y) * (row - y))
      let columns = max(0, x - reach)...min(format.width - 1, x + reach)
      let white = [UInt8](repeating: 235, count: columns.count)[...]
      unsafe copy(white, to: picture, at: row * format.width + columns.lowerBound)
      let share = format.chroma.share
      let colour = columns.lowerBound / share.columns...columns.upperBound / share.columns
      let grey = [UInt8](repeating: 128, count: colour.count)[...]
      let start = format.brightnessBytes + row / share.rows * format.chromaWidth + colour.lowerBound
      unsafe copy(grey, to: picture, at: start)
      unsafe copy(grey, to: picture, at: start + format.colourBytes)
    }
  }

  private func copy(_ bytes: ArraySlice<UInt8>, to picture: UnsafeMutableRawBufferPointer, at offset: Int) {
    unsafe UnsafeMutableRawBufferPointer(rebasing: picture[offset...]).copyBytes(from: bytes)
  }

  /// Where something is that has gone `way` to and fro between two walls.
  private static func bounce(_ way: Int, from low: Int, to high: Int) -> Int {
    guard high > low else { return max(0, (low + high) / 2) }
    let span = high - low
    let phase = way % (2 * span)
    return low + (phase < span ? phase : 2 * span - phase)
  }

  private static func squareRoot(_ value: Int) -> Int { Int(Double(value).squareRoot()) }
}
