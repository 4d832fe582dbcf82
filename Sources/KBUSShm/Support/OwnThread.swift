// Threads of the library's own.

internal import CShm

enum OwnThread {
  /// Runs `body` on a detached thread, on which no signal handler of the program ever runs. False if there can be no more threads.
  static func start(_ body: @escaping () -> Void) -> Bool {
    let order = unsafe Unmanaged.passRetained(Order(body))
    let result = unsafe cshm_thread_start(
      { argument in
        unsafe Unmanaged<Order>.fromOpaque(argument!).takeRetainedValue().body()
        return nil
      }, order.toOpaque())
    if result != 0 { unsafe order.release() }
    return result == 0
  }

  private final class Order {
    let body: () -> Void

    init(_ body: @escaping () -> Void) { self.body = body }
  }
}
