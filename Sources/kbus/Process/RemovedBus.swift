// Files of buses that have lost their names and live on as long as somebody has them open: whoever opens a bus of that number
// meets others than their users do.

import Glibc

struct RemovedBus {
  let number: Int
  let path: String
  /// Which file it is: there can be several of one name.
  let inode: String
  /// Who has it, as pid and command.
  private(set) var users: [String]

  var line: String {
    "bus \(number): removed, but still used apart from everybody else by \(users.joined(separator: ", ")) (\(path), inode \(inode))"
  }

  /// All of a directory, as far as this user may look.
  static func inUse(in directory: String) -> [RemovedBus] {
    let prefix = canonical(directory) + "/kbus"
    var found: [RemovedBus] = []
    for pid in processes() {
      var inodes: [String] = []
      for line in read("/proc/\(pid)/maps").split(separator: "\n") where line.hasSuffix(" (deleted)") {
        // Address, access, offset, device, inode, path.
        let words = line.dropLast(" (deleted)".count).split(separator: " ", maxSplits: 5, omittingEmptySubsequences: true)
        guard words.count == 6 else { continue }
        let path = String(words[5].drop { $0 == " " })
        guard path.hasPrefix(prefix), let number = Int(path.dropFirst(prefix.count)) else { continue }
        let inode = String(words[4])
        guard !inodes.contains(inode) else { continue }
        inodes.append(inode)
        let user = "\(pid) (\(read("/proc/\(pid)/comm").split(separator: "\n").first ?? "?"))"
        if let known = found.firstIndex(where: { $0.inode == inode && $0.number == number }) {
          found[known].users.append(user)
        } else {
          found.append(RemovedBus(number: number, path: path, inode: inode, users: [user]))
        }
      }
    }
    return found
  }

  private static func processes() -> [pid_t] {
    guard let directory = unsafe opendir("/proc") else { return [] }
    defer { unsafe closedir(directory) }
    var pids: [pid_t] = []
    while let entry = unsafe readdir(directory) {
      let name = unsafe withUnsafePointer(to: &entry.pointee.d_name) { name in
        unsafe String(cString: UnsafeRawPointer(name).assumingMemoryBound(to: CChar.self))
      }
      if let pid = pid_t(name) { pids.append(pid) }
    }
    return pids.sorted()
  }

  /// The directory as the kernel names it, without links.
  private static func canonical(_ path: String) -> String {
    guard let resolved = unsafe realpath(path, nil) else { return path }
    defer { unsafe free(resolved) }
    return unsafe String(cString: resolved)
  }

  /// All of a file; empty if it can't be read.
  private static func read(_ path: String) -> String {
    let file = unsafe open(path, O_RDONLY | O_CLOEXEC)
    guard file >= 0 else { return "" }
    defer { close(file) }
    var bytes: [UInt8] = []
    var piece = [UInt8](repeating: 0, count: 1 << 16)
    while true {
      let got = unsafe Glibc.read(file, &piece, piece.count)
      guard got > 0 else { return String(decoding: bytes, as: UTF8.self) }
      bytes += piece[..<got]
    }
  }
}
