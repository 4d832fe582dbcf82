// The steps that send and receive.

import KBUSShm
import TestPeer

extension RandomScript {
  mutating func receive(_ actor: Int) -> Step {
    var actor = actor
    let readable = actors.indices.filter { isOpen($0) && model.numberOfMessages(actors[$0].id) > 0 }
    if !readable.isEmpty, chance(60) { actor = pick(readable) }
    // A wait that may not last is the same as no wait, unless something is pending: whether it polls is left open.
    let isWaiting = isOpen(actor) && model[actors[actor].id].pending == nil && chance(20)
    return step(actor, isWaiting ? "receive-within within=0" : "receive") { model, id throws(Refused) in
      Self.text(try model.receive(id))
    }
  }

  mutating func announce(_ actor: Int) -> Step {
    let actor = mostlyFree(actor)
    var message = Message(MessageName(name(Self.messageNames, badPercent: 3)), data: data(), flags: flags())
    if chance(3) { message.name = MessageName(pick(["$.A.*", "$.%", "$.KBUS.ReplierBindEvent", "$.KBUS.Replier.GoneAway"])) }
    // What a sender can't set, what passes through, and ids of other networks, also the same one twice.
    if chance(10) { message.from = 77 }
    if chance(10) { message.to = actors[pick([0, 1, 2])].id }
    if chance(10) { message.origFrom = Origin(network: 3, local: 4) }
    if chance(10) { message.finalTo = Origin(network: 0, local: 5) }
    if chance(5) { message.id = MessageID(network: 4, serial: pick([0, 1, 2])) }
    if chance(3) { message.id = MessageID(serial: 9999) }
    return send(actor, message)
  }

  mutating func request(_ actor: Int) -> Step {
    let actor = mostlyFree(actor)
    let repliers = model.bindings.filter(\.isReplier)
    var name = name(Self.messageNames)
    // Often a name that somebody answers; a wildcard by a name that it matches.
    if !repliers.isEmpty, chance(80) {
      let bound = pick(repliers).name
      name = bound.hasSuffix("*") || bound.hasSuffix("%") ? bound.dropLast() + "Q" : bound
    }
    var message = Message(MessageName(name), data: data(), flags: flags().union(.wantAReply))
    if chance(30) { message.to = chance(70) ? model.replier(for: name)?.ksock ?? 1 : pick(actors).id }
    if chance(5) { message.id = MessageID(network: 7, serial: UInt32(placesUsed + 1)) }
    placesUsed += 1
    if message.flags.isDisjoint(with: [.allOrWait, .allOrFail]), message.id.isNone, chance(8) { return requestAndForget(actor, message) }
    return send(actor, message)
  }

  /// Mostly somebody who may send: not closed, and nothing pending.
  private mutating func mostlyFree(_ actor: Int) -> Int {
    let free = actors.indices.filter { isOpen($0) && model[actors[$0].id].pending == nil }
    return free.isEmpty || free.contains(actor) || chance(15) ? actor : pick(free)
  }

  /// A request whose time is up at once.
  private mutating func requestAndForget(_ actor: Int, _ message: Message) -> Step {
    step(actor, "request \(message.words) within=0") { model, id throws(Refused) in
      model.forget(try model.send(id, message), of: id)
      throw Refused("ETIMEDOUT")
    }
  }

  /// The right answer to a request that is owed, the same by somebody else, or one that nobody waits for.
  mutating func reply(_ actor: Int) -> Step {
    var actor = actor
    let owing = actors.indices.filter {
      isOpen($0) && !model[actors[$0].id].unreplied.isEmpty && (model[actors[$0].id].pending == nil || $0 == actor)
    }
    if !owing.isEmpty, chance(85) { actor = pick(owing) }
    let owed = isOpen(actor) ? model[actors[actor].id].unreplied : []
    let outstanding = model.ksocks.flatMap { ksock in ksock.outstanding.map { (ksock.id, $0) } }
    var message = Message(MessageName(name(Self.messageNames)), data: data(), flags: flags())
    if !owed.isEmpty, chance(85) {
      // Mostly one whose answer is still waited for.
      let waited = owed.filter { model.isOpen($0.from) && model[$0.from].outstanding.contains($0.id) }
      let request = pick(waited.isEmpty || chance(15) ? owed : waited)
      message.name = request.name
      message.to = request.from
      message.inReplyTo = request.id
    } else if !outstanding.isEmpty, chance(60) {
      (message.to, message.inReplyTo) = pick(outstanding)
    } else {
      message.to = pick(actors).id
      message.inReplyTo = MessageID(serial: UInt32.random(in: 1...max(1, model.lastSerial), using: &random))
    }
    if chance(5) { message.to = pick([0, 12345]) }
    if chance(3) { message.name = "$.KBUS.Replier.Bogus" }
    return send(actor, message)
  }

