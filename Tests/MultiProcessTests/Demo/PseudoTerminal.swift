// A terminal without a screen: what a program writes to it can be read, and keys can be typed.

import Foundation
import Glibc
import Testing

/// A pseudo-terminal with somebody who looks at it.
final class PseudoTerminal {
  private let master: Int32
  /// What the program gets.
  let slave: FileHandle
  private var seen: [UInt8] = []

  /// TIOCSPTLCK and TIOCGPTN, which <stdlib.h> hides behind functions that Swift's Glibc module leaves out.
  private static let setLock: UInt = 0x4004_5431
  private static let getNumber: UInt = 0x8004_5430

  init(columns: UInt16, lines: UInt16) throws {
    master = unsafe open("/dev/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC)
    var locked: Int32 = 0
    var number: Int32 = 0
    try #require(master >= 0)
    try #require(unsafe ioctl(master, Self.setLock, &locked) == 0)
    try #require(unsafe ioctl(master, Self.getNumber, &number) == 0)
    let path = "/dev/pts/\(number)"
    let descriptor = unsafe open(path, O_RDWR | O_NOCTTY | O_CLOEXEC)
    try #require(descriptor >= 0)
    slave = FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
    var size = winsize(ws_row: lines, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0)
    try #require(unsafe ioctl(master, UInt(TIOCSWINSZ), &size) == 0)
    _ = fcntl(master, F_SETFL, O_NONBLOCK)
  }

  deinit { close(master) }

  /// Everything that has been written so far.
  var screen: String {
    look()
    return String(decoding: seen, as: UTF8.self)
  }

  /// Takes note of what has been written since the last time.
  func look() {
    var piece = [UInt8](repeating: 0, count: 65536)
    while case let got = unsafe read(master, &piece, piece.count), got > 0 { seen += piece[..<got] }
  }

  func type(_ keys: String) {
    let bytes = Array(keys.utf8)
    _ = unsafe write(master, bytes, bytes.count)
  }

  /// What of the settings a program may change: the local modes, and the special characters.
  var settings: [UInt32] {
    var settings = termios()
    _ = unsafe tcgetattr(slave.fileDescriptor, &settings)
    let characters = unsafe withUnsafeBytes(of: settings.c_cc) { unsafe $0.map(UInt32.init) }
    return [settings.c_lflag, settings.c_iflag, settings.c_oflag] + characters
  }
}
