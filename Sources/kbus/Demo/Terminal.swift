import Glibc

/// A terminal whose keys are read one by one, without echo.
final class Terminal: Sendable {
  let descriptor: Int32
  private let original: termios

  /// The terminal that the user sits at; nil if there is none, or another program has it in the foreground.
  static func ofUser() -> Terminal? {
    guard isatty(STDOUT_FILENO) == 1, unsafe getenv("TERM").map({ unsafe String(cString: $0) != "dumb" }) ?? false else {
      return nil
    }
    let descriptor = isatty(STDIN_FILENO) == 1 ? STDIN_FILENO : unsafe open("/dev/tty", O_RDWR | O_CLOEXEC)
    let foreground = tcgetpgrp(descriptor)
    // A terminal that is nobody's controlling terminal (-1) has no foreground to be outside of.
    guard descriptor >= 0, foreground == getpgrp() || foreground == -1 else { return nil }
    return Terminal(descriptor)
  }

  private init?(_ descriptor: Int32) {
    var settings = termios()
    guard unsafe tcgetattr(descriptor, &settings) == 0 else { return nil }
    self.descriptor = descriptor
    original = settings
  }

  /// Hands over every key at once. Ctrl-C still sends its signal; Ctrl-Z does not, since a stopped demo would leave the
  /// terminal like this.
  func readKeys() {
    var settings = original
    settings.c_lflag &= ~tcflag_t(ICANON | ECHO)
    settings.c_cc.6 = 1  // VMIN
    settings.c_cc.5 = 0  // VTIME
    settings.c_cc.10 = 0  // VSUSP: no key
    _ = unsafe tcsetattr(descriptor, TCSANOW, &settings)
    Console.write("\u{1B}[?25l")
  }

  /// As it was, cursor included. May be called from any thread, and twice.
  func restore() {
    var settings = original
    _ = unsafe tcsetattr(descriptor, TCSANOW, &settings)
    Console.write("\u{1B}[0m\u{1B}[?25h")
  }

  /// Columns and lines.
  static func size() -> (columns: Int, lines: Int) {
    var size = winsize()
    guard unsafe ioctl(STDOUT_FILENO, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0, size.ws_row > 0 else {
      return (80, 24)
    }
    return (Int(size.ws_col), Int(size.ws_row))
  }
}
