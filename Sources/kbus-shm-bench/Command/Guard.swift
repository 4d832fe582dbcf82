import ArgumentParser

/// Removes a run's directory when the run has ended, be it by SIGKILL: its standard input is a pipe that only the run
/// itself can write to, so that end of file means the run's end.
struct Guard: ParsableCommand {
  static let configuration = CommandConfiguration(shouldDisplay: false)

  @Option var directory: String

  func run() throws {
    Peer.outliveWritersOfStandardInput()
    PrivateDirectory.removeTree(directory)
  }
}
