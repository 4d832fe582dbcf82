// The parent of the demo. It makes the private bus, starts the two processes, sees to it that neither outlives the
// other for long, and leaves nothing behind: no process, no file, no terminal in a strange mode.

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
  /// Whether the decoder is meant to die.
  let decoderMayDie: Bool

  /// How long a process may take to end of its own accord.
  private static let grace = Duration.seconds(5)

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

    let nothing = unsafe open("/dev/null", O_RDWR | O_CLOEXEC)
    let viewer = try ChildProcess.start(
      ["demo", "ui", "--directory", directory] + viewerArguments, input: film == STDIN_FILENO ? nothing : STDIN_FILENO)
    let decoder: ChildProcess
    do {
      decoder = try ChildProcess.start(
        ["demo", "decoder", "--directory", directory, "--header", header.line] + decoderArguments,
        input: film ?? nothing)
    } catch {
      viewer.kill()
      throw error
    }
    defer { terminal?.restore() }
    return watch(viewer: viewer, decoder: decoder, signals: signals, directory: directory)
  }

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

  private func watch(viewer: ChildProcess, decoder: ChildProcess, signals: SignalSet, directory: String) -> Int32 {
    var viewerEnding: ChildProcess.Ending?
    var decoderEnding: ChildProcess.Ending?
    var interruptedBy: (signal: Int32, time: ContinuousClock.Instant)?
    var deadline: ContinuousClock.Instant?
    while viewerEnding == nil || decoderEnding == nil {
      switch signals.wait(within: deadline.map { $0 - ContinuousClock.now }) {
      case SIGCHLD:
        viewerEnding = viewerEnding ?? viewer.reap()
        decoderEnding = decoderEnding ?? decoder.reap()
        // Until there is a reaper, the Ksocks of a dead process are closed by whoever opens the bus next.
        if case .signal? = decoderEnding, viewerEnding == nil { _ = try? Ksock(bus: 0, in: directory) }
        // Whichever ends first, the other has no work left.
        if viewerEnding != nil || decoderEnding != nil { deadline = deadline ?? .now + Self.grace }
      case let signal?:
        // The second time in earnest. One keypress may come twice, by the terminal and by a program in between that
        // passes signals on.
        if let interruptedBy {
          if ContinuousClock.now - interruptedBy.time > .seconds(1) { deadline = .now }
        } else {
          interruptedBy = (signal, .now)
          deadline = .now + Self.grace
          viewer.tell(RemoteControl.quitByte)
        }
      case nil:
        if viewerEnding == nil { kill(viewer, "the UI") }
        if decoderEnding == nil { kill(decoder, "the decoder") }
        deadline = .now + Self.grace
      }
    }
    viewer.letGo()
    decoder.letGo()
    return exitCode(viewer: viewerEnding, decoder: decoderEnding, interruptedBy: interruptedBy?.signal)
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
    case .signal(SIGKILL) where decoderMayDie: return 0
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
