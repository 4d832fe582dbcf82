/// What was measured together, turn by turn, and what that says.
struct Chapter {
  /// Of the subcommand.
  var name: String
  /// How long that took.
  var seconds: Double
  var results: [Result]
  var ratios: [Ratio]
  /// What could not be measured.
  var omissions: [Omission]

  init(name: String, seconds: Double, results: [Result], omissions: [Omission]) {
    self.name = name
    self.seconds = seconds
    self.results = results
    self.omissions = omissions
    ratios = Ratio.all(of: results)
  }

  /// The scenarios, in the order in which they were measured.
  var scenarios: [String] {
    var names: [String] = []
    for result in results where !names.contains(result.configuration.scenario) { names.append(result.configuration.scenario) }
    return names
  }

  func results(of scenario: String) -> [Result] { results.filter { $0.configuration.scenario == scenario } }
}
