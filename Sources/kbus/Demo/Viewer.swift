// The UI of the demo: one loop that waits for messages and nothing else. Frames are looked at where the decoder wrote
// them and given back before the decoder is told so.

import KBUSShm

/// Shows the decoder's frames, and controls it.
final class Viewer {
  private let ksock: Ksock
  private let screen: Screen
  private var order: OrderListener
  private var programme: Programme?
  private var part = Programme.Part(first: 0)

  private let clock = ContinuousClock()
  private var report = DemoReport()
  private var state = DecoderState(
    phase: .paused, next: 0, sent: 0, bytes: 0, waited: 0, frameCount: nil, ending: .whole)
  private var isOver = false
  /// The decoder that we have met: its Ksock, the request that it leaves open, and what had been sent by those before it.
  private var decoder: UInt32 = 0
  private var watch: MessageID?
  private var sentBefore = 0
  /// What that decoder had sent when we came; nil until its first frame, or its state, says so.
  private var joinedAt: Int?
  private let decoderComesAgain: Bool
  private let joins: Bool
  /// What the last decoder was doing when it died.
  private var phaseBefore = DecoderState.Phase.playing
  /// The frame on the screen.
  private var current = 0
  private var numbers: Set<Int> = []
  private var timeOfFirst: ContinuousClock.Instant?
  private var timeOfLast: ContinuousClock.Instant?

  /// The frame that must come next; nil before the first of a film that is under way.
  private var expected: Int? = 0
  /// Seeks whose first frame has not come yet: frames with ids above the reply's are from the new place.
  private var seeks: [(reply: MessageID, frame: Int)] = []
  /// Where a seek that has no answer yet goes.
  private var soughtFrame: Int?
  /// The ids between which no frame may have been sent.
  private var pauses: [(from: MessageID, to: MessageID)] = []

  /// The decoder is gone, and the bus has said so.
  private struct DecoderGone: Error {
    let status: String
  }

  /// `programme` nil: in the terminal the user decides; else the standard course. `joins`: the film may be under way, since an
  /// earlier UI died. `decoderComesAgain`: one that dies is started anew.
  init(
    directory: String, title: String, screen: Screen, programme: Programme?, joins: Bool, decoderComesAgain: Bool
  ) throws(KBusError) {
    self.screen = screen
    self.programme = programme
    self.joins = joins
    self.decoderComesAgain = decoderComesAgain
    if joins { expected = nil }
    report.title = title
    // Before anything is sent, so that it sees all of it.
    order = try OrderListener(directory: directory)
    ksock = try Ksock(bus: 0, in: directory)
    try ksock.setMaxMessages(DemoLimits.viewerQueue)
    try ksock.bind(DemoName.frame)
    try ksock.bind(DemoName.ended)
    try ksock.bind(DemoName.key)
    try ksock.bind(DemoName.present, as: .replier)
  }

  /// Plays the film, to its end or until the user or the decoder leaves.
  func run(isInteractive: Bool) throws -> DemoReport {
    var isBegun = false
    while !isOver {
      do {
        try meetDecoder()
        try isBegun ? goOn() : begin(isInteractive: isInteractive)
        isBegun = true
        while !isOver { try wait() }
        try leave()
      } catch let gone as DecoderGone {
        try bury(gone)
      }
    }
    // What came after the last answer.
    while let message = try ksock.take() { _ = try accept(message) }
    try order.catchUp()
    return finished()
  }

  // MARK: The course of a run

  private func meetDecoder() throws {
    decoder = try ksock.waitForReplier(DemoName.watch, within: DemoLimits.replierWait)
    joinedAt = report.header == nil && joins ? nil : 0
    // Never answered as long as the decoder lives: this is how its death is noticed while the UI waits for a frame.
    watch = try send(Request(DemoName.watch))
    report.header = try Y4MHeader(line: ask(DemoName.describe).text)
    try request(DemoName.position)
  }

  private func begin(isInteractive: Bool) throws {
    guard let header = report.header else { return }
    screen.open(header, frameCount: state.frameCount)
    if case .cutShort(let sentence) = state.ending { screen.say("Note: \(sentence)") }
    guard !joins else { return try join() }
    if programme == nil && !isInteractive { programme = .standard(frameCount: state.frameCount) }
    try perform(programme?.next() ?? .play(Programme.Part(first: 0)))
  }

  /// Takes part in a film that goes on: what it showed to nobody is past.
  private func join() throws {
    try tellProgress(state.sent)
    switch state.phase {
    case .playing: screen.say("The UI is back: the film is at frame \(state.next).")
    case .paused: try request(DemoName.play)
    case .ended: isOver = true
    }
    // If no frame comes any more.
    if isOver { joinedAt = joinedAt ?? state.sent }
  }

