import Foundation
import Testing

/// A line that `kbus listen --json` has printed, read by Foundation's parser.
struct PrintedMessage {
  private let members: [String: Any]

  init(line: String) throws {
    members = try #require(JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])
  }

  func text(_ key: String) -> String? { members[key] as? String }
  func texts(_ key: String) -> [String]? { members[key] as? [String] }
  func number(_ key: String) -> Int? { members[key] as? Int }
  func isNull(_ key: String) -> Bool { members[key] is NSNull }
}
