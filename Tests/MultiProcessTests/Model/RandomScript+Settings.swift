// The steps that bind, set, ask, open and close.

import KBUSShm

extension RandomScript {
  mutating func open(_ actor: Int) -> Step {
    let mode: Ksock.Mode = chance(4) ? .readOnly : chance(3) ? .writeOnly : .readWrite
    let process = actors[actor].process
    actors[actor].id = model.open(mode, pid: pids[process])
    let letter = mode == .readOnly ? " r" : mode == .writeOnly ? " w" : ""
    return Step(process: process, order: "open \(actors[actor].label)\(letter)", expected: "ok \(actors[actor].id)")
  }

  /// By `close`, or by letting the last reference go, which is the same unless messages are held.
  mutating func close(_ actor: Int) -> Step {
    let id = actors[actor].id
    let isReferred = held.contains { $0.ksock == id }
    if isOpen(actor) { model.close(id) }
    let order: String
    if !isReferred, chance(40) {
      actors[actor].id = 0
      order = "drop"
    } else {
      order = "close"
    }
    return Step(process: actors[actor].process, order: "\(order) \(actors[actor].label)", expected: "ok")
  }

  mutating func bind(_ actor: Int) -> Step {
    bind(actor, name(Self.bindingNames, badPercent: 4), isReplier: chance(50))
  }

  mutating func bind(_ actor: Int, _ name: String, isReplier: Bool) -> Step {
    step(actor, "bind name=\(name)\(isReplier ? " replier" : "")") { model, id throws(Refused) in
      try model.bind(id, name, isReplier: isReplier)
      return "ok"
    }
  }

  mutating func unbind(_ actor: Int) -> Step {
    let mine = model.bindings.filter { $0.ksock == actors[actor].id }
    var name = name(Self.bindingNames, badPercent: 4), isReplier = chance(50)
    if !mine.isEmpty, chance(80) {
      let binding = pick(mine)
      (name, isReplier) = (binding.name, binding.isReplier)
    }
    return unbind(actor, name, isReplier: isReplier)
  }

  mutating func unbind(_ actor: Int, _ name: String, isReplier: Bool) -> Step {
    step(actor, "unbind name=\(name)\(isReplier ? " replier" : "")") { model, id throws(Refused) in
      try model.unbind(id, name, isReplier: isReplier)
      return "ok"
    }
  }

  mutating func setMaxMessages(_ actor: Int) -> Step {
    setMax(actor, pick([0, 1, 1, 2, 3, 5, 8, 12, 100]))
  }

  mutating func setMax(_ actor: Int, _ count: UInt32) -> Step {
    step(actor, "max-messages count=\(count)") { model, id throws(Refused) in "ok \(model.setMaxMessages(id, count))" }
  }

  mutating func setOnlyOnce(_ actor: Int) -> Step {
    let isOn = chance(50), asks = chance(20)
    return step(actor, asks ? "only-once ask" : isOn ? "only-once on" : "only-once off") { model, id throws(Refused) in
      let previous = model[id].wantsOnce
      if !asks { model[id].wantsOnce = isOn }
      return "ok \(previous)"
    }
  }

  mutating func reportBinds(_ actor: Int) -> Step {
    reportBinds(actor, chance(10) ? .ask : chance(70) ? .on : .off)
  }

  enum Switch: String {
    case on, off, ask
  }

  mutating func reportBinds(_ actor: Int, _ change: Switch) -> Step {
    step(actor, "report-binds \(change)") { model, id throws(Refused) in
      "ok \(change == .ask ? model.reportsBinds : try model.setReportsBinds(id, change == .on))"
    }
  }

  mutating func setVerbose(_ actor: Int) -> Step {
    let isOn = chance(50), asks = chance(20)
    return step(actor, asks ? "verbose ask" : isOn ? "verbose on" : "verbose off") { model, _ throws(Refused) in
      let previous = model.isVerbose
      if !asks { model.isVerbose = isOn }
      return "ok \(previous)"
    }
  }

  mutating func setMaxSize(_ actor: Int) -> Step {
    let most = model.absoluteMaxMessageSize
    // Small for a while, now and then.
    return setMaxSize(actor, model.maxMessageSize < most && chance(80) ? most : pick([0, 1, 2, 99, 100, 140, 200, most, most + 1]))
  }

  mutating func setMaxSize(_ actor: Int, _ bytes: Int) -> Step {
    step(actor, "max-size bytes=\(bytes)") { model, _ throws(Refused) in "ok \(try model.setMaxMessageSize(bytes))" }
  }

  mutating func findReplier(_ actor: Int) -> Step {
    let name = name(Self.bindingNames, badPercent: 20)
    return step(actor, "find-replier name=\(name)") { model, _ throws(Refused) in
      guard let id = try model.findReplier(name) else { return "nothing" }
      return "ok \(id)"
    }
  }

  mutating func counts(_ actor: Int) -> Step {
    step(actor, "counts") { model, id throws(Refused) in
      "ok \(model.numberOfMessages(id)) \(model[id].unreplied.count) \(model[id].last)"
    }
  }

  mutating func bindings(_ actor: Int) -> Step {
    step(actor, "bindings") { model, _ throws(Refused) in
      "ok"
        + model.bindings.map { " \($0.ksock):\(model[$0.ksock].pid):\($0.isReplier ? "R" : "L"):\($0.name)" }.joined()
    }
  }

  mutating func statistics(_ actor: Int) -> Step {
    step(actor, "statistics") { model, _ throws(Refused) in
      // The next to be given out; 0 before the first (22.2).
      let serial = model.lastSerial == 0 ? 0 : model.lastSerial + 1
      let ksocks = model.ksocks.map { ksock in
        "; \(ksock.id) last=\(ksock.last) queue=\(ksock.queue.count)/\(ksock.max) aside=\(model.numberSetAside(ksock.id))"
          + " outstanding=\(ksock.outstanding.count) unreplied=\(ksock.unreplied.count)\(ksock.pending == nil ? "" : " pending")"
      }
      return "ok ksock=\(model.lastKsock + 1) serial=\(serial) aside=\(model.setAside.count)\(model.isTragic ? " tragic" : "")"
        + ksocks.joined()
    }
  }
}
