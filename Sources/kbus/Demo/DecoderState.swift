/// How far the decoder is: the answer to every request that it carries out.
struct DecoderState: Equatable {
  enum Phase: String {
    case playing, paused, ended
  }

  var phase: Phase
  /// The frame that comes next.
  var next: Int
  /// Frames and payload bytes announced so far.
  var sent: Int
  var bytes: Int
  /// Frames that found no room at once.
  var waited: Int
  /// How many frames the film has, if that is known.
  var frameCount: Int?
  var ending: FilmEnding

  init(phase: Phase, next: Int, sent: Int, bytes: Int, waited: Int, frameCount: Int?, ending: FilmEnding) {
    self.phase = phase
    self.next = next
    self.sent = sent
    self.bytes = bytes
    self.waited = waited
    self.frameCount = frameCount
    self.ending = ending
  }

  var text: String {
    let film = frameCount.map(String.init) ?? "?"
    let numbers = "\(phase.rawValue) next=\(next) sent=\(sent) bytes=\(bytes) waited=\(waited) of=\(film)"
    return switch ending {
    case .whole: numbers
    case .cutShort(let sentence): numbers + " cutShort=" + sentence
    case .broken(let sentence): numbers + " broken=" + sentence
    }
  }

  /// Reads what `text` made; nil if it is anything else.
  init?(_ text: String) {
    // The sentence comes last, since it has spaces of its own.
    let words = text.split(separator: " ", maxSplits: 6)
    guard words.count >= 6, let phase = Phase(rawValue: String(words[0])) else { return nil }
    var values: [Substring: Substring] = [:]
    for word in words.dropFirst() {
      let parts = word.split(separator: "=", maxSplits: 1)
      guard parts.count == 2 else { return nil }
      values[parts[0]] = parts[1]
    }
    func number(_ key: Substring) -> Int? { values[key].flatMap { Int($0) } }
    guard let next = number("next"), let sent = number("sent"), let bytes = number("bytes"),
      let waited = number("waited")
    else { return nil }
    let ending: FilmEnding =
      if let sentence = values["cutShort"] {
        .cutShort(String(sentence))
      } else if let sentence = values["broken"] {
        .broken(String(sentence))
      } else {
        .whole
      }
    self.init(
      phase: phase, next: next, sent: sent, bytes: bytes, waited: waited, frameCount: number("of"), ending: ending)
  }
}

/// What the decoder answers.
enum DecoderAnswer: Equatable {
  case state(DecoderState)
  /// Not carried out; a sentence says why.
  case refused(String)

  private static let refusal = "refused "

  var text: String {
    switch self {
    case .state(let state): state.text
    case .refused(let sentence): Self.refusal + sentence
    }
  }

  init?(_ text: String) {
    if text.hasPrefix(Self.refusal) {
      self = .refused(String(text.dropFirst(Self.refusal.count)))
    } else if let state = DecoderState(text) {
      self = .state(state)
    } else {
      return nil
    }
  }
}
