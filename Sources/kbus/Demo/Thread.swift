import Glibc

/// Runs `body` on a new thread, which ends with it or with the process.
func startThread(_ body: @escaping @Sendable () -> Void) throws(SystemError) {
  final class Box {
    let body: @Sendable () -> Void
    init(_ body: @escaping @Sendable () -> Void) { self.body = body }
  }
  let box = unsafe Unmanaged.passRetained(Box(body))
  var thread = pthread_t()
  let failure = unsafe pthread_create(
    &thread, nil,
    { context in
      unsafe Unmanaged<Box>.fromOpaque(context!).takeRetainedValue().body()
      return nil
    }, box.toOpaque())
  guard failure == 0 else {
    unsafe box.release()
    throw SystemError("pthread_create", errno: failure)
  }
  pthread_detach(thread)
}
