import ArgumentParser
import Glibc

/// The decoder's process. `kbus demo` starts it with the film as standard input.
///
/// Its options must not be called as those of `kbus demo`, which would take them for its own.
struct DecoderCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "decoder", abstract: "The decoder of kbus demo, which starts it.", shouldDisplay: false)

  @Option var directory: String
  /// The header line of the film, which the parent has read already.
  @Option var header: String
  /// Draws a test card of so many frames instead of reading a film.
  @Option var testCard: Int?
  @Option var framesToLive: Int?
  @Flag var unpaced = false

  func run() throws {
    try Lifeline.watch { _exit(1) }
    let decoder = try Decoder(source: source(), directory: directory, isPaced: !unpaced, framesToLive: framesToLive)
    try decoder.run()
  }

  private func source() throws(Y4MError) -> any FrameSource {
    let header = try Y4MHeader(line: header)
    if let testCard { return try TestCard(width: header.format.width, height: header.format.height, frames: testCard) }
    var status = stat()
    let isFile = unsafe fstat(STDIN_FILENO, &status) == 0 && status.st_mode & S_IFMT == S_IFREG
    return isFile ? Y4MFile(STDIN_FILENO, header: header) : Y4MStream(STDIN_FILENO, header: header)
  }
}
