import CBench

/// The words that client and server share, mapped from a file in the run's directory.
@safe
final class SharedArea {
  private let area: UnsafeMutablePointer<cbench_area>

  init(in directory: String) throws(BenchError) {
    var mapped: UnsafeMutablePointer<cbench_area>?
    let result = unsafe cbench_map(directory + "/words", &mapped)
    guard let area = unsafe mapped else { throw BenchError("cannot map \(directory)/words", errno: result) }
    unsafe self.area = unsafe area
  }

  deinit { unsafe cbench_unmap(area) }

  var ping: SharedWord { unsafe SharedWord(cbench_ping(area)) }
  var pong: SharedWord { unsafe SharedWord(cbench_pong(area)) }
  private var ready: SharedWord { unsafe SharedWord(cbench_ready(area)) }

  /// Makes ready for the next scenario. No server may be running.
  func reset() {
    ping.store(0)
    pong.store(0)
    ready.store(0)
  }

  var isReady: Bool { ready.load() == 1 }
  func announceReady() { ready.store(1) }
}

/// One word on a cache line of its own. Lives no longer than its `SharedArea`.
@safe
struct SharedWord {
  private let line: UnsafeMutablePointer<cbench_line>

  init(_ line: UnsafeMutablePointer<cbench_line>) { unsafe self.line = unsafe line }

  func load() -> UInt32 { unsafe cbench_load(line) }
  func store(_ value: UInt32) { unsafe cbench_store(line, value) }
  func sleep(while value: UInt32) { unsafe cbench_futex_wait(line, value) }
  func wake() { unsafe cbench_futex_wake(line) }
}
