/// What the UI tells the decoder of what it has shown: all frames up to one.
struct DemoProgress {
  /// The decoder's Ksock: another one may have come meanwhile, and begun to count anew.
  var decoder: UInt32
  /// How many frames the decoder had sent with that one.
  var shown: Int

  init(decoder: UInt32, shown: Int) {
    self.decoder = decoder
    self.shown = shown
  }

  var text: String { "\(shown) of \(decoder)" }

  /// Reads what `text` made; nil if it is anything else.
  init?(_ text: String) {
    let words = text.split(separator: " ")
    guard words.count == 3, words[1] == "of", let shown = Int(words[0]), let decoder = UInt32(words[2]) else { return nil }
    self.init(decoder: decoder, shown: shown)
  }
}
