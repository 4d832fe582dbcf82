// What a demo that runs by itself does: it plays the film in parts, and pauses once. It is a state machine over
// frame numbers; the UI carries out the steps.

/// The course of an automatic run.
struct Programme: Equatable {
  /// A stretch of the film, both ends included; without a last frame it goes on to the end.
  struct Part: Equatable {
    var first: Int
    var last: Int?
  }

  /// What to do now.
  enum Step: Equatable {
    case nothing
    /// Pause, try out what there is to try, and go on.
    case pause
    case play(Part)
    case finish
  }

  /// What is still to be played.
  private(set) var parts: [Part]
  /// The frame to pause at, if that is still to come.
  private(set) var pauseAt: Int?

  /// Plays a film of known length in three parts, of which the last two have changed places: so there is a seek forward
  /// and a seek back, and yet every frame is shown exactly once. A stream is played through.
  static func standard(frameCount: Int?) -> Programme {
    guard let count = frameCount else { return Programme(parts: [Part(first: 0)], pauseAt: 10) }
    guard count >= 10 else { return Programme(parts: [Part(first: 0)], pauseAt: 0) }
    let (second, third) = (count * 2 / 5, count * 3 / 5)
    return Programme(
      parts: [
        Part(first: 0, last: second - 1), Part(first: third, last: count - 1), Part(first: second, last: third - 1),
      ], pauseAt: count / 5)
  }

  init(parts: [Part], pauseAt: Int?) {
    self.parts = parts
    self.pauseAt = pauseAt
  }

  /// Reads `0-39,60-99,40-`; nil if it is anything else.
  init?(_ text: String) {
    parts = []
    for word in text.split(separator: ",", omittingEmptySubsequences: false) {
      let ends = word.split(separator: "-", omittingEmptySubsequences: false)
      guard ends.count == 2, let first = Int(ends[0]), first >= 0 else { return nil }
      if ends[1].isEmpty {
        parts.append(Part(first: first))
      } else {
        guard let last = Int(ends[1]), last >= first else { return nil }
        parts.append(Part(first: first, last: last))
      }
    }
  }

  /// What `init(_:)` reads.
  var text: String { parts.map { "\($0.first)-\($0.last.map(String.init) ?? "")" }.joined(separator: ",") }

  /// The first or the next part, if the one before has been played or can't be.
  mutating func next() -> Step { parts.isEmpty ? .finish : .play(parts.removeFirst()) }

  /// What to do after a frame of `part` has been shown.
  mutating func step(after frame: Int, of part: Part) -> Step {
    if frame == part.last { return next() }
    guard frame == pauseAt else { return .nothing }
    pauseAt = nil
    return .pause
  }
}
