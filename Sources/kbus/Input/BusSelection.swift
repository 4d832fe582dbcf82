import ArgumentParser
import KBUSShm

/// `--bus N` or `--all`, for the listings.
struct BusSelection: ParsableArguments {
  @OptionGroup var bus: BusNumber

  @Flag(help: "All buses of the directory, in number order, rather than one.")
  var all = false

  func numbers() throws -> [Int] { all ? try Bus.list().sorted() : [bus.number] }
}
