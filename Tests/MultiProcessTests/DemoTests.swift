// `kbus demo` from outside: what it shows is what was sent, in one order, and whatever happens to its processes it
// ends cleanly.

import Foundation
import Glibc
import KBUSShm
import Testing

@Suite("kbus demo", .timeLimit(.minutes(10))) struct DemoTests {
  /// Frames of the test card for a run that a test ends itself; should the test be killed, the run ends all the same.
  private static let twoMinutes = "3000"

  // MARK: Pictures

  @Test("every frame of the test card is sent, shown once and read in place, and all messages come in order")
  func testCard() throws {
    let run = try DemoRun(["--frames", "60"])
    #expect(try run.exitCode() == 0, "\(run.output)\(run.errors)")
    try expectAllIsWell(run, frames: 60)
    #expect(run.line("Frames").contains("(60 of the film's 60)"))
    // Watch, describe, position, stop; a pause; three parts with a seek to each of the last two.
    #expect(try run.number("Requests", "sent") > 200)
    #expect(run.line("Round trip").contains("p99"))
    #expect(run.errors.isEmpty)
  }

  @Test("unpaced, and in odd sizes, nothing is lost either", arguments: ["1x1", "33x17", "1280x720"])
  func unpaced(size: String) throws {
    let run = try DemoRun(["--fast", "--size", size, "--frames", "150"])
    #expect(try run.exitCode() == 0, "\(run.output)\(run.errors)")
    try expectAllIsWell(run, frames: 150)
  }

  @Test("seeks lead to the frames asked for, forward and back")
  func seeks() throws {
    let run = try DemoRun(["--fast", "--checksums", "--frames", "50", "--play", "10-12,40-41,0-2,2-2"])
    #expect(try run.exitCode() == 0, "\(run.output)\(run.errors)")
    #expect(run.checksums.map(\.frame) == [10, 11, 12, 40, 41, 0, 1, 2, 2])
    #expect(run.checksums.suffix(2).first?.checksum == run.checksums.last?.checksum)
    try expectAllIsWell(run, frames: 9)
  }

  private static let recipes = [
    Film.Recipe(codec: "libx264", pixelFormat: "yuv420p", size: "320x180", frames: 75),
    Film.Recipe(codec: "mpeg4", pixelFormat: "yuv420p", size: "177x101", frames: 40),
    Film.Recipe(codec: "libx264", pixelFormat: "yuv444p", size: "160x120", frames: 30),
  ]

  @Test(
    "every pixel of a real video arrives, from a file and from a pipe",
    .enabled(if: Film.ffmpeg != nil, "ffmpeg is not installed, so there is no real video to decode"),
    arguments: recipes, [true, false])
  func realVideo(recipe: Film.Recipe, fromFile: Bool) throws {
    let film = try Film(recipe)
    let arguments = ["--fast", "--checksums", "--input"]
    let run: DemoRun
    if fromFile {
      run = try DemoRun(arguments + [try film.y4m().path])
    } else {
      let stream = try film.stream()
      run = try DemoRun(arguments + ["-"], input: stream.output)
    }
    #expect(try run.exitCode() == 0, "\(run.output)\(run.errors)")
    try expectAllIsWell(run, frames: recipe.frames)
    let expected = try film.checksums()
    #expect(expected.count == recipe.frames)
    #expect(run.checksums.sorted { $0.frame < $1.frame }.map(\.frame) == Array(0..<recipe.frames))
    #expect(run.checksums.sorted { $0.frame < $1.frame }.map(\.checksum) == expected)
    if fromFile {
      #expect(run.checksums.map(\.frame) != Array(0..<recipe.frames), "a file is played with seeks")
    } else {
      #expect(try run.number("Requests", "refusals") == 1, "a stream refuses to go back")
    }
  }

  @Test("a stream goes forward when asked to, and only forward")
  func streamSeeks() throws {
    let stream = try Y4MBytes(frames: 30).pipe()
    let run = try DemoRun(["--fast", "--checksums", "--input", "-", "--play", "0-4,20-22,3-,25-"], input: stream)
    #expect(try run.exitCode() == 0, "\(run.output)\(run.errors)")
    #expect(run.checksums.map(\.frame) == [0, 1, 2, 3, 4, 20, 21, 22, 25, 26, 27, 28, 29])
    #expect(try run.number("Requests", "refusals") == 1)
  }

  // MARK: Flow control

  @Test("a Listener that does not keep up makes the decoder wait, and misses no frame")
  func slowListener() throws {
    let run = try DemoRun(["--frames", Self.twoMinutes, "--play", "0-"])
    let listener = try Ksock(bus: 0, in: try #require(run.child("ui").directory))
    try listener.setMaxMessages(1)
    try listener.bind("$.Decoder.Frame")
    try DemoRun.wait(for: "a frame that waits for room") { try listener.statistics().ksocks.contains { $0.isPending } }
    var numbers: [Int64] = []
    func listen() throws {
      while let frame = try listener.take() { numbers.append(unsafe frame.bytes.unsafeLoad(as: Int64.self)) }
    }
    try DemoRun.wait(for: "twenty frames") {
      try listen()
      return numbers.count >= 20
    }
    run.signal(SIGINT)
    #expect(try run.exitCode(meanwhile: listen) == 128 + SIGINT)
    let first = try #require(numbers.first)
    #expect(numbers == Array(first..<first + Int64(numbers.count)))
    #expect(try run.number("Waiting", "frames") >= 1, "\(run.output)")
    #expect(try run.number("Frames", "sent") == run.number("Frames", "shown"))
    #expect(run.line("Result") == "all is well", "\(run.output)\(run.errors)")
  }

  // MARK: In a terminal

  @Test("in a terminal there is a picture, keys pause, seek and quit, and the terminal is left as it was")
  func terminal() throws {
    let terminal = try PseudoTerminal(columns: 80, lines: 24)
    let before = terminal.settings
    let run = try DemoRun(["--frames", "1000", "--size", "64x36"], terminal: terminal)
    try DemoRun.wait(for: "a picture of a playing film") { terminal.screen.contains("\u{25B6} frame 2 of 1000") }
    #expect(terminal.screen.contains("\u{1B}[38;2;"))
    #expect(terminal.settings != before, "keys are read one by one")
    terminal.type(" ")
    try DemoRun.wait(for: "the sign of a pause") { terminal.screen.contains("\u{2016} frame") }
    terminal.type("\u{1B}[C")
    try DemoRun.wait(for: "a frame after a seek forward") { terminal.screen.contains("Going to frame") }
    terminal.type(" ")
    let seen = terminal.screen.count
    try DemoRun.wait(for: "a film that plays again") { terminal.screen.dropFirst(seen).contains("\u{25B6} frame") }
    terminal.type("q")
    #expect(try run.exitCode() == 0, "\(run.errors)")
    try DemoRun.wait(for: "the summary") { terminal.screen.contains("all is well") }
    #expect(terminal.settings == before)
    #expect(terminal.screen.contains("\u{1B}[?25h"), "the cursor is back")
  }

  @Test("a UI that is killed in a terminal comes back there; in the end the terminal is as it was")
  func terminalAfterKilledUI() throws {
    let terminal = try PseudoTerminal(columns: 80, lines: 24)
    let before = terminal.settings
    let run = try DemoRun(["--frames", Self.twoMinutes, "--size", "64x36"], terminal: terminal)
    let viewer = try run.child("ui")
    try DemoRun.wait(for: "a picture") { terminal.screen.contains("frame 2 of") }
    let seen = terminal.screen.count
    kill(viewer.pid, SIGKILL)
    try DemoRun.wait(for: "a picture of another UI") { terminal.screen.dropFirst(seen).contains("\u{25B6} frame") }
    #expect(terminal.settings != before, "keys are read one by one")
    terminal.type("q")
    #expect(try run.exitCode() == 0, "\(run.errors)")
    try DemoRun.wait(for: "the terminal's old settings") { terminal.settings == before }
    try DemoRun.wait(for: "the cursor") { terminal.screen.contains("\u{1B}[?25h") }
  }

  @Test("a terminal is left as it was even when the process that started the UI is killed")
  func terminalAfterKill() throws {
    let terminal = try PseudoTerminal(columns: 80, lines: 24)
    let before = terminal.settings
    let run = try DemoRun(["--frames", Self.twoMinutes, "--size", "64x36"], terminal: terminal)
    try DemoRun.wait(for: "a picture") { terminal.screen.contains("frame 2 of") }
    kill(run.pid, SIGKILL)
    #expect(try run.exitCode() != 0)
    try DemoRun.wait(for: "the terminal's old settings") { terminal.settings == before }
    try DemoRun.wait(for: "the cursor") { terminal.screen.contains("\u{1B}[?25h") }
  }

  // MARK: Bad input

  @Test(
    "input that is no Y4M video is refused with the reason, before any process is started",
    arguments: [
      ("", "the input is empty"), ("RIFF....AVI LIST and so on", "starts with \"RIFF....A\", not with YUV4MPEG2"),
      ("YUV4MPEG2 W16", "in the middle of the Y4M header line"), ("YUV4MPEG2 H16\n", "no width"),
      ("YUV4MPEG2 W16 H0\n", "H0"), ("YUV4MPEG2 W16 H16 C420p10\n", "chroma format 420p10 is not supported"),
    ])
  func badHeader(text: String, reason: String) throws {
    let run = try DemoRun(["--input", "-"], input: try Y4MBytes(text).pipe())
    #expect(try run.exitCode() == 1)
    #expect(run.errors.contains(reason), "\(run.errors)")
    #expect(run.output.isEmpty)
  }

  @Test("a file that is not there is refused with the reason")
  func noFile() throws {
    let run = try DemoRun(["--input", "/nowhere/film.y4m"])
    #expect(try run.exitCode() == 1)
    #expect(run.errors.contains("cannot open /nowhere/film.y4m: No such file or directory"))
  }

  @Test("a video whose last frame is cut short is played up to it, and that is said", arguments: [true, false])
  func cutShort(fromFile: Bool) throws {
    var film = Y4MBytes(frames: 12)
    film.bytes.removeLast(100)
    let run = try film.play(fromFile: fromFile)
    #expect(try run.exitCode() == 0, "\(run.output)\(run.errors)")
    try expectAllIsWell(run, frames: 11)
    #expect(run.line("Film's end").hasPrefix("the last frame, number 11, is cut short: 284 of its 384 bytes are there."))
  }

  @Test("a video that is damaged in the middle is played up to there, and the exit code says so", arguments: [true, false])
  func damaged(fromFile: Bool) throws {
    var film = Y4MBytes(frames: 12)
    film.bytes.append(contentsOf: Array("rubbish".utf8))
    film.bytes.append(contentsOf: Y4MBytes(frames: 3).bytes)
    let run = try film.play(fromFile: fromFile)
    #expect(try run.exitCode() == 1)
    #expect(try run.number("Frames", "shown") == 12)
    #expect(run.line("Result").contains("frame 12 should begin with a line that starts with FRAME"))
  }

  // MARK: Ends

  @Test("when the decoder dies the UI shows what was sent, names the status that told it, and goes on with the next decoder")
  func decoderDies() throws {
    let run = try DemoRun(["--frames", "50", "--fast", "--decoder-dies-after", "7"])
    #expect(try run.exitCode() == 0, "\(run.output)\(run.errors)")
    #expect(run.output.contains("The decoder is gone: the bus answers $.KBUS.Replier."), "\(run.output)")
    #expect(run.output.contains("A new decoder goes on with frame 7."))
    #expect(run.line("Decoder").hasPrefix("1 died, and another one went on"))
    try expectAllIsWell(run, frames: 50)
  }

  @Test("of a stream, what a killed decoder had read is lost: it is noticed while the UI waits for frames, and the exit code says so")
  func decoderKilled() throws {
    // The stream never goes on: nobody sends anything, and only the status can tell.
    let input = Pipe()
    input.fileHandleForWriting.write(Data(Y4MBytes(frames: 3).bytes))
    let run = try DemoRun(["--input", "-", "--checksums"], input: input.fileHandleForReading)
    let decoder = try run.child("decoder")
    try DemoRun.wait(for: "three frames") { run.checksums.count == 3 }
    kill(decoder.pid, SIGKILL)
    #expect(try run.exitCode() == 1)
    #expect(run.line("Decoder") == "gone: the bus answered $.KBUS.Replier.Ignored in its place")
    #expect(try run.number("Frames", "shown") == 3)
    #expect(run.errors.contains("the decoder was ended by signal 9"))
    try input.fileHandleForWriting.close()
  }

  @Test("Ctrl-C ends everything in good order: summary, no file and no process left", arguments: [SIGINT, SIGTERM])
  func interrupted(signal: Int32) throws {
    let run = try DemoRun(["--frames", Self.twoMinutes])
    let (decoder, viewer) = (try run.child("decoder"), try run.child("ui"))
    let directory = try #require(viewer.directory)
    try DemoRun.wait(for: "the first frame") { run.output.contains("frame 0") }
    #expect(FileManager.default.fileExists(atPath: directory))
    // Twice, as from a terminal and from a program in between that passes signals on: that is one wish all the same.
    run.signal(signal)
    run.signal(signal)
    #expect(try run.exitCode() == 128 + signal)
    #expect(run.line("Result") == "all is well", "\(run.output)\(run.errors)")
    try expectNothingLeft(of: [decoder, viewer], in: directory)
  }

  @Test("when the process that started the others is killed they end, and nothing is left") func parentKilled() throws {
    let run = try DemoRun(["--frames", Self.twoMinutes])
    let (decoder, viewer) = (try run.child("decoder"), try run.child("ui"))
    let directory = try #require(viewer.directory)
    try DemoRun.wait(for: "the first frame") { run.output.contains("frame 0") }
    kill(run.pid, SIGKILL)
    #expect(try run.exitCode() == 128 + SIGKILL)
    try expectNothingLeft(of: [decoder, viewer], in: directory)
  }

  private func expectNothingLeft(of children: [DemoRun.Child], in directory: String) throws {
    try DemoRun.wait(for: "the end of all processes") { children.allSatisfy { !$0.isAlive } }
    try DemoRun.wait(for: "the removal of \(directory)") { !FileManager.default.fileExists(atPath: directory) }
  }

  // MARK: What a good run looks like

  private func expectAllIsWell(_ run: DemoRun, frames: Int) throws {
    #expect(try run.number("Frames", "sent") == frames)
    #expect(try run.number("Frames", "shown") == frames)
    #expect(try run.number("Zero copy", "frames") == frames)
    #expect(try run.number("Waiting", "frames") == 0)
    #expect(try run.number("Order", "inversions") == 0)
    #expect(try run.number("Order", "missing") == 0)
    #expect(try run.number("Order", "messages") > 2 * frames)
    #expect(run.line("Result") == "all is well")
  }
}
