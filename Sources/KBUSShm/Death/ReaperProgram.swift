// Finding and starting the reaper, a program of its own that watches over all buses of a directory.

internal import CShm

extension SharedBus {
  /// Starts a reaper for the directory of this bus, if there is one to be found. It asks for the role when it runs; until then, and if
  /// it never does, things stay as they are.
  func startReaper() {
    guard let path = ReaperProgram.find() else { return }
    ReaperProgram.start(path, directory)
  }
}

enum ReaperProgram {
  /// `$KBUS_REAPER`, which says that there is none if it is empty; beside the program that runs, or beside the library; in the libexec
  /// that belongs to the library; in those of the system.
  fileprivate static func find() -> String? {
    if let named = Machine.environment("KBUS_REAPER") { return named.utf8.isEmpty ? nil : named }
    let program = unsafe directory(of: { unsafe cshm_program_path($0, $1) })
    let library = unsafe directory(of: { unsafe cshm_library_path($0, $1) })
    let beyond: Phrase = "\(library)/../libexec"
    for place in [program, library, beyond.text, "/usr/local/libexec", "/usr/libexec"] {
      let path = Phrase("\(place)/kbus-reaper").text
      if unsafe path.withCharacters({ unsafe cshm_is_executable($0) }) != 0 { return path }
    }
    return nil
  }

  /// The directory in which what this function names lies.
  private static func directory(of path: (UnsafeMutablePointer<CChar>, CInt) -> CInt) -> String {
    var room = [CChar](repeating: 0, count: 4096)
    let length = Int(unsafe room.withUnsafeMutableBufferPointer { unsafe path($0.baseAddress!, CInt($0.count)) })
    guard length > 0, let slash = room[..<length].lastIndex(of: CChar(bitPattern: Ascii.slash)) else { return "." }
    return String(bytes: room[..<slash].map { UInt8(bitPattern: $0) })
  }

  fileprivate static func start(_ path: String, _ directory: String) {
    unsafe path.withCharacters { path in
      unsafe "--directory".withCharacters { option in
        unsafe directory.withCharacters { directory in
          var arguments: [UnsafeMutablePointer<CChar>?] = unsafe [path, option, directory].map { unsafe UnsafeMutablePointer(mutating: $0) }
          unsafe arguments.append(nil)
          _ = unsafe arguments.withUnsafeBufferPointer { unsafe cshm_start_detached(path, $0.baseAddress!) }
        }
      }
    }
  }
}
