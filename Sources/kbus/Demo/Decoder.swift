// The decoder of the demo: one loop, one Ksock. Between two frames it waits for a message, no longer than until the
// next frame is due, so that a request is answered at once, playing or paused.

import Glibc
import KBUSShm

/// Announces the frames of a film and lets itself be played, paused and moved by requests.
final class Decoder {
  private let ksock: Ksock
  private let source: any FrameSource
  private let isPaced: Bool
  /// To show what a death looks like: the number of frames after which this process kills itself.
  private let framesToLive: Int?

  private let clock = ContinuousClock()
  private var phase = DecoderState.Phase.paused
  private var ending: FilmEnding
  /// Play stops behind this frame.
  private var lastWanted: Int?
  /// Whether the picture at the place just sought is still to be shown although the film is paused.
  private var owesPreview = false

  /// The next frame's message, while it is being filled in and until it is due.
  private var loan: LoanedMessage?
  /// Which frame that is, once it is whole.
  private var filled: Int?
  private var due: ContinuousClock.Instant

  private var sent = 0
  private var bytes = 0
  private var waited = 0
  /// How many frames the UI has given back, of those of this decoder.
  private var shown = 0
  /// Requests that are answered at the end.
  private var watchers: [Message] = []
  /// Requests that came while a frame waited for room: a Ksock has one outgoing message at a time.
  private var postponed: [Message] = []
  private var isStopped = false

  init(source: any FrameSource, directory: String, isPaced: Bool, framesToLive: Int?) throws(KBusError) {
    self.source = source
    self.isPaced = isPaced
    self.framesToLive = framesToLive
    ending = source.ending
    due = clock.now
    ksock = try Ksock(bus: 0, in: directory)
    try ksock.bind(DemoName.shown)
    // Last, since the UI takes this for the sign that the decoder is there.
    try ksock.bind(DemoName.requests, as: .replier)
  }

  /// Works until the UI says stop.
  func run() throws(KBusError) {
    while !isStopped {
      let patience = try advance()
      if !postponed.isEmpty {
        try serve(postponed.removeFirst())
      } else if let message = try ksock.receive(within: patience) {
        try serve(message)
      }
    }
    ksock.close()
  }

  // MARK: Frames

  /// How long to wait for input that has not come. Only a stream that is slower than its frame rate gets here.
  private static let starvation = Duration.milliseconds(5)
  /// How often to look whether the UI is still there while it owes us frames.
  private static let patience = Duration.milliseconds(50)

  /// Does the next thing that can be done without waiting, and says how long there is nothing more to do; nil: until a
  /// message comes.
  private func advance() throws(KBusError) -> Duration? {
    guard phase == .playing || owesPreview else { return nil }
    guard try hasRoom() else { return Self.patience }
    guard let frame = filled else {
      switch try fill() {
      case .frame(let number):
        filled = number
        return .zero
      case .skipped: return .zero
      case .starved: return Self.starvation
      case .ended(let ending):
        try end(ending)
        return nil
      }
    }
    let early = isPaced && phase == .playing ? due - clock.now : .zero
    if early > .zero { return early }
    try announce(frame)
    return .zero
  }

  /// Whether the UI keeps up. One that has died gives nothing back, and the film goes on without it.
  private func hasRoom() throws(KBusError) -> Bool {
    if sent - shown < DemoLimits.window { return true }
    guard try ksock.findReplier(DemoName.present) == nil else { return false }
    shown = sent
    return true
  }

  private func fill() throws(KBusError) -> Filling {
    let size = FrameStamp.bytes + source.header.format.frameBytes
    if loan == nil { loan = try makeLoan(bytes: size) }
    guard var frame = loan.take() else { return .starved }
    var span = frame.bytes
    let filling = source.fill(&span, at: FrameStamp.bytes)
    loan = consume frame
    return filling
  }

