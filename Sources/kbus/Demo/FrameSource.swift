/// Where the decoder gets its pictures: a file, a stream or the test card.
protocol FrameSource: AnyObject {
  var header: Y4MHeader { get }
  /// How many frames the film has; nil if only its end will tell.
  var frameCount: Int? { get }
  /// The frame that `fill` fills in next; the first is 0.
  var next: Int { get }
  /// How the film ends, as far as that is known: a file tells beforehand, a stream when it has ended.
  var ending: FilmEnding { get }

  /// Goes on filling in frame `next`, from byte `offset` of `bytes`. Never waits.
  ///
  /// The caller passes the same memory until the frame is there: a stream arrives in pieces.
  func fill(_ bytes: inout MutableRawSpan, at offset: Int) -> Filling

  /// Makes `frame` the next one.
  func seek(to frame: Int) -> Seeking
}

/// How far `FrameSource.fill` got.
enum Filling: Equatable {
  /// The frame is whole; `next` is one more.
  case frame(Int)
  /// A frame before the one sought has gone by: call again.
  case skipped
  /// The rest has not arrived yet: call again later.
  case starved
  /// There are no more frames.
  case ended(FilmEnding)
}

/// How a film ended.
enum FilmEnding: Equatable {
  case whole
  /// The last frame was not whole; all before it have been played.
  case cutShort(String)
  /// What followed could not be read as a video.
  case broken(String)

  /// The ending that an error makes.
  init(_ error: Y4MError) {
    self = error.isCutShort ? .cutShort(error.description) : .broken(error.description)
  }
}

/// What came of a seek.
enum Seeking: Equatable {
  case done
  /// A sentence for the user.
  case refused(String)
}
