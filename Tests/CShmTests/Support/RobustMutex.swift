// A robust mutex of the C library, as a program that uses the bus may have of its own.

import Glibc

@safe final class RobustMutex: @unchecked Sendable {
  // Sendable: a mutex is there to be used by several threads.
  private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)

  init() {
    var attributes = pthread_mutexattr_t()
    unsafe pthread_mutexattr_init(&attributes)
    unsafe pthread_mutexattr_setrobust(&attributes, CInt(PTHREAD_MUTEX_ROBUST))
    unsafe pthread_mutex_init(mutex, &attributes)
    unsafe pthread_mutexattr_destroy(&attributes)
  }

  deinit {
    unsafe pthread_mutex_consistent(mutex)
    unsafe pthread_mutex_unlock(mutex)
    unsafe mutex.deallocate()
  }

  /// 0, or the errno.
  func lock() -> CInt { unsafe pthread_mutex_lock(mutex) }
}
