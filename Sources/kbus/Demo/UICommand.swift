import ArgumentParser
import Glibc

/// The UI's process. `kbus demo` starts it before the decoder.
///
/// Its options must not be called as those of `kbus demo`, which would take them for its own.
struct UICommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "ui", abstract: "The UI of kbus demo, which starts it.", shouldDisplay: false)

  @Option var directory: String
  @Option var title: String
  @Option var parts: Programme?
  @Flag var lines = false
  @Flag var printChecksums = false
  /// An earlier UI died.
  @Flag var joining = false
  /// A decoder that dies is started anew.
  @Flag var decoderComesAgain = false

  func run() throws {
    let terminal = lines || printChecksums ? nil : Terminal.ofUser()
    let directory = directory
    let remote = RemoteControl(directory: directory, keyboard: terminal?.descriptor ?? -1) {
      // Nobody else is left to tidy up.
      terminal?.restore()
      PrivateDirectory.remove(directory)
      _exit(1)
    }
    let screen = Screen(terminal: terminal, printsChecksums: printChecksums)
    let viewer = try Viewer(
      directory: directory, title: title, screen: screen, programme: parts, joins: joining, decoderComesAgain: decoderComesAgain)
    terminal?.readKeys()
    defer { screen.close() }
    try remote.start()
    let report = try viewer.run(isInteractive: terminal != nil)
    screen.close()
    Console.write(report.summary)
    if !report.faults.isEmpty { throw ExitCode(1) }
  }
}

extension Programme: ExpressibleByArgument {
  init?(argument: String) { self.init(argument) }
}
