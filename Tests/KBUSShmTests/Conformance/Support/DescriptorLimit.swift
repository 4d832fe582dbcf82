// How many descriptors this process may have open.

import Foundation

enum DescriptorLimit {
  struct Failure: Error {
    let errno: CInt
  }

  private static let descriptors = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)

  static func set(_ count: UInt) throws {
    try set(rlimit(rlim_cur: count, rlim_max: count))
  }

  /// Raises the soft limit as far as the hard one.
  static func raise() throws {
    var limit = rlimit()
    guard unsafe getrlimit(descriptors, &limit) == 0 else { throw Failure(errno: errno) }
    limit.rlim_cur = limit.rlim_max
    try set(limit)
  }

  private static func set(_ limit: rlimit) throws {
    var limit = limit
    guard unsafe setrlimit(descriptors, &limit) == 0 else { throw Failure(errno: errno) }
  }
}
