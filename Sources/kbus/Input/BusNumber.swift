import ArgumentParser

/// `--bus N`, as the commands take it that work on exactly one bus.
struct BusNumber: ParsableArguments {
  @Option(name: .customLong("bus"), help: ArgumentHelp("The number of the bus.", valueName: "N"))
  var number = 0
}

/// Bus numbers as the commands take them that look after buses: any number of them, with or without `--bus`.
struct BusNumbers: ParsableArguments {
  @Argument(help: ArgumentHelp("The numbers of the buses, 0 to 255.", valueName: "N"))
  var arguments: [Int] = []

  @Option(name: .customLong("bus"), help: ArgumentHelp("The same, for one bus.", valueName: "N"))
  var option: Int?

  var all: [Int] { arguments + (option.map { [$0] } ?? []) }
}
