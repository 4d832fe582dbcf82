import ArgumentParser
import KBUSShm

struct ListCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "list",
    abstract: "Show the buses there are: size, limits, and how much of them is in use.",
    discussion: """
      One line for each bus, after a heading that starts with #. The size in bytes is that of the address space; memory \
      for data is only taken when first used. Without a number, all buses of the directory are shown.
      """)

  @OptionGroup var buses: BusNumbers

  func run() throws {
    let numbers = buses.all.isEmpty ? try Bus.list().sorted() : buses.all
    var rows = [["# bus", "bytes", "max message", "Ksocks", "bindings", "max requests", "mode", "path"]]
    var failure: (any Error)?
    do {
      try Failure.forEach(numbers) { number in rows.append(Self.row(for: try Bus.inspect(number))) }
    } catch {
      // The buses that can be shown are shown, whatever is wrong with others.
      failure = error
    }
    try Self.align(rows).forEach(StandardStreams.print)
    if let failure { throw failure }
  }

  private static func row(for bus: BusDescription) -> [String] {
    let options = bus.options
    return [
      "\(bus.number)", "\(bus.bytes)", "\(bus.maxMessageSize)", "\(bus.statistics.ksocks.count)/\(options.maxKsocks)",
      "\(bus.bindings.count)/\(options.maxBindings)", "\(options.maxRequests)", CreateCommand.octal(options.mode),
      bus.path,
    ]
  }

  /// Columns as wide as their widest word, aligned to the right; the last one, the path, stays as it is.
  private static func align(_ rows: [[String]]) -> [String] {
    let widths = rows[0].indices.map { column in rows.map { $0[column].count }.max() ?? 0 }
    return rows.map { row in
      row.indices.dropLast().map { String(repeating: " ", count: widths[$0] - row[$0].count) + row[$0] + "  " }.joined()
        + row[row.count - 1]
    }
  }
}
