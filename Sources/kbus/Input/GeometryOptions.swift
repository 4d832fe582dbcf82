// The options of a new bus. They are handed on as text to the one parser in the library, which reads $KBUS_CREATE too.

import ArgumentParser
import Glibc
import KBUSShm

struct GeometryOptions: ParsableArguments {
  @Option(help: ArgumentHelp("The longest message, name and header included.", valueName: "bytes"))
  var maxMessageSize: String?

  @Option(help: ArgumentHelp("How many Ksocks can be open at once.", valueName: "count"))
  var maxKsocks: String?

  @Option(help: ArgumentHelp("How many bindings there can be.", valueName: "count"))
  var maxBindings: String?

  @Option(help: ArgumentHelp("How many requests can await their answer.", valueName: "count"))
  var maxRequests: String?

  @Option(
    help: ArgumentHelp(
      "Room for so many messages with up to so many bytes of data; once for each size class.", valueName: "bytes:count")
  )
  var slots: [String] = []

  @Option(
    help: ArgumentHelp("Who may open the bus, in octal; the umask does not apply (default: 0600).", valueName: "mode"))
  var mode: String?

  @Option(help: ArgumentHelp("The group of the bus file.", valueName: "name|gid"))
  var group: String?

  /// What $KBUS_CREATE says, except for what the command line says.
  func options() throws -> BusOptions {
    var options =
      unsafe try getenv("KBUS_CREATE").map { unsafe try BusOptions(parsing: String(cString: $0)) } ?? BusOptions()
    let given = try BusOptions(parsing: text())
    if maxMessageSize != nil { options.maxMessageSize = given.maxMessageSize }
    if maxKsocks != nil { options.maxKsocks = given.maxKsocks }
    if maxBindings != nil { options.maxBindings = given.maxBindings }
    if maxRequests != nil { options.maxRequests = given.maxRequests }
    if !slots.isEmpty { options.slots = given.slots }
    if mode != nil { options.mode = given.mode }
    if group != nil { options.group = given.group }
    return options
  }

  private func text() throws -> String {
    var words: [String] = []
    let options = [
      ("--max-message-size", maxMessageSize), ("--max-ksocks", maxKsocks), ("--max-bindings", maxBindings),
      ("--max-requests", maxRequests), ("--mode", mode), ("--group", group),
    ]
    for (option, value) in options + slots.map({ ("--slots", $0) }) {
      guard let value else { continue }
      // White space would end the value there and start another option.
      guard !value.isEmpty, !value.contains(where: \.isWhitespace) else {
        throw ValidationError("The value of \(option) must not be empty or hold white space.")
      }
      words += [option, value]
    }
    return words.joined(separator: " ")
  }
}
