import CBench

/// The words that the processes of one scenario share, mapped from a file in its directory.
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

  /// How many peers can begin.
  var ready: SharedWord { unsafe SharedWord(cbench_ready(area)) }
  /// 1 once all shall begin.
  var go: SharedWord { unsafe SharedWord(cbench_go(area)) }
  /// How many peers have all that they wait for.
  var done: SharedWord { unsafe SharedWord(cbench_done(area)) }
  /// How many messages were missing or out of order.
  var lost: SharedWord { unsafe SharedWord(cbench_lost(area)) }
  /// Times.
  var began: SharedWord { unsafe SharedWord(cbench_began(area)) }
  var ended: SharedWord { unsafe SharedWord(cbench_ended(area)) }

  func isReady(_ peers: Int) -> Bool { ready.load() >= peers }
  func announceReady() { ready.add(1) }
}

/// One word and one number on a cache line of their own. Lives no longer than its `SharedArea`.
@safe
struct SharedWord {
  private let line: UnsafeMutablePointer<cbench_line>

  init(_ line: UnsafeMutablePointer<cbench_line>) { unsafe self.line = unsafe line }

  func load() -> UInt32 { unsafe cbench_load(line) }
  func store(_ value: UInt32) { unsafe cbench_store(line, value) }
  func add(_ value: UInt32) { _ = unsafe cbench_add(line, value) }

  var number: UInt64 {
    get { unsafe cbench_load_number(line) }
    nonmutating set { unsafe cbench_store_number(line, newValue) }
  }
  func addNumber(_ value: UInt64) { unsafe cbench_add_number(line, value) }
}
