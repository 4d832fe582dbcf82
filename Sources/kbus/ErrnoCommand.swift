import ArgumentParser
import KBUSShm

struct ErrnoCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "errno",
    abstract: "Explain an errno: what the system means by it, and what KBUS does.")

  @Flag(help: "List all errnos of this system.")
  var list = false

  @Argument(help: "A name such as EPIPE, or a number.")
  var error: String?

  func validate() throws {
    if (error == nil) != list { throw ValidationError("Give one name or number, or --list.") }
  }

  func run() throws {
    guard let error else { return try Self.printList() }
    let code: Int32
    if let number = Int32(error) {
      guard let symbol = SystemErrno.symbol(of: number) else {
        throw Failure(.refused, "Unrecognised error code number \(error)")
      }
      code = number
      try StandardStreams.print(
        "Error \(number) (0x\(String(number, radix: 16))) is \(symbol): \(SystemErrno.meaning(of: number))")
    } else {
      guard let number = SystemErrno.code(named: error) else {
        throw Failure(.refused, "Unrecognised error code mnemonic \(error)")
      }
      code = number
      try StandardStreams.print(
        "\(error) is error \(number) (0x\(String(number, radix: 16))): \(SystemErrno.meaning(of: number))")
    }
    try Self.printMeaning(of: code)
  }

  /// What KBUS means: one paragraph for each failure that has this errno. Nothing if the bus does not use it.
  private static func printMeaning(of code: Int32) throws {
    let entries = ErrorCatalog.entries.filter { $0.code.errno == code }
    guard !entries.isEmpty else { return }
    try StandardStreams.print("\nKBUS:")
    for entry in entries {
      try StandardStreams.print("  \(entry.operation) (\(entry.code.name)): \(entry.cause)\n      \(entry.remedy)")
    }
  }

  private static func printList() throws {
    for (code, symbol) in SystemErrno.all {
      let number = String(code)
      try StandardStreams.print(
        String(repeating: " ", count: max(0, 3 - number.count)) + number + ": "
          + symbol + String(repeating: " ", count: max(0, 20 - symbol.count)) + " " + SystemErrno.meaning(of: code))
    }
  }
}
