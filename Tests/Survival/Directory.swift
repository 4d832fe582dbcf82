// A directory for buses, gone when the tool ends. What a tool that was killed has left goes with the next run.

import Glibc

final class Directory {
  let path: String
  private static let parent = "/dev/shm", prefix = "kbus-survival-"

  /// Makes it, and makes it `$KBUS_DIR` of this process and its children.
  init() throws {
    Self.removeLeftovers()
    path = "\(Self.parent)/\(Self.prefix)\(getpid())"
    guard unsafe mkdir(path, 0o700) == 0 else { throw Failure("\(path) can't be made: errno \(errno)") }
    unsafe setenv("KBUS_DIR", path, 1)
    unsafe unsetenv("KBUS_CREATE")
    // No reaper: who repairs is a part of the test.
    unsafe setenv("KBUS_REAPER", "", 1)
  }

  deinit { Self.remove(path) }

  /// What is in it.
  var names: [String] { Self.entries(path) }

  var bus: String { "\(path)/kbus0" }

  private static func entries(_ path: String) -> [String] {
    guard let directory = unsafe opendir(path) else { return [] }
    defer { unsafe closedir(directory) }
    var names: [String] = []
    while let entry = unsafe readdir(directory) {
      let name = unsafe withUnsafePointer(to: &entry.pointee.d_name) {
        unsafe String(cString: UnsafeRawPointer($0).assumingMemoryBound(to: CChar.self))
      }
      if name != ".", name != ".." { names.append(name) }
    }
    return names
  }

  private static func remove(_ path: String) {
    for name in entries(path) { unsafe unlink("\(path)/\(name)") }
    unsafe rmdir(path)
  }

  private static func removeLeftovers() {
    for name in entries(parent) where name.hasPrefix(prefix) {
      guard let pid = pid_t(name.dropFirst(prefix.count)), kill(pid, 0) != 0, errno == ESRCH else { continue }
      remove("\(parent)/\(name)")
    }
  }
}
