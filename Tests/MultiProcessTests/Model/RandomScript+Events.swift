// Scenes that chance would hardly come upon: more events set aside than the bus keeps (16.4), and queues read to their end.

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
