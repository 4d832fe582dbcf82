// Who receives a message (specification, section 8). The cost depends on how many receive it and on how many words its
// name has, not on how many bindings there are.

internal import CShm

/// The recipients of one message: its listeners stand in `Scratch.recipients`, newest binding first.
struct Route {
  var listeners = 0
  /// The index of the binding of the Replier chosen.
  var replier: Int?
}

extension SharedBus {
  /// Finds every listener, and the Replier of choice if one is asked for.
  func route(
    _ name: RawSpan, _ key: NameKey, wantsReplier: Bool, _ operation: StaticString
  ) throws(KBusError) -> Route {
    var route = Route()
    let whole = NameKey.Prefix(hash: key.whole, length: name.byteCount)
    try collect(whole, .plain, of: name, wantsReplier, &route, operation)
    try collect(key.parent, .child, of: name, wantsReplier && route.replier == nil, &route, operation)
    let direct = route.replier
    // Of several `*` the one bound last wins, not the longest.
    var newest: UInt64 = 0
    var chosen: Int?
    for depth in 0..<min(key.prefixes, Int(CSHM_DEPTHS))
    where memory.u32(geometry.state + CSHM_STATE_STAR_DEPTHS + depth * 4) != 0 {
      route.replier = nil
      let prefix = key.prefix(depth, of: name, seed: hashSeed)
      try collect(prefix, .descendants, of: name, wantsReplier && direct == nil, &route, operation)
      if let replier = route.replier, binding(replier).sequence > newest {
        newest = binding(replier).sequence
        chosen = replier
      }
    }
    route.replier = direct ?? chosen
    return route
  }

  /// Adds the bindings of one form that stand behind a prefix of the name, or for all of it.
  private func collect(
    _ prefix: NameKey.Prefix, _ form: MessageName.Form, of name: RawSpan, _ wantsReplier: Bool, _ route: inout Route,
    _ operation: StaticString
  ) throws(KBusError) {
    let hash = NameKey.filed(prefix.hash, form), first = route.listeners
    // A wildcard binding has its wildcard behind the prefix.
    let length = form == .plain ? prefix.length : prefix.length + 1
    var chain = bindings(filed: hash)
    while let binding = try chain.next(operation) {
      let (offset, count) = try binding.nameBytes(operation)
      guard count == length, memory.holds(name, upTo: prefix.length, at: offset) else { continue }
      if binding.isReplier {
        if wantsReplier, route.replier == nil { route.replier = binding.index }
      } else {
        guard route.listeners < scratch.recipients.count else { throw .corrupt(.b2, operation) }
        scratch.recipients[route.listeners] = UInt32(binding.index)
        route.listeners += 1
      }
    }
    if first > 0, route.listeners > first { merge(first, route.listeners) }
  }

  /// Merges two runs of recipients, each newest first, into one.
  private func merge(_ middle: Int, _ end: Int) {
    var left = 0, right = middle
    func sequence(_ place: Int) -> UInt64 { binding(Int(scratch.recipients[place])).sequence }
    for place in 0..<end {
      let takeLeft = right == end || (left < middle && sequence(left) > sequence(right))
      scratch.merged[place] = scratch.recipients[takeLeft ? left : right]
      if takeLeft { left += 1 } else { right += 1 }
    }
    for place in 0..<end { scratch.recipients[place] = scratch.merged[place] }
  }
}
