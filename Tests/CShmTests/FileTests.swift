import CShm
import Glibc
import Testing

@Suite("Files and mappings") struct FileTests {
  @Test("a file has no name until it is whole, and gets one only if that is free")
  func link() throws {
    let directory = try PrivateDirectory()
    let file = unsafe cshm_file_make(directory.path)
    try #require(file >= 0)
    defer { _ = cshm_file_close(file) }
    #expect(directory.isEmpty)
    let path = directory.path + "/a"
    #expect(unsafe cshm_file_link(file, path) == 0)
    #expect(unsafe cshm_file_link(file, path) == -EEXIST)
    #expect(unsafe cshm_file_remove(path) == 0)
    #expect(unsafe cshm_file_remove(path) == -ENOENT)
  }

  @Test("opening follows no symbolic link, waits for no writer of a FIFO, and makes no file")
  func open() throws {
    let directory = try PrivateDirectory()
    let path = directory.path + "/a"
    #expect(unsafe cshm_file_open(path) == -ENOENT)
    #expect(unsafe symlink("/dev/null", path) == 0)
    #expect(unsafe cshm_file_open(path) == -ELOOP)
    unsafe unlink(path)
    #expect(unsafe mkfifo(path, 0o600) == 0)
    let fifo = unsafe cshm_file_open(path)
    #expect(fifo >= 0)
    var facts = cshm_file_facts()
    #expect(unsafe cshm_file_facts_of(fifo, &facts) == 0)
    #expect(facts.is_regular == 0)
    _ = cshm_file_close(fifo)
    unsafe unlink(path)
    #expect(directory.isEmpty)
  }

  @Test("reading beyond the end of a file is an error, not half of what was asked for")
  func readBeyondEnd() throws {
    let pages = try SharedPages()
    var byte: UInt8 = 1
    #expect(unsafe cshm_file_read(pages.file, UInt64(SharedPages.bytes) - 1, &byte, 1) == 0)
    #expect(byte == 0)
    var two: UInt16 = 0
    #expect(unsafe cshm_file_read(pages.file, UInt64(SharedPages.bytes) - 1, &two, 2) == -EIO)
  }

  @Test("access bits are set as asked, whatever the umask")
  func access() async throws {
    let directory = try PrivateDirectory()
    let path = directory.path
    await #expect(processExitsWith: .success) { [path = path as String] in
      umask(0o077)
      let file = unsafe cshm_file_make(path)
      #expect(cshm_file_set_access(file, 0o666, -1) == 0)
      var facts = cshm_file_facts()
      #expect(unsafe cshm_file_facts_of(file, &facts) == 0)
      #expect(facts.mode == 0o666)
    }
  }
}

/// A directory under /dev/shm for one test, removed at its end.
private final class PrivateDirectory {
  let path: String

  init() throws {
    var template = Array("/dev/shm/kbus-cshm-XXXXXX".utf8CString)
    guard unsafe mkdtemp(&template) != nil else { throw SharedPages.Failed(errno: errno) }
    path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }

  deinit {
    unsafe unlink(path + "/a")
    unsafe rmdir(path)
  }

  var isEmpty: Bool {
    // An empty directory can be removed.
    guard unsafe rmdir(path) == 0 else { return false }
    return unsafe mkdir(path, 0o700) == 0
  }
}
