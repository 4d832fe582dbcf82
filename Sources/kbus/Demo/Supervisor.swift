// The parent of the demo. It makes the private bus, starts the two processes, and starts anew the one that is killed; when one has
// ended in good order, the other does not outlive it for long. It leaves nothing behind: no process, no file, no terminal in a strange mode.

import ArgumentParser
import Glibc
import KBUSShm

/// Starts the decoder and the UI and waits for their end.
struct Supervisor {
  let header: Y4MHeader
  /// The film's descriptor, behind its header line; nil for the test card.
  let film: Int32?
  let decoderArguments: [String]
  let viewerArguments: [String]
  /// The terminal that the UI may use, to be put right whatever becomes of the UI.
  let terminal: Terminal?
  /// Where in the film's file the first frame is; nil if it is a stream, which can't be begun again.
  let start: off_t?
  /// The number of frames after which the first decoder kills itself.
  let decoderDiesAfter: Int?

  /// How long a process may take to end of its own accord.
  private static let grace = Duration.seconds(5)
  /// Who dies so soon, so often in a row, would do so for ever.
  private static let shortLife = Duration.milliseconds(100)
  private static let mostShortLives = 200

  /// What the demo is at, while it runs.
  private struct Stage {
    var viewer: ChildProcess
    var decoder: ChildProcess
    var viewerEnding: ChildProcess.Ending?
    var decoderEnding: ChildProcess.Ending?
    var started = ContinuousClock.now
    var shortLives = 0
  }

  /// Returns the exit code of the demo.
  func run() throws -> Int32 {
    let signals = SignalSet([SIGCHLD, SIGINT, SIGTERM, SIGHUP])
    signal(SIGCHLD, SIG_DFL)
    // A process that has ended is told nothing more, and that is no reason to end.
    signal(SIGPIPE, SIG_IGN)
    signals.block()
    let directory = try PrivateDirectory.make()
    defer { PrivateDirectory.remove(directory) }
    try Bus.create(0, options: options, in: directory)

    let viewer = try startViewer(directory, isFirst: true)
    let decoder: ChildProcess
    do {
      decoder = try startDecoder(directory, isFirst: true)
    } catch {
      viewer.kill()
      throw error
    }
    defer { terminal?.restore() }
    return watch(Stage(viewer: viewer, decoder: decoder), signals: signals, directory: directory)
  }

  private func startViewer(_ directory: String, isFirst: Bool) throws(SystemError) -> ChildProcess {
    var arguments = ["demo", "ui", "--directory", directory] + viewerArguments
    if !isFirst { arguments.append("--joining") }
    if canBeginAgain { arguments.append("--decoder-comes-again") }
    return try ChildProcess.start(arguments, input: film == STDIN_FILENO ? Self.nothing : STDIN_FILENO)
  }

  private func startDecoder(_ directory: String, isFirst: Bool) throws(SystemError) -> ChildProcess {
    var arguments = ["demo", "decoder", "--directory", directory, "--header", header.line] + decoderArguments
    if isFirst, let decoderDiesAfter { arguments += ["--frames-to-live", String(decoderDiesAfter)] }
    // The one before has read from the same file.
    if let film, let start { lseek(film, start, SEEK_SET) }
    return try ChildProcess.start(arguments, input: film ?? Self.nothing)
  }

  private static let nothing = unsafe open("/dev/null", O_RDWR | O_CLOEXEC)

  /// A test card or a file; of a stream, what was read is lost.
  private var canBeginAgain: Bool { film == nil || start != nil }

  /// A bus with slots for frames of just this size, and not more of them than can be in use at a time.
  private var options: BusOptions {
    var options = BusOptions()
    let frame = FrameStamp.bytes + header.format.frameBytes
    // The bus refuses to be made for messages smaller than 65664 bytes in all.
    let slot = max(frame, 65664) + 1024
    options.slots = [
      BusOptions.SlotClass(bytes: 256, count: 512), BusOptions.SlotClass(bytes: Y4MHeader.longestLine, count: 64),
      BusOptions.SlotClass(bytes: slot, count: DemoLimits.frameSlots),
    ]
    options.maxKsocks = 32
    options.maxBindings = 64
    options.maxRequests = 64
    return options
  }