  /// Has a new decoder go on where the last one died.
  private func goOn() throws {
    let place = soughtFrame ?? seeks.last?.frame ?? expected ?? current + 1
    seeks = []
    let wasPlaying = phaseBefore != .paused || programme != nil
    guard try place < (state.frameCount ?? .max) && seek(to: place) else {
      return try perform(programme?.next() ?? .finish)
    }
    report.isDecoderBack = true
    if wasPlaying { try request(DemoName.play, part.last.map(String.init) ?? "") }
    screen.say("A new decoder goes on with frame \(place).")
  }

  /// The decoder is gone: shows what it had sent before, and waits for the next one if there will be one.
  private func bury(_ gone: DecoderGone) throws {
    phaseBefore = state.phase
    // The answer to Watch stands behind all that the decoder had sent, and can be a moment later than the one that told us.
    while watch != nil || ksockHasMessages, let message = try ksock.take(within: DemoLimits.answerWait) {
      do {
        if case .key(.quit)? = try accept(message) { isOver = true }
      } catch is DecoderGone {}
    }
    report.gone = gone.status
    report.isDecoderBack = false
    report.decoderDeaths += 1
    sentBefore = report.frames.sent
    guard decoderComesAgain, !isOver else {
      screen.say("The decoder is gone: the bus answers \(gone.status).")
      isOver = true
      return
    }
    screen.say("The decoder is gone: the bus answers \(gone.status). Waiting for another one.")
  }

  private var ksockHasMessages: Bool { (try? ksock.numberOfMessages()) ?? 0 > 0 }

  /// Waits for one message and does what it calls for.
  private func wait() throws {
    guard let message = try ksock.take(within: nil), let event = try accept(message) else { return }
    switch event {
    case .frame(let number):
      // The round trip is of interest while frames flow, too.
      if report.frames.shown % 10 == 0 { try request(DemoName.position) }
      try perform(programme?.step(after: number, of: part) ?? .nothing)
    case .ended: try perform(programme?.next() ?? .finish)
    case .key(let key):
      try press(key)
      screen.update(state.phase)
    }
  }

  private func perform(_ step: Programme.Step) throws {
    switch step {
    case .nothing: return
    case .pause: try tryPause()
    case .play(let part):
      self.part = part
      guard try part.first == state.next || seek(to: part.first) else {
        return try perform(programme?.next() ?? .finish)
      }
      try request(DemoName.play, part.last.map(String.init) ?? "")
    case .finish: isOver = true
    }
  }

  /// Pauses, asks a number of questions in the meantime, and goes on: nothing may come that was not asked for.
  private func tryPause() throws {
    let pause = try request(DemoName.pause)
    screen.say("Paused at frame \(state.next).")
    for _ in 0..<200 { try request(DemoName.position) }
    // A stream can't go back, and says so.
    if state.frameCount == nil { _ = try seek(to: 0) }
    let play = try request(DemoName.play, part.last.map(String.init) ?? "")
    pauses.append((pause.id, play.id))
    screen.say("Playing on.")
  }

  private func press(_ key: Key) throws {
    switch key {
    case .pause: try request(state.phase == .playing ? DemoName.pause : DemoName.play)
    case .back, .forward:
      let stride = max(1, Int(2 * (report.header?.rate.framesPerSecond ?? 25)))
      let target = current + (key == .back ? -stride : stride)
      _ = try seek(to: max(0, min(target, (state.frameCount ?? .max) - 1)))
    case .quit: isOver = true
    }
  }

  /// True if the decoder goes there.
  private func seek(to frame: Int) throws -> Bool {
    soughtFrame = frame
    let reply = try ask(DemoName.seek, String(frame))
    soughtFrame = nil
    guard try note(reply) else { return false }
    seeks.append((reply.id, frame))
    screen.say("Going to frame \(frame).")
    return true
  }

  private func leave() throws { try request(DemoName.stop) }

  // MARK: Asking

  private func send(_ request: Request) throws -> MessageID {
    do {
      let id = try ksock.send(request)
      report.requests.sent += 1
      return id
    } catch  where error.code == .noReplier {
      throw DecoderGone(status: "nothing")
    }
  }

  /// Asks the decoder something and waits for the answer. Frames that come meanwhile stay in the queue.
  private func ask(_ name: MessageName, _ text: String = "") throws -> Message {
    let start = clock.now
    let answer: Message
    do {
      answer = try ksock.request(name, text, within: DemoLimits.answerWait)
    } catch  where error.code == .noReplier {
      throw try DecoderGone(status: statusInQueue())
    }
    report.requests.sent += 1
    report.roundTrips.record(clock.now - start)
    try order.catchUp(with: answer.isStatus ? .none : answer.id)
    guard !answer.isStatus else {
      report.requests.statuses += 1
      throw DecoderGone(status: answer.name.description)
    }
    report.requests.replies += 1
    return answer
  }

