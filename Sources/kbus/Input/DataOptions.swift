import ArgumentParser

/// Where the data of a message come from: the command line, a file or standard input.
struct DataOptions: ParsableArguments {
  @Argument(
    help: ArgumentHelp(
      "The data, as text. A single - means standard input. Without DATA and --file the message has no data.",
      valueName: "data"))
  var argument: String?

  @Option(help: ArgumentHelp("Take the data from this file; - is standard input.", valueName: "path"))
  var file: String?

  func validate() throws {
    if argument != nil && file != nil {
      throw ValidationError("The data come from the command line or from a file, not from both.")
    }
  }

  /// Opens the source; what it holds is read when a message is sent.
  func payload() throws -> Payload {
    if let file { return try Payload(contentsOf: file) }
    if argument == "-" { return try Payload(contentsOf: "-") }
    return .bytes(Array((argument ?? "").utf8))
  }
}