  private func watch(_ begun: Stage, signals: SignalSet, directory: String) -> Int32 {
    var stage = begun
    var interruptedBy: (signal: Int32, time: ContinuousClock.Instant)?
    var deadline: ContinuousClock.Instant?
    while stage.viewerEnding == nil || stage.decoderEnding == nil {
      switch signals.wait(within: deadline.map { $0 - ContinuousClock.now }) {
      case SIGCHLD:
        stage.viewerEnding = stage.viewerEnding ?? stage.viewer.reap()
        stage.decoderEnding = stage.decoderEnding ?? stage.decoder.reap()
        if deadline == nil { replaceKilled(&stage, directory) }
        // Whichever ends first, the other has no work left.
        if stage.viewerEnding != nil || stage.decoderEnding != nil { deadline = deadline ?? .now + Self.grace }
      case let signal?:
        // The second time in earnest. One keypress may come twice, by the terminal and by a program in between that
        // passes signals on.
        if let interruptedBy {
          if ContinuousClock.now - interruptedBy.time > .seconds(1) { deadline = .now }
        } else {
          interruptedBy = (signal, .now)
          deadline = .now + Self.grace
          stage.viewer.tell(RemoteControl.quitByte)
        }
      case nil:
        if stage.viewerEnding == nil { kill(stage.viewer, "the UI") }
        if stage.decoderEnding == nil { kill(stage.decoder, "the decoder") }
        deadline = .now + Self.grace
      }
    }
    stage.viewer.letGo()
    stage.decoder.letGo()
    return exitCode(viewer: stage.viewerEnding, decoder: stage.decoderEnding, interruptedBy: interruptedBy?.signal)
  }

  /// Starts anew whoever was ended by a signal, while the other has not ended in good order.
  private func replaceKilled(_ stage: inout Stage, _ directory: String) {
    let isKilled = (viewer: Self.isKilled(stage.viewerEnding), decoder: Self.isKilled(stage.decoderEnding) && canBeginAgain)
    guard isKilled.viewer || isKilled.decoder, stage.viewerEnding == nil || isKilled.viewer,
      stage.decoderEnding == nil || isKilled.decoder
    else { return }
    stage.shortLives = ContinuousClock.now - stage.started < Self.shortLife ? stage.shortLives + 1 : 0
    guard stage.shortLives < Self.mostShortLives else { return }
    stage.started = .now
    do {
      if isKilled.viewer {
        terminal?.restore()
        stage.viewer.letGo()
        stage.viewer = try startViewer(directory, isFirst: false)
        stage.viewerEnding = nil
      }
      if isKilled.decoder {
        stage.decoder.letGo()
        stage.decoder = try startDecoder(directory, isFirst: false)
        stage.decoderEnding = nil
      }
    } catch {
      complain("\(error)")
    }
  }

  private static func isKilled(_ ending: ChildProcess.Ending?) -> Bool {
    if case .signal? = ending { true } else { false }
  }

  private func kill(_ child: ChildProcess, _ name: String) {
    complain("\(name) does not end of its own accord, so it is killed")
    child.kill()
  }

  private func exitCode(
    viewer: ChildProcess.Ending?, decoder: ChildProcess.Ending?, interruptedBy: Int32?
  ) -> Int32 {
    if let interruptedBy { return 128 + interruptedBy }
    switch viewer {
    case .exit(0): break
    case .exit(let code)?: return code
    case .signal(let number)?:
      complain("the UI was ended by signal \(number)")
      return 1
    case nil: return 1
    }
    switch decoder {
    case .exit(0): return 0
    case .exit(let code)?: complain("the decoder ended with exit code \(code)")
    case .signal(let number)?: complain("the decoder was ended by signal \(number)")
    case nil: break
    }
    return 1
  }

  private func complain(_ sentence: String) {
    let text = Array("kbus demo: \(sentence)\n".utf8)
    _ = unsafe text.withUnsafeBytes { unsafe write(STDERR_FILENO, $0.baseAddress, $0.count) }
  }
}
