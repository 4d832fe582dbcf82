// What the decoder and the UI say to each other. Everything is text, so that `kbus listen '$.*'` can be read along,
// except the frames.

import KBUSShm

/// The names on the demo's bus.
enum DemoName {
  /// The decoder is the Replier for all of these.
  static let requests: MessageName = "$.Decoder.*"
  /// Which film it is: answered with the header line of a Y4M video.
  static let describe: MessageName = "$.Decoder.Describe"
  /// How far it is.
  static let position: MessageName = "$.Decoder.Position"
  /// Go on; with a number as data, no further than that frame.
  static let play: MessageName = "$.Decoder.Play"
  static let pause: MessageName = "$.Decoder.Pause"
  /// Go to the frame whose number is the data.
  static let seek: MessageName = "$.Decoder.Seek"
  /// Answered when the decoder ends: until then it is what tells the UI of the decoder's death, by a status.
  static let watch: MessageName = "$.Decoder.Watch"
  /// End.
  static let stop: MessageName = "$.Decoder.Stop"

  /// Announcements of the decoder: a frame, and that there are no more.
  static let frame: MessageName = "$.Decoder.Frame"
  static let ended: MessageName = "$.Decoder.Ended"

  /// The UI is the Replier for this as long as it is there; nobody asks.
  static let present: MessageName = "$.UI.Present"
  /// Announcements of the UI: how far it has shown and given back what a decoder has sent, and a key of the remote control.
  static let shown: MessageName = "$.UI.Shown"
  static let key: MessageName = "$.UI.Key"

  /// What the order listener binds to.
  static let everything: MessageName = "$.*"
}
