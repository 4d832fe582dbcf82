import FoundationEssentials

/// All that a run has to say, as JSON, as tables or as a page.
struct Report {
  var machine: Machine
  var chapters: [Chapter]

  /// Something did not work, or costs more than it may.
  var hasFailures: Bool {
    chapters.contains { chapter in
      chapter.omissions.contains { $0.isFailure } || chapter.results.contains { $0.isTooHigh }
    }
  }

  /// Holds it a failure that these could not be measured.
  mutating func fail(where mustBeMeasured: (Omission) -> Bool) {
    for chapter in chapters.indices {
      for place in chapters[chapter].omissions.indices where mustBeMeasured(chapters[chapter].omissions[place]) {
        chapters[chapter].omissions[place].isFailure = true
      }
    }
  }

  func json() throws -> String {
    let encoder = JSONEncoder()
    encoder.keyEncodingStrategy = .convertToSnakeCase
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    return String(decoding: try encoder.encode(self), as: UTF8.self)
  }
}

extension Report: Encodable {
  private enum Key: String, CodingKey { case machine, results, ratios, omissions }

  func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: Key.self)
    try container.encode(machine, forKey: .machine)
    try container.encode(chapters.flatMap { chapter in chapter.results.map { In(chapter.name, $0) } }, forKey: .results)
    try container.encode(chapters.flatMap { chapter in chapter.ratios.map { In(chapter.name, $0) } }, forKey: .ratios)
    try container.encode(chapters.flatMap { chapter in chapter.omissions.map { In(chapter.name, $0) } }, forKey: .omissions)
  }

  /// Something, and the chapter that it is in: `peers` measures anew what `rtt` has measured.
  private struct In<Item: Encodable>: Encodable {
    private let chapter: String
    private let item: Item

    private enum Key: String, CodingKey { case chapter }

    init(_ chapter: String, _ item: Item) {
      self.chapter = chapter
      self.item = item
    }

    func encode(to encoder: any Encoder) throws {
      try item.encode(to: encoder)
      var container = encoder.container(keyedBy: Key.self)
      try container.encode(chapter, forKey: .chapter)
    }
  }
}
