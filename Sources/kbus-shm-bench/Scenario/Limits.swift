// `limits`: what this machine can do at best. None of it involves the bus.

enum Limits {
  static let name = "limits"

  static let cases: [Case] =
    roundTrips + ["clock", "syscall", "lock"].map { limit($0) }
    + ["lock.alternating", "lock.contended", "lock.handover"].map { limit($0, cores: 2) }
    + ["memcpy", "memcpy.ring", "memcpy.fresh"].flatMap { kind in
      [65_536, 1 << 20, 12_441_600].map { limit(kind, bytes: $0) }
    }
    + Deaths.limits(0) + Deaths.limits(Deaths.large)

  /// All ways to pass 64 bytes, or less where they carry less, to another process and back.
  private static let roundTrips: [Case] =
    [RoundTrips.roundTrip(.cacheLine, .spin, cores: 2)]
    + ["futex", "eventfd", "pipe", "seqpacket", "datagram"].flatMap { name in
      [1, 2].map { RoundTrips.roundTrip(.limit(name), .sleep, cores: $0) }
    }
    + ["eventfd", "fifo", "datagram"].flatMap { name in
      [1, 2].map { RoundTrips.roundTrip(.limit(name), .descriptor, cores: $0) }
    }

  static func limit(_ kind: String, cores: Int = 1, bytes: Int = 64) -> Case {
    let configuration = Configuration(
      scenario: name, transport: .limit(kind), interface: bytes == 64 ? .loan : .copy, cores: cores, payloadBytes: bytes)
    return Case(configuration: configuration, unit: .nanoseconds) { stage throws(BenchError) in
      try Sample(times: stage.run(configuration))
    }
  }
}
