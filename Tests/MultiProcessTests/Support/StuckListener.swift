// `kbus listen` in the middle of a message that it can't print, since nobody takes its output: what comes now stays in its queue.

import Glibc
import KBUSShm
import Testing

final class StuckListener {
  let process: RunningProcess
  private let reader: Int32

  /// Returns when it is stuck with its first message, which `sender` has sent.
  init(on bus: ToolBus, _ name: MessageName, _ options: String..., sender: Ksock) throws {
    let path = "\(bus.directory)/fifo"
    try #require(unsafe mkfifo(path, 0o600) == 0)
    reader = unsafe open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC)
    try #require(reader >= 0)
    process = try bus.start(arguments: ["listen", name.description, "--full"] + options, output: path)
    try bus.waitForBindings(name.description)
    try sender.send(Announcement(name, noise(1_000_000)))
    // The first bytes tell that it is printing; the pipe does not hold the rest.
    var waiting = pollfd(fd: reader, events: Int16(POLLIN), revents: 0)
    try #require(unsafe poll(&waiting, 1, 30_000) == 1)
  }

  deinit { close(reader) }

  /// Takes its output, until it ends.
  func unstick() throws -> RunningProcess.Ending {
    _ = fcntl(reader, F_SETFL, 0)
    var buffer = [UInt8](repeating: 0, count: 1 << 16)
    while unsafe read(reader, &buffer, buffer.count) > 0 {}
    return try process.end()
  }
}
