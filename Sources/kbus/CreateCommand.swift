import ArgumentParser
import KBUSShm

struct CreateCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "create",
    abstract: "Make buses, and print what was made.",
    discussion: """
      Without a number, makes bus 0. Options that are not given come from $KBUS_CREATE, which holds the same options as \
      on this command line, for example KBUS_CREATE='--max-message-size 409600 --mode 0660'.
      """)

  @OptionGroup var buses: BusNumbers
  @OptionGroup(title: "Geometry, limits and access") var geometry: GeometryOptions

  func run() throws {
    let options = try geometry.options()
    try Failure.forEach(buses.all.isEmpty ? [0] : buses.all) { number in
      try Bus.create(number, options: options)
      try StandardStreams.print(Self.describe(try Bus.inspect(number)))
    }
  }

  private static func describe(_ bus: BusDescription) -> String {
    let options = bus.options
    let slots = options.slots.map { "\($0.count) of \($0.bytes)" }.joined(separator: ", ")
    return """
      bus \(bus.number): \(bus.path), \(bus.bytes) bytes, mode \(octal(options.mode))
        messages up to \(bus.maxMessageSize) bytes; slots: \(slots) bytes
        up to \(options.maxKsocks) Ksocks, \(options.maxBindings) bindings, \(options.maxRequests) unanswered requests
      """
  }

  /// A mode as chmod(1) takes it, four digits wide.
  static func octal(_ mode: UInt32) -> String {
    let digits = String(mode, radix: 8)
    return String(repeating: "0", count: max(0, 4 - digits.count)) + digits
  }
}
