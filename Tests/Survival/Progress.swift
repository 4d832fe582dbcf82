// Saying how far a long run is, and remembering it.

import CShm
import Glibc

/// A line now and then.
struct Progress {
  private var next = cshm_now() + 10_000_000_000

  mutating func say(_ line: @autoclosure () -> String) {
    let now = cshm_now()
    guard now >= next else { return }
    next = now + 10_000_000_000
    print(line())
    fflush(nil)
  }
}

/// How far each sweep is, in a file of lines `name number`, written anew after each step; without a file nothing is kept.
struct Bookmark {
  private let path: String?
  private var places: [String: Int] = [:]

  init(_ path: String?) {
    self.path = path
    guard let path, let file = unsafe fopen(path, "r") else { return }
    defer { unsafe fclose(file) }
    while let line = unsafe readLine(file) {
      let words = line.split(separator: " ")
      if words.count == 2, let number = Int(words[1]) { places[String(words[0])] = number }
    }
  }

  func next(of name: String) -> Int? { places[name] }

  mutating func set(_ name: String, to number: Int) {
    guard let path else { return }
    places[name] = number
    guard let file = unsafe fopen("\(path).new", "w") else { return }
    for (name, number) in places.sorted(by: { $0.key < $1.key }) { unsafe fputs("\(name) \(number)\n", file) }
    unsafe fclose(file)
    unsafe rename("\(path).new", path)
  }

  /// All is done: the next run begins anew.
  func remove() { if let path { unsafe unlink(path) } }

  private func readLine(_ file: UnsafeMutablePointer<FILE>) -> String? {
    var buffer = [CChar](repeating: 0, count: 256)
    guard unsafe fgets(&buffer, CInt(buffer.count), file) != nil else { return nil }
    return String(decoding: buffer.prefix { $0 != 0 && $0 != 10 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }
}
