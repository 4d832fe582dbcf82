/// A colour as a terminal wants it.
struct RGB: Equatable {
  var red: UInt8
  var green: UInt8
  var blue: UInt8
}

/// Reads a picture at a size of one's choosing.
///
/// Every pixel of the small picture is the average of four places in the large one: enough for a thumbnail, and the
/// cost doesn't grow with the film.
struct PictureSampler {
  let format: PictureFormat
  let columns: Int
  let rows: Int

  /// The colour of a pixel of the small picture; `offset` is where the large one starts in `bytes`.
  func colour(column: Int, row: Int, of bytes: borrowing RawSpan, at offset: Int) -> RGB {
    var sum = (y: 0, cb: 0, cr: 0)
    for place in 0..<4 {
      let x = (4 * column + 1 + 2 * (place & 1)) * format.width / (4 * columns)
      let y = (4 * row + 1 + 2 * (place >> 1)) * format.height / (4 * rows)
      sum.y += Self.byte(offset + y * format.width + x, of: bytes)
      if let colour = format.colourSamples(x: x, y: y) {
        sum.cb += Self.byte(offset + colour.cb, of: bytes)
        sum.cr += Self.byte(offset + colour.cr, of: bytes)
      } else {
        sum.cb += 128
        sum.cr += 128
      }
    }
    return Self.rgb(y: sum.y / 4, cb: sum.cb / 4, cr: sum.cr / 4)
  }

  /// Television's colours (ITU-R BT.601, 16 to 235) in those of a screen.
  static func rgb(y: Int, cb: Int, cr: Int) -> RGB {
    let (c, d, e) = (298 * (y - 16), cb - 128, cr - 128)
    return RGB(
      red: clamp((c + 409 * e + 128) >> 8), green: clamp((c - 100 * d - 208 * e + 128) >> 8),
      blue: clamp((c + 516 * d + 128) >> 8))
  }

  private static func byte(_ offset: Int, of bytes: borrowing RawSpan) -> Int {
    Int(unsafe bytes.unsafeLoad(fromByteOffset: offset, as: UInt8.self))
  }

  private static func clamp(_ value: Int) -> UInt8 { UInt8(max(0, min(255, value))) }
}
