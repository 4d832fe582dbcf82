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
  /// The frame on the screen.
  private var current = 0
  private var numbers: Set<Int> = []
  private var timeOfFirst: ContinuousClock.Instant?
  private var timeOfLast: ContinuousClock.Instant?

  /// The frame that must come next.
  private var expected = 0
  /// Seeks whose first frame has not come yet: frames with ids above the reply's are from the new place.
  private var seeks: [(reply: MessageID, frame: Int)] = []
  /// The ids between which no frame may have been sent.
  private var pauses: [(from: MessageID, to: MessageID)] = []

  /// The decoder is gone, and the bus has said so.
  private struct DecoderGone: Error {
    let status: String
  }

  /// `programme` nil: in the terminal the user decides; else the standard course.
  init(directory: String, title: String, screen: Screen, programme: Programme?) throws(KBusError) {
    self.screen = screen
    self.programme = programme
    report.title = title
    // Before anything is sent, so that it sees all of it.
    order = try OrderListener(directory: directory)
    ksock = try Ksock(bus: 0, in: directory)
    try ksock.setMaxMessages(DemoLimits.viewerQueue)
    try ksock.bind(DemoName.frame)
    try ksock.bind(DemoName.ended)
    try ksock.bind(DemoName.key)
  }

  /// Plays the film, to its end or until the user or the decoder leaves.
  func run(isInteractive: Bool) throws -> DemoReport {
    do {
      try meetDecoder(isInteractive: isInteractive)
      while !isOver { try wait() }
      try leave()
    } catch let gone as DecoderGone {
      report.gone = gone.status
      screen.say("The decoder is gone: the bus answers \(gone.status).")
    }
    // What the decoder had sent before it left is shown as well.
    while let message = try ksock.take() { _ = try accept(message) }
    try order.catchUp()
    return finished()
  }

  // MARK: The course of a run

  private func meetDecoder(isInteractive: Bool) throws {
    _ = try ksock.waitForReplier(DemoName.watch, within: DemoLimits.replierWait)
    // Never answered as long as the decoder lives: this is how its death is noticed while the UI waits for a frame.
    try send(Request(DemoName.watch))
    let header = try Y4MHeader(line: ask(DemoName.describe).text)
    report.header = header
    try request(DemoName.position)
    screen.open(header, frameCount: state.frameCount)
    if case .cutShort(let sentence) = state.ending { screen.say("Note: \(sentence)") }
    if programme == nil && !isInteractive { programme = .standard(frameCount: state.frameCount) }
    try perform(programme?.next() ?? .play(Programme.Part(first: 0)))
  }

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
    let reply = try ask(DemoName.seek, String(frame))
    guard try note(reply) else { return false }
    seeks.append((reply.id, frame))
    screen.say("Going to frame \(frame).")
    return true
  }

  private func leave() throws { try request(DemoName.stop) }

  // MARK: Asking

  private func send(_ request: Request) throws(KBusError) {
    try ksock.send(request)
    report.requests.sent += 1
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
    while let message = try ksock.take() {
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
      throw DecoderGone(status: message.name.description)
    }
    try order.catchUp(with: message.id)
    if kind == .reply {
      // To Watch: the decoder ends because it was told to.
      report.requests.replies += 1
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
    report.frames.sent = max(report.frames.sent, stamp.sentBefore + 1)
    numbers.insert(stamp.number)
    current = stamp.number
    timeOfLast = clock.now
    if timeOfFirst == nil { timeOfFirst = timeOfLast }
    screen.show(stamp.number, phase: state.phase, bytes: message.bytes)
    message.release()
    // The listener has let go of it, too: the slot is free when the decoder reads this.
    try ksock.send(Announcement(DemoName.shown, String(report.frames.shown)))
    return .frame(stamp.number)
  }

  private func check(_ stamp: FrameStamp, id: MessageID, payloadOffset: Int) {
    while let seek = seeks.first, seek.reply < id {
      expected = seek.frame
      seeks.removeFirst()
    }
    if stamp.number != expected { report.frames.outOfSequence += 1 }
    expected = stamp.number + 1
    if stamp.payloadOffset == payloadOffset { report.frames.inPlace += 1 }
    if pauses.contains(where: { $0.from < id && id < $0.to }) { report.frames.duringPause += 1 }
  }

  private func finished() -> DemoReport {
    // Its last word; what a decoder without one has sent is known from the last frame.
    if report.gone == nil { report.frames.sent = state.sent }
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
