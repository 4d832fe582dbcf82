// Real video for the demo's tests: encoded by ffmpeg, and decoded by it again on the way to the demo.

import Foundation
import Testing

/// An encoded film, in a directory that goes with it.
final class Film {
  private let directory: URL
  private let url: URL
  private let pixelFormat: String

  static let ffmpeg: URL? = (ProcessInfo.processInfo.environment["PATH"] ?? "").split(separator: ":")
    .map { URL(filePath: String($0)).appending(path: "ffmpeg") }
    .first { FileManager.default.isExecutableFile(atPath: $0.path) }

  /// What a film is made of.
  struct Recipe: CustomStringConvertible {
    var codec: String
    var pixelFormat: String
    var size: String
    var frames: Int
    var description: String { "\(codec), \(pixelFormat), \(size), \(frames) frames" }
  }

  init(_ recipe: Recipe) throws {
    directory = FileManager.default.temporaryDirectory.appending(path: "kbus-film-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: false)
    url = directory.appending(path: "film.mp4")
    pixelFormat = recipe.pixelFormat
    try run([
      "-f", "lavfi", "-i", "testsrc2=size=\(recipe.size):rate=25", "-frames:v", String(recipe.frames), "-c:v",
      recipe.codec, "-pix_fmt", pixelFormat, url.path,
    ])
  }

  deinit { try? FileManager.default.removeItem(at: directory) }

  /// The film as a Y4M file.
  func y4m() throws -> URL {
    let target = directory.appending(path: "film.y4m")
    try run(decoding + ["-f", "yuv4mpegpipe", target.path])
    return target
  }

  /// The checksum of every frame, as ffmpeg reckons it.
  func checksums() throws -> [String] {
    let target = directory.appending(path: "framecrc")
    try run(decoding + ["-f", "framecrc", target.path])
    let lines = try String(contentsOf: target, encoding: .utf8).split(separator: "\n")
    // Stream, two times, duration, size, checksum.
    return lines.filter { !$0.hasPrefix("#") }.compactMap { line in
      line.split(separator: ",").last?.trimmingCharacters(in: .whitespaces)
    }
  }

  /// An ffmpeg that decodes the film into a pipe, as fast as that is read.
  func stream() throws -> (process: Process, output: FileHandle) {
    let pipe = Pipe()
    let process = Process()
    process.executableURL = Self.ffmpeg
    process.arguments = ["-nostdin", "-v", "error"] + decoding + ["-f", "yuv4mpegpipe", "-"]
    process.standardInput = FileHandle.nullDevice
    process.standardOutput = pipe.fileHandleForWriting
    try process.run()
    // Or the reader would never see the end.
    try pipe.fileHandleForWriting.close()
    return (process, pipe.fileHandleForReading)
  }

  private var decoding: [String] { ["-i", url.path, "-pix_fmt", pixelFormat, "-strict", "-1"] }

  private func run(_ arguments: [String]) throws {
    let process = Process()
    process.executableURL = Self.ffmpeg
    process.arguments = ["-nostdin", "-y", "-v", "error"] + arguments
    process.standardInput = FileHandle.nullDevice
    try process.run()
    process.waitUntilExit()
    try #require(process.terminationStatus == 0, "ffmpeg \(arguments.joined(separator: " ")) failed")
  }
}