  mutating func retry(_ actor: Int) -> Step {
    var actor = actor
    let pending = actors.indices.filter { isOpen($0) && model[actors[$0].id].pending != nil }
    if !pending.isEmpty, chance(80) { actor = pick(pending) }
    if chance(15) { return discard(actor) }
    return step(actor, "send-pending") { model, id throws(Refused) in "ok \(try model.sendPending(id))" }
  }

  mutating func discard(_ actor: Int) -> Step {
    step(actor, "discard") { model, id throws(Refused) in
      model[id].pending = nil
      return "ok"
    }
  }

  mutating func wait(_ actor: Int) -> Step { wait(actor, pick(["r", "w", "rw"])) }

  mutating func wait(_ actor: Int, _ letters: String) -> Step {
    step(actor, "wait \(letters) within=0") { model, id throws(Refused) in
      let ready = model.readiness(id)
      return "ok " + (ready.readable && letters.contains("r") ? "r" : "-") + (ready.writable && letters.contains("w") ? "w" : "-")
    }
  }

  /// Messages that stay in shared memory while the play goes on: taken, looked at, answered, ended, also after a close.
  mutating func holdOrEnd(_ actor: Int) -> Step {
    let mine = held.indices.filter { held[$0].process == actors[actor].process }
    if let index = mine.randomElement(using: &random), chance(mine.count > 6 ? 90 : 50) { return lookOrEnd(actor, index) }
    let place = "m\(placesUsed)"
    placesUsed += 1
    let id = actors[actor].id, process = actors[actor].process
    var taken: Message?
    let step = step(actor, "take \(place)") { model, id throws(Refused) in
      taken = try model.receive(id)
      return Self.text(taken)
    }
    if let taken { held.append(Held(process: process, place: place, message: taken, ksock: id)) }
    return step
  }

  private mutating func lookOrEnd(_ actor: Int, _ index: Int) -> Step {
    let taken = held[index], message = taken.message
    if chance(40) { return Step(process: taken.process, order: "look \(taken.place)", expected: Self.text(message)) }
    let reply = Message(message.name, data: data(), to: message.from, inReplyTo: message.id)
    if chance(50), isOpen(actor), mayLend(actor, reply) {
      return step(actor, "answer \(taken.place) \(reply.words)") { model, id throws(Refused) in
        guard message.wantsUsToReply else { throw Refused("EBADMSG") }
        return "ok \(try model.send(id, reply))"
      }
    }
    held.remove(at: index)
    return end(taken)
  }

  func end(_ taken: Held) -> Step {
    Step(process: taken.process, order: "release \(taken.place)", expected: Self.text(taken.message))
  }

  // MARK: What is sent

  mutating func send(_ actor: Int, _ message: Message) -> Step {
    let way = chance(15) && mayLend(actor, message) ? " by=loan" : ""
    return step(actor, "send \(message.words)\(way)") { model, id throws(Refused) in "ok \(try model.send(id, message))" }
  }

  /// A loan is checked when it is made, `alreadyPending` comes when it is sent: nowhere is it said which of two faults wins.
  private func mayLend(_ actor: Int, _ message: Message) -> Bool {
    guard isOpen(actor), model[actors[actor].id].pending != nil else { return true }
    return (try? model.checkHeader(message)) != nil && BusModel.isValid(message.name.description, wildcardAllowed: false)
  }

  private mutating func data() -> [UInt8] {
    let count = pick([0, 0, 1, 3, 4, 7, 40, 300])
    return (0..<count).map { _ in UInt8.random(in: 0...255, using: &random) }
  }

  private mutating func flags() -> MessageFlags {
    var flags: MessageFlags = []
    if chance(12) { flags.insert(.urgent) }
    if chance(12) { flags.insert(.allOrFail) }
    if chance(20) { flags.insert(.allOrWait) }
    if chance(3) { flags.formUnion([.wantYouToReply, .synthetic]) }
    if chance(3) { flags.insert(MessageFlags(rawValue: 0x8001_0090)) }
    return flags
  }
}
