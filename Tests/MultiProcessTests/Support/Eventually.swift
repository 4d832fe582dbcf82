import Glibc

/// Waits until `condition` holds. What is waited for has no event to sleep on; nothing is measured here.
func eventually(_ what: @autoclosure () -> String, within seconds: Double = 30, _ condition: () throws -> Bool) throws {
  let deadline = ContinuousClock.now + .seconds(seconds)
  while !(try condition()) {
    guard ContinuousClock.now < deadline else { throw ProcessFailure("waited in vain for \(what())") }
    usleep(5000)
  }
}
