/// Limits that both processes keep to.
enum DemoLimits {
  /// How many frames the decoder may be ahead of the UI.
  ///
  /// The bus would make it wait without this: a frame is sent ALL_OR_WAIT, and the UI's queue has a limit. But a message
  /// that has waited keeps its early id (KBUS specification, 12.1), so it would arrive behind control messages with
  /// higher ids. With a window below the queue's limit nothing ever waits there, and ids only rise.
  static let window = 3
  /// Messages in the UI's queue: the window, and room for replies, the end of the film, keys.
  static let viewerQueue: UInt32 = 16
  /// Slots for frames: the window, the frame being filled in, and one to spare.
  static let frameSlots = window + 2
  /// How long the UI waits for the decoder to come, and for an answer.
  static let replierWait = Duration.seconds(20)
  static let answerWait = Duration.seconds(20)
}
