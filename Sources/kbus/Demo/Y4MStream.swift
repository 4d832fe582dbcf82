// A Y4M video in a pipe. Its pictures are read straight into the memory that the caller lends, together with the six
// bytes behind each, which are the start of the next FRAME line: so a frame takes one system call if it is all there.
// Nothing here waits: a decoder that slept in read(2) could not answer the UI meanwhile.

import Glibc

/// A Y4M video that only goes forward.
final class Y4MStream: FrameSource {
  let header: Y4MHeader
  let frameCount: Int? = nil
  /// Frames before this one are passed over.
  private var wanted = 0
  private let descriptor: Int32
  /// The frame that the stream has arrived at.
  private var current = 0
  /// What has been read of the current frame's line, its end included.
  private var line: [UInt8] = []
  /// How much has been read of the current frame's picture.
  private var filled = 0
  private var end: FilmEnding?

  /// Takes over `descriptor`, from which the header line has been read.
  init(_ descriptor: Int32, header: Y4MHeader) {
    self.descriptor = descriptor
    self.header = header
  }

  var next: Int { max(wanted, current) }
  var ending: FilmEnding { end ?? .whole }

  func fill(_ bytes: inout MutableRawSpan, at offset: Int) -> Filling {
    if let end { return .ended(end) }
    do throws(Y4MError) {
      while try arrived() {
        if !hasLine {
          try readLine()
        } else if try readPicture(into: &bytes, at: offset) {
          current += 1
          filled = 0
          return current > wanted ? .frame(current - 1) : .skipped
        }
        if let end { return .ended(end) }
      }
      return .starved
    } catch {
      let end = FilmEnding(error)
      self.end = end
      return .ended(end)
    }
  }

  func seek(to frame: Int) -> Seeking {
    guard frame >= next else {
      return .refused("this film is a stream and only goes forward: frame \(frame) is past, the next is \(next)")
    }
    wanted = frame
    return .done
  }

  private var hasLine: Bool { line.last == UInt8(ascii: "\n") }

  /// Whether a read would return at once, be it with the end of the stream.
  private func arrived() throws(Y4MError) -> Bool {
    var poller = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
    let ready = unsafe poll(&poller, 1, 0)
    if ready < 0 && errno != EINTR { throw .cannotRead(reason: SystemError.text()) }
    return ready > 0
  }

  /// Reads on in the FRAME line: its shortest form first, then byte by byte, so that no picture byte is touched.
  private func readLine() throws(Y4MError) {
    var piece = [UInt8](repeating: 0, count: max(1, FrameLine.shortest - line.count))
    let got = unsafe read(descriptor, &piece, piece.count)
    if got < 0 && errno == EINTR { return }
    if got < 0 { throw .cannotRead(reason: SystemError.text()) }
    if got == 0 {
      guard line.isEmpty else { throw .frameLineCutShort(number: current) }
      if current == 0 { throw .noFrames }
      end = .whole
      return
    }
    try take(piece[..<got])
  }

  /// Adds to the line what has been read of it.
  private func take(_ piece: ArraySlice<UInt8>) throws(Y4MError) {
    line += piece
    try FrameLine.check(hasLine ? line.dropLast() : line[...], isWhole: hasLine, number: current)
  }

  /// Reads on in the picture; true when it is whole.
  private func readPicture(into bytes: inout MutableRawSpan, at offset: Int) throws(Y4MError) -> Bool {
    let missing = header.format.frameBytes - filled
    var behind = [UInt8](repeating: 0, count: FrameLine.shortest)
    let got = unsafe bytes.withUnsafeMutableBytes { picture in
      unsafe behind.withUnsafeMutableBytes { behind in
        let parts = unsafe [
          iovec(iov_base: picture.baseAddress! + offset + filled, iov_len: missing),
          iovec(iov_base: behind.baseAddress, iov_len: behind.count),
        ]
        return unsafe readv(descriptor, parts, Int32(parts.count))
      }
    }
    if got < 0 && errno == EINTR { return false }
    if got < 0 { throw .cannotRead(reason: SystemError.text()) }
    if got == 0 { throw .frameCutShort(number: current, got: filled, of: header.format.frameBytes) }
    guard got >= missing else {
      filled += got
      return false
    }
    line = []
    let extra = behind[..<(got - missing)]
    guard !extra.isEmpty else { return true }
    // A fault in the next frame's line is reported when it is that frame's turn: this one is whole.
    do throws(Y4MError) {
      current += 1
      defer { current -= 1 }
      try take(extra)
    } catch {
      end = FilmEnding(error)
    }
    return true
  }
}
