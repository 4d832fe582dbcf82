// `peers`: the same round trips and the same crowds, over other means of communication.

enum Peers {
  static let name = "peers"

  static let all: [Transport] = ["zeromq", "nng", "dbus-daemon", "dbus-broker", "iceoryx", "boost", "unix", "mq"].map { .peer($0) }

  /// Those that come as a library, and not with the C library.
  static let inLibraries = Array(all.dropLast(2))

  /// Peers that hand out shared memory; the others copy.
  static let lending: [Transport] = [.peer("iceoryx")]
  /// Peers that a program can ask again and again without being blocked.
  private static let spinning: [Transport] = ["zeromq", "nng", "iceoryx", "boost"].map { .peer($0) }

  static let cases: [Case] = roundTrips + crowds

  private static let roundTrips: [Case] =
    [
      RoundTrips.roundTrip(.cacheLine, .spin, cores: 2), RoundTrips.roundTrip(.futex, .sleep, cores: 1),
      RoundTrips.roundTrip(.futex, .sleep, cores: 2),
    ]
    + [64, 1 << 20].flatMap { bytes in
      [(Mode.spin, 2), (.sleep, 1), (.sleep, 2)].flatMap { mode, cores in
        ([.bus] + all).flatMap { transport -> [Case] in
          if mode == .spin, transport != .bus, !spinning.contains(transport) { return [] }
          // A queue of the kernel's takes small messages only.
          if transport == .peer("mq"), bytes > 64 { return [] }
          let interfaces: [Interface] =
            transport == .bus || lending.contains(transport) ? [.loan, .copy] : [.copy]
          return interfaces.map { interface in
            var measured = RoundTrips.roundTrip(transport, mode, cores: cores, interface, bytes: bytes)
            // `rtt` is where goals are.
            for index in measured.standards.indices { measured.standards[index].goal = nil }
            return measured
          }
        }
      }
    }

  /// One sender: more than one is not for every peer.
  private static let crowds: [Case] = [1, 4, 16].flatMap { listeners in
    let peers = all.map { Throughput.throughput($0, .copy, senders: 1, listeners: listeners) }
    let standards = peers.map { Standard(configuration: $0.configuration, goal: goal($0.configuration)) }
    return [
      Throughput.throughput(.ring, senders: 1, listeners: listeners),
      Throughput.throughput(.bus, senders: 1, listeners: listeners, against: standards),
      Throughput.throughput(.bus, .batch, senders: 1, listeners: listeners, against: standards),
    ] + peers
  }

  private static func goal(_ peer: Configuration) -> Goal? {
    switch peer.listeners {
    case 1: .atLeast(1)
    case 16 where peer.transport == .peer("zeromq"): .atLeast(2.5)
    default: nil
    }
  }
}