  /// Memory for a frame; nil if somebody else who listens holds on to all of it.
  private func makeLoan(bytes: Int) throws(KBusError) -> LoanedMessage? {
    do throws(KBusError) {
      return try ksock.loan(Announcement(DemoName.frame, flags: .allOrWait), bytes: bytes)
    } catch {
      guard error.code == .poolExhausted else { throw error }
      return nil
    }
  }

  private func announce(_ number: Int) throws(KBusError) {
    guard var frame = loan.take() else { return }
    let stamp = FrameStamp(number: number, sentBefore: sent, payloadOffset: frame.payloadOffset)
    bytes += frame.count
    var span = frame.bytes
    stamp.write(to: &span)
    filled = nil
    sent += 1
    do throws(KBusError) {
      try ksock.send(frame)
    } catch {
      try waitForRoom(after: error)
    }
    owesPreview = false
    if number == lastWanted && phase == .playing { phase = .paused }
    due += source.header.rate.frameDuration
    // After a long stop the film goes on from here; it doesn't race to where it might have been.
    if clock.now - due > .milliseconds(250) { due = clock.now }
    if sent == framesToLive { kill(getpid(), SIGKILL) }
  }

  private func end(_ ending: FilmEnding) throws(KBusError) {
    phase = .ended
    owesPreview = false
    self.ending = ending
    do throws(KBusError) {
      try ksock.send(Announcement(DemoName.ended, state.text, flags: .allOrWait))
    } catch {
      try waitForRoom(after: error)
    }
  }

  /// What ALL_OR_WAIT asks for: the message stays with this Ksock until everybody has room for it.
  ///
  /// The window makes this rare: it takes a Listener from outside that doesn't keep up.
  private func waitForRoom(after error: KBusError) throws(KBusError) {
    guard error.code == .pending else { throw error }
    waited += 1
    while try !ksock.wait(for: [.readable, .writable], within: nil).contains(.writable) {
      if let message = try ksock.receive() { postponed.append(message) }
    }
  }

  // MARK: Requests

  private var state: DecoderState {
    DecoderState(
      phase: phase, next: filled ?? source.next, sent: sent, bytes: bytes, waited: waited,
      frameCount: source.frameCount, ending: ending)
  }

  private func serve(_ message: Message) throws(KBusError) {
    switch message.name {
    case DemoName.shown:
      // Of a decoder before us, perhaps.
      if let progress = DemoProgress(message.text), progress.decoder == ksock.id { shown = progress.shown }
    case DemoName.describe: try answer(message, source.header.line)
    case DemoName.position: try answer(message, state.text)
    case DemoName.play:
      play(until: Int(message.text))
      try answer(message, state.text)
    case DemoName.pause:
      if phase == .playing { phase = .paused }
      try answer(message, state.text)
    case DemoName.seek: try answer(message, seek(to: message.text).text)
    case DemoName.watch: watchers.append(message)
    case DemoName.stop:
      for watcher in watchers { try answer(watcher, state.text) }
      try answer(message, state.text)
      isStopped = true
    default: try answer(message, DecoderAnswer.refused("there is no request \(message.name)").text)
    }
  }

  private func play(until last: Int?) {
    lastWanted = last
    guard phase == .paused, state.next <= last ?? .max else { return }
    phase = .playing
    due = clock.now
  }

  private func seek(to text: String) -> DecoderAnswer {
    guard let frame = Int(text) else { return .refused("a frame number was expected, not \"\(text)\"") }
    if frame != filled {
      if case .refused(let sentence) = source.seek(to: frame) { return .refused(sentence) }
      // The loan stays: its memory does as well for another frame.
      filled = nil
    }
    if phase == .ended { phase = .paused }
    ending = source.ending
    lastWanted = nil
    owesPreview = phase == .paused
    due = clock.now
    return .state(state)
  }

  /// A requester that has gone, or no longer waits, is no concern of the decoder.
  private func answer(_ request: Message, _ text: String) throws(KBusError) {
    do throws(KBusError) {
      try ksock.send(Reply(to: request, text))
    } catch {
      guard error.code == .noRequester || error.code == .notWaitedFor else { throw error }
    }
  }
}
