// Who receives a message (specification, section 8). The cost depends on how many receive it and on how many words its
// name has, not on how many bindings there are.

internal import CShm

/// The recipients of one message: its listeners stand in `Scratch.recipients`, newest binding first.
struct Route {
  var listeners = 0
  /// The Replier chosen, as 1 + the index of its binding.
  var replier: Int?
}

extension SharedBus {
  /// Finds every listener, and the Replier of choice if one is asked for.
  func route(
    _ name: [UInt8], _ key: NameKey, wantsReplier: Bool, _ operation: StaticString
  ) throws(KBusError) -> Route {
    var route = Route()
    try collect(filed: key.whole, wantsReplier, &route, operation) { binding throws(KBusError) in
      try binding.isNamed(name, operation)
    }
    let plain = route.replier
    try collect(filed: NameKey.filed(key.parent, .child), wantsReplier && plain == nil, &route, operation) {
      binding throws(KBusError) in
      try matches(binding, name, depth: key.prefixes - 1, operation)
    }
    let direct = route.replier
    // Of several `*` the one bound last wins, not the longest.
    var newest: UInt64 = 0
    var chosen: Int?
    for depth in 0..<min(key.prefixes, Int(CSHM_DEPTHS))
    where memory.u32(geometry.state + CSHM_STATE_STAR_DEPTHS + depth * 4) != 0 {
      route.replier = nil
      let hash = NameKey.filed(key.prefix(depth, of: name, seed: hashSeed), .descendants)
      try collect(filed: hash, wantsReplier && direct == nil, &route, operation) { binding throws(KBusError) in
        try matches(binding, name, depth: depth, operation)
      }
      if let replier = route.replier, binding(replier).sequence > newest {
        newest = binding(replier).sequence
        chosen = replier
      }
    }
    route.replier = direct ?? chosen
    return route
  }

  private func matches(
    _ binding: BindingRecord, _ name: [UInt8], depth: Int, _ operation: StaticString
  ) throws(KBusError) -> Bool {
    let prefix = NameKey.prefixLength(depth, of: name)
    let (offset, count) = try binding.nameBytes(operation)
    return unsafe count == prefix + 1 && name.withUnsafeBytes { unsafe memory.holds(UnsafeRawBufferPointer(rebasing: $0[..<prefix]), at: offset) }
  }

  /// Adds what is filed under one hash.
  @inline(__always) private func collect(
    filed hash: UInt64, _ wantsReplier: Bool, _ route: inout Route, _ operation: StaticString,
    matching matches: (BindingRecord) throws(KBusError) -> Bool
  ) throws(KBusError) {
    let first = route.listeners
    var listeners = first
    var replier = route.replier
    try forEachBinding(filed: hash, operation) { binding throws(KBusError) in
      guard try matches(binding) else { return true }
      if binding.isReplier {
        if wantsReplier, replier == nil { replier = binding.index }
      } else {
        guard listeners < scratch.recipients.count else { throw .corrupt(.b2, operation) }
        scratch.recipients[listeners] = UInt32(binding.index)
        listeners += 1
      }
      return true
    }
    route.listeners = listeners
    route.replier = replier
    if first > 0, listeners > first { merge(first, listeners) }
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
