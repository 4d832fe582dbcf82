import KBUSShm

/// Where the UI shows what it gets: pictures in a terminal, or else lines.
final class Screen {
  private let terminal: Terminal?
  private let printsChecksums: Bool
  private var picture: HalfBlocks?
  private var header: Y4MHeader?
  private var frameCount: Int?
  /// The lines of the last picture, and which frame it was.
  private var pictureLines: [String] = []
  private var number = 0
  /// The last remark, below the picture.
  private var remark = ""
  /// How many lines to go back up before the next picture.
  private var drawn = 0

  init(terminal: Terminal?, printsChecksums: Bool) {
    self.terminal = terminal
    self.printsChecksums = printsChecksums
  }

  func open(_ header: Y4MHeader, frameCount: Int?) {
    self.header = header
    self.frameCount = frameCount
    guard terminal != nil else { return }
    let size = Terminal.size()
    picture = HalfBlocks(header.format, columnsAtMost: min(72, size.columns - 1), linesAtMost: min(24, size.lines - 4))
  }

  /// Shows a frame; its picture starts behind the stamp.
  func show(_ number: Int, phase: DecoderState.Phase, bytes: borrowing RawSpan) {
    if printsChecksums {
      Console.write("frame \(number) \(FrameChecksum.text(FrameChecksum.of(bytes, from: FrameStamp.bytes)))\n")
    }
    self.number = number
    if let picture {
      pictureLines = picture.text(of: bytes, at: FrameStamp.bytes)
      update(phase)
    } else if !printsChecksums, number % lineEvery == 0 {
      Console.write(position(of: number) + "\n")
    }
  }

  /// Draws again what is there, with the state as it is now.
  func update(_ phase: DecoderState.Phase) {
    guard !pictureLines.isEmpty else { return }
    draw(pictureLines + [status(phase), remark])
  }

  /// Something that the user ought to know. In a terminal it is seen with the next update.
  func say(_ sentence: String) {
    remark = sentence
    if picture == nil && !printsChecksums { Console.write(sentence + "\n") }
  }

  /// The last picture stays; what follows comes below it.
  func close() {
    terminal?.restore()
    if drawn > 0 { Console.write("\n") }
  }

  /// Ten lines for a film, one for each second of a stream.
  private var lineEvery: Int {
    max(1, frameCount.map { $0 / 10 } ?? Int(header?.rate.framesPerSecond ?? 25))
  }

  private func position(of number: Int) -> String {
    let seconds = header.map { DemoReport.decimal($0.rate.position(of: number), digits: 2) } ?? "?"
    return "frame \(number)" + (frameCount.map { " of \($0)" } ?? "") + ", \(seconds) s"
  }

  private func status(_ phase: DecoderState.Phase) -> String {
    let sign = phase == .playing ? "\u{25B6}" : "\u{2016}"
    return "\(sign) \(position(of: number))   space: pause, arrows: seek, q: quit"
  }

  private func draw(_ lines: [String]) {
    var text = drawn > 0 ? "\u{1B}[\(drawn)F" : ""
    // Each line wipes what an earlier, longer one left behind it.
    text += lines.map { "\r" + $0 + "\u{1B}[K" }.joined(separator: "\n")
    drawn = lines.count - 1
    Console.write(text)
  }
}
