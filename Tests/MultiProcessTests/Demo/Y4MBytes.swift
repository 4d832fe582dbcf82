import Foundation

/// A small Y4M video of 16 x 16 pixels, or what is to be taken for one.
struct Y4MBytes {
  var bytes: [UInt8]

  init(_ text: String) { bytes = Array(text.utf8) }

  init(frames: Int) {
    self.init("YUV4MPEG2 W16 H16 F25:1 C420jpeg\n")
    for frame in 0..<frames {
      bytes += Array("FRAME\n".utf8)
      bytes += [UInt8](repeating: UInt8(truncatingIfNeeded: frame), count: 16 * 16 * 3 / 2)
    }
  }

  /// A pipe that holds all of it: it must be smaller than the 64 KiB that a pipe takes.
  func pipe() throws -> FileHandle {
    let pipe = Pipe()
    precondition(bytes.count < 65536)
    pipe.fileHandleForWriting.write(Data(bytes))
    try pipe.fileHandleForWriting.close()
    return pipe.fileHandleForReading
  }

  /// Plays it with the demo, as a file or as a stream.
  func play(fromFile: Bool) throws -> DemoRun {
    guard fromFile else { return try DemoRun(["--fast", "--input", "-"], input: try pipe()) }
    // A file as standard input is a file all the same.
    let url = FileManager.default.temporaryDirectory.appending(path: "kbus-y4m-\(UUID().uuidString)")
    try Data(bytes).write(to: url)
    defer { try? FileManager.default.removeItem(at: url) }
    let handle = try FileHandle(forReadingFrom: url)
    return try DemoRun(["--fast", "--input", "-"], input: handle)
  }
}
