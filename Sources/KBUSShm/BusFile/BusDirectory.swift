// Where bus files are and what they are called: $KBUS_DIR/kbus<N>, N from 0 to 255.

internal import CShm

enum BusDirectory {
  static let mostBuses = 256

  static var standard: String {
    if let directory = Machine.environment("KBUS_DIR"), !directory.isEmpty { return directory }
    return "/dev/shm"
  }

  static func path(_ number: Int, in directory: String) -> String {
    let path: Phrase = "\(directory)/kbus\(number)"
    return path.text
  }

  /// The numbers of all buses there are, in order.
  static func numbers(in directory: String) throws(KBusError) -> [Int] {
    try check(directory, "list")
    var numbers: [Int] = []
    for number in 0..<mostBuses where facts(path(number, in: directory)) != nil { numbers.append(number) }
    return numbers
  }

  /// Fails with a clear error unless the directory is there.
  static func check(_ directory: String, _ operation: StaticString) throws(KBusError) {
    guard facts(directory) != nil else { throw .noDirectory(directory, operation) }
  }

  static func facts(_ path: String) -> cshm_file_facts? {
    var facts = cshm_file_facts()
    let result = unsafe path.withCharacters { unsafe cshm_path_facts_of($0, &facts) }
    return result == 0 ? facts : nil
  }
}
