import FoundationEssentials

/// All that a run has to say, as JSON or as tables.
struct Report: Encodable {
  var machine: Machine
  var results: [Result]
  var ratios: [Ratio]
  /// What could not be measured.
  var omissions: [Omission]

  /// What a runner found.
  struct Results {
    var measured: [Result] = []
    var omissions: [Omission] = []
  }

  init(machine: Machine, _ results: Results) {
    self.machine = machine
    self.results = results.measured
    ratios = Ratio.all(of: results.measured)
    omissions = results.omissions
  }

  func json() throws -> String {
    let encoder = JSONEncoder()
    encoder.keyEncodingStrategy = .convertToSnakeCase
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    return String(decoding: try encoder.encode(self), as: UTF8.self)
  }

  /// The scenarios, in the order in which they were measured.
  var scenarios: [String] {
    var names: [String] = []
    for result in results where !names.contains(result.configuration.scenario) { names.append(result.configuration.scenario) }
    return names
  }

  /// Something did not work, or costs more than it may.
  var hasFailures: Bool { omissions.contains { $0.isFailure } || results.contains { $0.isTooHigh } }
}
