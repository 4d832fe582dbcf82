// The data of a message to be sent. Where the size is known beforehand (a file, or one redirected to standard input),
// they are read straight into the bus: a loan is as long as the message, and nothing is copied.

import Glibc
import KBUSShm

enum Payload {
  case bytes([UInt8])
  /// A regular file, read anew from `offset` for each message, so that every answer of `kbus reply` holds it.
  case file(descriptor: Int32, path: String, offset: Int, count: Int)
  /// A pipe, a terminal, a device: what comes until it ends, and that once only.
  case stream(descriptor: Int32, path: String)

  /// Opens a file; `-` is standard input. The descriptor stays open for as long as the process lives.
  init(contentsOf path: String) throws {
    let isStandardInput = path == "-"
    let name = isStandardInput ? "standard input" : path
    let descriptor = isStandardInput ? STDIN_FILENO : unsafe open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw Failure(errno: errno, doing: "\(name) cannot be opened") }
    var status = stat()
    guard unsafe fstat(descriptor, &status) == 0 else {
      throw Failure(errno: errno, doing: "\(name) cannot be examined")
    }
    let offset = Int(lseek(descriptor, 0, SEEK_CUR))
    let count = Int(status.st_size) - offset
    // Files in /proc call themselves regular and empty, and aren't.
    if status.st_mode & S_IFMT == S_IFREG, status.st_size > 0, offset >= 0, count >= 0 {
      self = .file(descriptor: descriptor, path: name, offset: offset, count: count)
    } else {
      self = .stream(descriptor: descriptor, path: name)
    }
  }

  /// Reads a stream to its end, so that it can be sent more than once; the others are that already.
  func read(for ksock: Ksock) throws -> Payload {
    guard case .stream(let descriptor, let path) = self else { return self }
    // An endless stream ends here: one byte more than any message can hold is enough to know.
    let limit = try ksock.maxMessageSize()
    var piece = [UInt8](repeating: 0, count: 1 << 16)
    var bytes: [UInt8] = []
    while true {
      let got = unsafe Glibc.read(descriptor, &piece, piece.count)
      if got == 0 { break }
      if got < 0 {
        if errno == EINTR { continue }
        throw Failure(errno: errno, doing: "\(path) cannot be read")
      }
      bytes += piece[..<got]
      if bytes.count > limit {
        throw Failure(
          .refused, "\(path) holds more than \(limit) bytes, the longest message of bus \(ksock.bus) (EMSGSIZE)",
          remedy: "Send less, or make a bus with a larger --max-message-size.")
      }
    }
    return .bytes(bytes)
  }

  /// Sends `message` with these data, and returns its id.
  func send(as message: some OutgoingMessage, on ksock: Ksock) throws -> MessageID {
    switch try read(for: ksock) {
    case .bytes(let bytes):
      var message = message.message
      message.data = bytes
      return try ksock.send(message)
    case .file(let descriptor, let path, let offset, let count):
      var loan = try ksock.loan(message, bytes: count)
      var bytes = loan.bytes
      let code = unsafe bytes.withUnsafeMutableBytes { unsafe Self.fill($0, from: descriptor, at: offset) }
      if code == 0 { return try ksock.send(loan) }
      if code == EOF { throw Failure(.refused, "\(path) became shorter while it was read") }
      throw Failure(errno: code, doing: "\(path) cannot be read")
    case .stream:
      preconditionFailure("read(for:) leaves no stream")
    }
  }

  /// Fills `buffer` from a file; returns 0, an errno, or EOF if the file ends too early.
  private static func fill(_ buffer: UnsafeMutableRawBufferPointer, from descriptor: Int32, at offset: Int) -> Int32 {
    var done = 0
    while done < buffer.count {
      let got = unsafe pread(descriptor, buffer.baseAddress! + done, buffer.count - done, off_t(offset + done))
      if got == 0 { return EOF }
      if got > 0 { done += got } else if errno != EINTR { return errno }
    }
    return 0
  }
}
