// What the call that failed last in this thread found, and what to do about it.

internal import CKBUS
internal import CShm

@c(kbus_last_error) @implementation
public func kbus_last_error() -> UnsafePointer<CChar>! { unsafe cshm_kept_text(0) }

@c(kbus_last_remedy) @implementation
public func kbus_last_remedy() -> UnsafePointer<CChar>! { unsafe cshm_kept_text(1) }
