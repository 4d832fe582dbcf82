// A Y4M video in a seekable file. FRAME lines may differ in length, so an index of where each picture starts is made
// first: reading six bytes and passing over a picture costs a microsecond or two per frame.

import Glibc

/// Where the pictures of a Y4M file lie.
struct Y4MIndex {
  /// The first byte of each whole frame's picture, from the start of the file.
  private(set) var pictures: [Int] = []
  private(set) var ending = FilmEnding.whole

  /// Reads the FRAME lines from `start`, the end of the header line, to the end of the file.
  init(of descriptor: Int32, from start: Int, frameBytes: Int) {
    let size = Int(lseek(descriptor, 0, SEEK_END))
    var position = start
    var chunk = [UInt8](repeating: 0, count: 256)
    do throws(Y4MError) {
      while position < size {
        let got = unsafe pread(descriptor, &chunk, chunk.count, off_t(position))
        guard got > 0 else { throw .cannotRead(reason: got < 0 ? SystemError.text() : "the file became shorter") }
        let bytes = chunk[..<got]
        let lineEnd = bytes.firstIndex(of: UInt8(ascii: "\n"))
        try FrameLine.check(bytes[..<(lineEnd ?? bytes.endIndex)], isWhole: lineEnd != nil, number: pictures.count)
        guard let lineEnd else { throw .frameLineCutShort(number: pictures.count) }
        let picture = position + lineEnd + 1
        guard picture + frameBytes <= size else {
          throw .frameCutShort(number: pictures.count, got: size - picture, of: frameBytes)
        }
        pictures.append(picture)
        position = picture + frameBytes
      }
      if pictures.isEmpty { throw .noFrames }
    } catch {
      ending = FilmEnding(error)
    }
  }
}

/// A Y4M video in a file: every frame can be had at any time.
final class Y4MFile: FrameSource {
  let header: Y4MHeader
  private(set) var next = 0
  private let descriptor: Int32
  private let index: Y4MIndex

  /// Takes over `descriptor`, which stands behind the header line.
  init(_ descriptor: Int32, header: Y4MHeader) {
    self.descriptor = descriptor
    self.header = header
    index = Y4MIndex(of: descriptor, from: Int(lseek(descriptor, 0, SEEK_CUR)), frameBytes: header.format.frameBytes)
  }

  var frameCount: Int? { index.pictures.count }
  var ending: FilmEnding { index.ending }

  func fill(_ bytes: inout MutableRawSpan, at offset: Int) -> Filling {
    guard next < index.pictures.count else { return .ended(index.ending) }
    guard lseek(descriptor, off_t(index.pictures[next]), SEEK_SET) >= 0 else {
      return .ended(FilmEnding(.cannotRead(reason: SystemError.text())))
    }
    var filled = 0
    while filled < header.format.frameBytes {
      let got = unsafe bytes.withUnsafeMutableBytes { raw in
        unsafe read(descriptor, raw.baseAddress! + offset + filled, header.format.frameBytes - filled)
      }
      if got < 0 && errno == EINTR { continue }
      if got < 0 { return .ended(FilmEnding(.cannotRead(reason: SystemError.text()))) }
      if got == 0 { return .ended(FilmEnding(.frameCutShort(number: next, got: filled, of: header.format.frameBytes))) }
      filled += got
    }
    next += 1
    return .frame(next - 1)
  }

  func seek(to frame: Int) -> Seeking {
    guard frame >= 0, frame < index.pictures.count else {
      return .refused("there is no frame \(frame): the film has \(index.pictures.count), the first is 0")
    }
    next = frame
    return .done
  }
}
