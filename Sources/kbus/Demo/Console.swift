import Glibc

/// Standard output, unbuffered, so that what several processes write comes in order.
enum Console {
  static func write(_ text: String) {
    var rest = Array(text.utf8)[...]
    while !rest.isEmpty {
      let written = unsafe rest.withUnsafeBytes { unsafe Glibc.write(STDOUT_FILENO, $0.baseAddress, $0.count) }
      if written < 0 && errno == EINTR { continue }
      // Output that nobody takes is no reason to stop.
      guard written > 0 else { return }
      rest = rest.dropFirst(written)
    }
  }
}