  /// Asks for something whose answer is the decoder's state.
  @discardableResult private func request(_ name: MessageName, _ text: String = "") throws -> Message {
    let answer = try ask(name, text)
    _ = try note(answer)
    return answer
  }

  /// Takes note of what the decoder says; false if it refused.
  private func note(_ answer: Message) throws -> Bool {
    switch DecoderAnswer(answer.text) {
    case .state(let state):
      self.state = state
      return true
    case .refused(let sentence):
      report.requests.refused += 1
      screen.say("The decoder refuses: \(sentence).")
      return false
    case nil: throw UnreadableAnswer(answer: answer.description)
    }
  }

  /// What the bus said when the decoder left: it stands behind the frames that came before.
  private func statusInQueue() throws -> String {
    while watch != nil, let message = try ksock.take(within: DemoLimits.answerWait) {
      do { _ = try accept(message) } catch let gone as DecoderGone { return gone.status }
    }
    return "nothing"
  }

  // MARK: Receiving

  private enum Event {
    case frame(Int)
    case ended
    case key(Key)
  }

  /// Takes a message in: shows a frame, notes everything else. Nil if there is nothing to do about it.
  private func accept(_ message: consuming ReceivedMessage) throws -> Event? {
    let kind = message.kind
    if kind == .status {
      report.requests.statuses += 1
      if message.inReplyTo == watch { watch = nil }
      throw DecoderGone(status: message.name.description)
    }
    try order.catchUp(with: message.id)
    if kind == .reply {
      // To Watch: the decoder ends because it was told to.
      report.requests.replies += 1
      watch = nil
      state = DecoderState(message.copy().text) ?? state
      return nil
    }
    switch message.name {
    case DemoName.frame: return try show(message)
    case DemoName.ended:
      state = DecoderState(message.copy().text) ?? state
      return .ended
    case DemoName.key: return Key(rawValue: message.copy().text).map { .key($0) }
    default: return nil
    }
  }

  private func show(_ message: consuming ReceivedMessage) throws -> Event? {
    guard let stamp = FrameStamp(message.bytes) else { return nil }
    check(stamp, id: message.id, payloadOffset: message.payloadOffset)
    report.frames.shown += 1
    report.frames.bytes += message.count
    let joinedAt = joinedAt ?? stamp.sentBefore
    self.joinedAt = joinedAt
    report.frames.sent = max(report.frames.sent, sentBefore + stamp.sentBefore + 1 - joinedAt)
    numbers.insert(stamp.number)
    current = stamp.number
    timeOfLast = clock.now
    if timeOfFirst == nil { timeOfFirst = timeOfLast }
    screen.show(stamp.number, phase: state.phase, bytes: message.bytes)
    message.release()
    // The listener has let go of it, too: the slot is free when the decoder reads this.
    try tellProgress(stamp.sentBefore + 1)
    return .frame(stamp.number)
  }

  private func tellProgress(_ shown: Int) throws {
    try ksock.send(Announcement(DemoName.shown, DemoProgress(decoder: decoder, shown: shown).text))
  }

  private func check(_ stamp: FrameStamp, id: MessageID, payloadOffset: Int) {
    while let seek = seeks.first, seek.reply < id {
      expected = seek.frame
      seeks.removeFirst()
    }
    if let expected, stamp.number != expected { report.frames.outOfSequence += 1 }
    expected = stamp.number + 1
    if stamp.payloadOffset == payloadOffset { report.frames.inPlace += 1 }
    if pauses.contains(where: { $0.from < id && id < $0.to }) { report.frames.duringPause += 1 }
  }

  private func finished() -> DemoReport {
    // Its last word; what a decoder without one has sent is known from the last frame.
    if report.gone == nil || report.isDecoderBack { report.frames.sent = sentBefore + state.sent - (joinedAt ?? state.sent) }
    report.frames.different = numbers.count
    report.frames.ofFilm = state.frameCount
    report.frames.waited = state.waited
    report.ending = state.ending
    if let timeOfFirst, let timeOfLast, report.frames.shown > 1 {
      report.frames.perSecond = Double(report.frames.shown - 1) / ((timeOfLast - timeOfFirst) / Duration.seconds(1))
    }
    report.order.messages = order.messages
    report.order.inversions = order.inversions
    // Whatever either side knows to have sent must have come by. Statuses go to the requester alone.
    report.order.missing =
      order.absent + max(0, report.frames.sent - order.frames) + max(0, report.requests.sent - order.requests)
      + max(0, report.requests.replies - order.replies)
    return report
  }
}

/// The decoder answered what the UI can't make sense of.
struct UnreadableAnswer: Error, CustomStringConvertible {
  let answer: String
  var description: String { "the decoder's answer makes no sense: \(answer)" }
}
