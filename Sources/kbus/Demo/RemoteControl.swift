// The remote control is a participant of its own, as in a set-top box: a thread with a Ksock that announces the keys.
// So the UI waits for one thing only, a message, and keys have their place in the order of everything.

import Glibc
import KBUSShm

/// A key of the remote control; the raw value is what its announcement carries.
enum Key: String {
  case pause, back, forward, quit
}

/// Makes keys of the bytes that a terminal sends.
struct KeyParser {
  private var escape: [UInt8] = []

  mutating func take(_ byte: UInt8) -> Key? {
    if escape == [0x1B] && (byte == UInt8(ascii: "[") || byte == UInt8(ascii: "O")) {
      escape.append(byte)
      return nil
    }
    defer { escape = byte == 0x1B ? [byte] : [] }
    if escape.count == 2 {
      return switch byte {
      case UInt8(ascii: "C"): .forward
      case UInt8(ascii: "D"): .back
      default: nil
      }
    }
    return switch byte {
    case UInt8(ascii: " "): .pause
    case UInt8(ascii: "q"), UInt8(ascii: "Q"): .quit
    default: nil
    }
  }
}

/// Announces what is pressed on the keyboard, and what the parent process asks for.
struct RemoteControl: Sendable {
  let directory: String
  /// The terminal, or -1.
  let keyboard: Int32
  /// Called when the parent is gone; must not return.
  let orphaned: @Sendable () -> Void

  /// The byte by which the parent asks the UI to end, after Ctrl-C for instance.
  static let quitByte = UInt8(ascii: "q")

  func start() throws {
    let ksock = try Ksock(bus: 0, in: directory)
    try startThread { listen(announcingOn: ksock) }
  }

  private func listen(announcingOn ksock: Ksock) {
    var parser = KeyParser()
    var keyboard = keyboard
    while true {
      var pollers = [
        pollfd(fd: keyboard, events: Int16(POLLIN), revents: 0),
        pollfd(fd: Lifeline.descriptor, events: Int16(POLLIN), revents: 0),
      ]
      guard unsafe poll(&pollers, 2, -1) > 0 else { continue }
      var byte: UInt8 = 0
      if pollers[1].revents != 0 {
        let got = unsafe read(Lifeline.descriptor, &byte, 1)
        if got == 0 { orphaned() }
        if got == 1 && byte == Self.quitByte { announce(.quit, on: ksock) }
      }
      if pollers[0].revents != 0 {
        let got = unsafe read(keyboard, &byte, 1)
        if got == 1 {
          if let key = parser.take(byte) { announce(key, on: ksock) }
        } else if got == 0 || errno != EINTR {
          // The terminal has gone, and with it whoever watched.
          keyboard = -1
          announce(.quit, on: ksock)
        }
      }
    }
  }

  /// A key that nobody can take is like one pressed beside the remote control.
  private func announce(_ key: Key, on ksock: Ksock) {
    _ = try? ksock.send(Announcement(DemoName.key, key.rawValue))
  }
}
