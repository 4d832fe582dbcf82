/// The line before each picture of a Y4M video: `FRAME`, and perhaps parameters behind a space.
enum FrameLine {
  static let word = Array("FRAME".utf8)
  /// The shortest such line, its end included. No picture byte lies within so many bytes of the line's start.
  static let shortest = 6
  /// What comes behind the word says how a frame is interlaced, in a few letters.
  static let longest = 255

  /// Checks a line without its end, or as much of it as there is.
  static func check(_ bytes: some Collection<UInt8>, isWhole: Bool, number: Int) throws(Y4MError) {
    let start = Array(bytes.prefix(word.count))
    guard word.starts(with: start), !isWhole || start.count == word.count else {
      throw .notAFrame(number: number, found: Y4MError.quote(bytes.prefix(16)))
    }
    guard bytes.count > word.count else { return }
    let behind = bytes[bytes.index(bytes.startIndex, offsetBy: word.count)]
    guard behind == UInt8(ascii: " "), bytes.count <= longest else {
      throw .notAFrame(number: number, found: Y4MError.quote(bytes.prefix(16)))
    }
  }
}
