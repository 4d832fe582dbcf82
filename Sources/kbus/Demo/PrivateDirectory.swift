import Glibc

/// A directory that only this demo uses.
enum PrivateDirectory {
  static func make() throws(SystemError) -> String {
    var template = Array("/dev/shm/kbus-demo-XXXXXX".utf8CString)
    guard unsafe mkdtemp(&template) != nil else { throw SystemError("making a directory in /dev/shm") }
    return String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }

  /// Removes it with all that is in it. What has gone already is as good as removed.
  static func remove(_ path: String) {
    if let directory = unsafe opendir(path) {
      defer { unsafe closedir(directory) }
      while let entry = unsafe readdir(directory) {
        let name = unsafe withUnsafePointer(to: &entry.pointee.d_name) {
          unsafe String(cString: UnsafeRawPointer($0).assumingMemoryBound(to: CChar.self))
        }
        if name == "." || name == ".." { continue }
        let child = path + "/" + name
        if unsafe unlink(child) != 0 && errno == EISDIR { remove(child) }
      }
    }
    _ = unsafe rmdir(path)
  }
}
