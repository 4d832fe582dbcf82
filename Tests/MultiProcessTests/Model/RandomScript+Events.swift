// Scenes that chance would hardly come upon: more events set aside than the bus keeps (16.4), pending requests whose
// replier goes (12.2), and queues read to their end.

import KBUSShm

extension RandomScript {
  /// A Replier of 450 names closes while three listeners are full: not all of its events can be set aside.
  mutating func tooManyEvents() -> [Step] {
    var steps = actors.indices.compactMap { isOpen($0) ? nil : open($0) }
    steps += actors.indices.map { setMax($0, 100_000) }
    steps.append(reportBinds(0, .on))
    steps += drain()
    let listeners = 1..<4
    steps += listeners.map { bind($0, "$.KBUS.*", isReplier: false) }
    steps.append(bindMany(0, "$.Many", 450))
    // Full, from now on; the others keep their room.
    steps += listeners.map { setMax($0, 1) }
    steps.append(close(0))
    return steps
  }

  /// A request waits for a replier that is full. That one unbinds; in its place comes somebody else, or nobody.
  mutating func pendingRequest(isReplaced: Bool) -> [Step] {
    let free = actors.indices.filter { isOpen($0) && model[actors[$0].id].mode == .readWrite }.shuffled(using: &random)
    guard free.count >= 3 else { return [] }
    let (requester, replier, other) = (free[0], free[1], free[2])
    var steps = [discard(requester), discard(other), setMaxSize(other, model.absoluteMaxMessageSize)]
    steps += [setMax(requester, 1000), setMax(replier, 1000)]
    steps += [bind(replier, "$.Fate", isReplier: true), bind(replier, "$.Fate.Full", isReplier: false)]
    steps += [send(other, Message("$.Fate.Full")), setMax(replier, 1)]
    let request = Message("$.Fate", to: actors[replier].id, flags: [.wantAReply, .allOrWait])
    steps += [send(requester, request), unbind(replier, "$.Fate", isReplier: true)]
    if isReplaced { steps.append(bind(other, "$.Fate", isReplier: true)) }
    steps += [wait(requester, "r"), setMax(replier, 10)]
    if isReplaced { steps.append(unbind(other, "$.Fate", isReplier: true)) }
    return steps + [unbind(replier, "$.Fate.Full", isReplier: false), setMax(requester, 10)]
  }

  /// Everything that each Ksock still has, message by message.
  mutating func drain() -> [Step] {
    var steps: [Step] = []
    for actor in actors.indices where isOpen(actor) && model[actors[actor].id].mode != .writeOnly {
      repeat {
        steps.append(step(actor, "receive") { model, id throws(Refused) in Self.text(try model.receive(id)) })
      } while steps.last?.expected != "nothing"
    }
    return steps
  }

  /// Ends every message that is held, most of them of Ksocks long closed.
  mutating func endHeld() -> [Step] {
    defer { held = [] }
    return held.map { end($0) }
  }

  private mutating func bindMany(_ actor: Int, _ name: String, _ count: Int) -> Step {
    step(actor, "bind-many name=\(name) count=\(count)") { model, id throws(Refused) in
      for number in 0..<count {
        do throws(Refused) { try model.bind(id, "\(name)\(number)", isReplier: true) } catch {
          return "ok \(number) error \(error.errno)"
        }
      }
      return "ok \(count)"
    }
  }
}
