import ArgumentParser
import Glibc

/// `kbus demo`: what the bus is for, as two real processes.
struct Demo: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "demo",
    abstract: "A decoder and a UI: video frames and control messages between two processes.",
    usage: "kbus demo [<options>]",
    discussion: """
      Starts two processes on a private bus. The decoder reads a video, or draws a test card, and announces each frame \
      without copying it; the UI shows the frames and plays, pauses and seeks by requests. A listener to everything \
      checks that all messages come in one order. A summary follows. Kill either process: it is started anew, and the \
      film goes on.

      In a terminal: space pauses and plays, the arrow keys seek, q quits. Elsewhere the demo runs by itself.

      A film in any format:
        ffmpeg -i film.mp4 -pix_fmt yuv420p -f yuv4mpegpipe - | kbus demo --input -
      """,
    subcommands: [DecoderCommand.self, UICommand.self])

  @Option(help: ArgumentHelp("A Y4M video; - for standard input.", valueName: "file"))
  var input: String?

  @Option(help: ArgumentHelp("The size of the test card (default: 320x180).", valueName: "WxH"))
  var size: PictureSize?

  @Option(help: ArgumentHelp("The number of frames of the test card (default: 100).", valueName: "n"))
  var frames: Int?

  @Flag(help: "As fast as it goes instead of at the video's frame rate.")
  var fast = false

  @Flag(help: "Lines instead of pictures, also in a terminal.")
  var plain = false

  @Flag(help: "Print a checksum of each frame shown (Adler-32, as ffmpeg -f framecrc does).")
  var checksums = false

  @Option(
    help: ArgumentHelp("The parts of the film to play, by frame numbers, such as 0-39,60-99,40-.", valueName: "parts"))
  var play: Programme?

  @Option(
    help: ArgumentHelp("Let the decoder kill itself after so many frames: the UI waits for another one, and goes on.", valueName: "n"))
  var decoderDiesAfter: Int?

  func validate() throws {
    if input != nil && (size != nil || frames != nil) {
      throw ValidationError("--size and --frames are for the test card: a video has its own.")
    }
    if let frames, frames < 1 { throw ValidationError("--frames takes a number from 1 on.") }
    if let decoderDiesAfter, decoderDiesAfter < 1 {
      throw ValidationError("--decoder-dies-after takes a number from 1 on.")
    }
  }

  func run() throws {
    let film = try input.map(openFilm)
    let size = size ?? PictureSize(width: 320, height: 180)
    let header = try film.map(Y4MHeader.init(from:)) ?? TestCard.header(width: size.width, height: size.height)

    var decoder: [String] = fast ? ["--unpaced"] : []
    if film == nil { decoder += ["--test-card", String(frames ?? 100)] }
    var viewer = ["--title", input.map { $0 == "-" ? "standard input" : $0 } ?? "test card"]
    if plain { viewer.append("--lines") }
    if checksums { viewer.append("--print-checksums") }
    if let play { viewer += ["--parts", play.text] }

    let supervisor = Supervisor(
      header: header, film: film, decoderArguments: decoder, viewerArguments: viewer,
      terminal: plain || checksums ? nil : Terminal.ofUser(), start: film.flatMap(placeInFile), decoderDiesAfter: decoderDiesAfter)
    let code = try supervisor.run()
    if code != 0 { throw ExitCode(code) }
  }

  /// Behind the header line, which has been read; nil for a stream.
  private func placeInFile(_ film: Int32) -> off_t? {
    let place = lseek(film, 0, SEEK_CUR)
    return place >= 0 ? place : nil
  }

  private func openFilm(_ path: String) throws -> Int32 {
    if path == "-" {
      guard isatty(STDIN_FILENO) == 0 else {
        throw ValidationError("--input - reads a video from standard input, which is a terminal. Pipe one into it.")
      }
      return STDIN_FILENO
    }
    let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw Y4MError.cannotOpen(path: path, reason: SystemError.text()) }
    return descriptor
  }
}
