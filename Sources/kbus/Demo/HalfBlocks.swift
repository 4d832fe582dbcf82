// A picture in a terminal: every character cell shows two pixels, one above the other, as the upper half block in one
// 24-bit colour on a background of the other.

/// Turns a picture into lines of text.
struct HalfBlocks {
  /// The size in character cells.
  let columns: Int
  let lines: Int
  private let sampler: PictureSampler

  /// Fits the picture into so many cells and keeps its shape; a cell is taken to be twice as high as wide.
  init(_ format: PictureFormat, columnsAtMost: Int, linesAtMost: Int) {
    let rowsAtMost = 2 * max(1, linesAtMost)
    var columns = max(1, columnsAtMost)
    var rows = columns * format.height / format.width
    if rows > rowsAtMost {
      rows = rowsAtMost
      columns = max(1, rows * format.width / format.height)
    }
    self.columns = columns
    lines = max(1, (rows + 1) / 2)
    sampler = PictureSampler(format: format, columns: columns, rows: 2 * lines)
  }

  /// The picture that starts at `offset` of `bytes`, line by line, each with its colours switched off at the end.
  func text(of bytes: borrowing RawSpan, at offset: Int) -> [String] {
    var result: [String] = []
    for line in 0..<lines {
      var text = ""
      var last: (upper: RGB, lower: RGB)?
      for column in 0..<columns {
        let upper = sampler.colour(column: column, row: 2 * line, of: bytes, at: offset)
        let lower = sampler.colour(column: column, row: 2 * line + 1, of: bytes, at: offset)
        // Like colours run on without new escape sequences: this halves what a terminal has to read.
        if last.map({ $0 != (upper, lower) }) ?? true {
          text += "\u{1B}[38;2;\(upper.red);\(upper.green);\(upper.blue);"
          text += "48;2;\(lower.red);\(lower.green);\(lower.blue)m"
          last = (upper, lower)
        }
        text += "\u{2580}"
      }
      result.append(text + "\u{1B}[0m")
    }
    return result
  }
}
