// What a run came to. The UI collects it; the summary is made of it, and whether all was well is decided here.

/// The result of a run, from the UI's side.
struct DemoReport {
  /// Frames, and what was wrong with them.
  struct Frames {
    var sent = 0
    var shown = 0
    /// How many frames of the film were among them.
    var different = 0
    /// How many the film has, if that is known.
    var ofFilm: Int?
    var bytes = 0
    /// Frames read at the very place where the decoder had written them.
    var inPlace = 0
    /// Frames that the decoder could not send at once.
    var waited = 0
    /// Frames that were not the one due.
    var outOfSequence = 0
    /// Frames sent between the reply to Pause and the request to Play.
    var duringPause = 0
    var perSecond = 0.0
  }

  /// Requests of the UI and what became of them.
  struct Requests {
    var sent = 0
    var replies = 0
    var refused = 0
    var statuses = 0
  }

  /// What the listener to everything found.
  struct Order {
    var messages = 0
    var inversions = 0
    /// Messages known to have been sent that it did not get, or got late.
    var missing = 0
  }

  var title = ""
  var header: Y4MHeader?
  var frames = Frames()
  var requests = Requests()
  var order = Order()
  var roundTrips = RoundTrips()
  var ending = FilmEnding.whole
  /// By which status the bus told of the last decoder's death; nil if it ended as it was told to.
  var gone: String?
  /// How many decoders died, and whether the last of them was replaced.
  var decoderDeaths = 0
  var isDecoderBack = false

  /// Everything that is not as it should be; empty if all is well. A decoder that dies is no fault of the UI's.
  var faults: [String] {
    var faults: [String] = []
    if frames.sent != frames.shown { faults.append("\(frames.sent) frames were sent, but \(frames.shown) shown") }
    if frames.inPlace != frames.shown { faults.append("\(frames.shown - frames.inPlace) frames were copied on the way") }
    if frames.outOfSequence > 0 { faults.append("\(frames.outOfSequence) frames came out of sequence") }
    if frames.duringPause > 0 { faults.append("\(frames.duringPause) frames came during a pause") }
    // A frame that waited for room keeps its early id, and comes behind messages with higher ones (specification, 12.1).
    if order.inversions > frames.waited { faults.append("\(order.inversions) messages came out of order") }
    if order.missing > 0 { faults.append("\(order.missing) messages did not reach the listener") }
    if requests.sent != requests.replies + requests.statuses {
      faults.append("\(requests.sent) requests had \(requests.replies + requests.statuses) answers")
    }
    if case .broken(let sentence) = ending { faults.append(sentence) }
    return faults
  }

  var summary: String {
    let film = header.map { header in
      let rate = Self.decimal(header.rate.framesPerSecond, digits: 2)
      let length = frames.ofFilm.map { ", \($0) frames" } ?? ""
      return "\(title), \(header.format.width)x\(header.format.height), \(rate) frames/s\(length)"
    }
    let different = frames.ofFilm.map { "\(frames.different) of the film's \($0)" } ?? "\(frames.different) different"
    var lines = [
      ("Film", film ?? title),
      (
        "Frames",
        "\(frames.sent) sent, \(frames.shown) shown (\(different)), \(Self.megabytes(frames.bytes)), "
          + "\(Self.decimal(frames.perSecond, digits: 1)) frames/s"
      ), ("Zero copy", "\(frames.inPlace) frames read where the decoder wrote them"),
      ("Waiting", "\(frames.waited) frames found no room at once"),
      (
        "Requests",
        "\(requests.sent) sent, \(requests.replies) replies (\(requests.refused) refusals), \(requests.statuses) statuses"
      ),
    ]
    if !roundTrips.isEmpty { lines.append(("Round trip", roundTrips.text)) }
    lines.append(("Order", "\(order.messages) messages, \(order.inversions) inversions, \(order.missing) missing"))
    switch ending {
    case .whole: break
    case .cutShort(let sentence), .broken(let sentence): lines.append(("Film's end", sentence))
    }
    if let gone {
      let text = "the bus answered \(gone) in its place"
      lines.append(("Decoder", isDecoderBack ? "\(decoderDeaths) died, and another one went on; \(text)" : "gone: \(text)"))
    }
    let verdict = gone == nil || isDecoderBack ? "all is well" : "all is well up to the decoder's end"
    lines.append(("Result", faults.isEmpty ? verdict : "FAULTY: " + faults.joined(separator: "; ")))
    return lines.map { label, text in label + String(repeating: " ", count: 12 - label.count) + text + "\n" }.joined()
  }

  private static func megabytes(_ bytes: Int) -> String { decimal(Double(bytes) / 1e6, digits: 1) + " MB" }

  /// A number with so many digits behind the point.
  static func decimal(_ value: Double, digits: Int) -> String {
    let scale = (0..<digits).reduce(1) { scale, _ in scale * 10 }
    let scaled = Int((value * Double(scale)).rounded())
    guard digits > 0 else { return String(scaled) }
    let fraction = String(scaled % scale)
    return "\(scaled / scale)." + String(repeating: "0", count: digits - fraction.count) + fraction
  }
}
