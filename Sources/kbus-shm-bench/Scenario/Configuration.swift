// What is measured: a scenario, what carries its messages, how both sides wait, and how much there is of everything.

/// How a side waits for the other.
enum Mode: String, CaseIterable, Codable, Sendable {
  /// It looks again and again.
  case spin
  /// It sleeps until it is woken, without looking again first.
  case sleep
  /// It sleeps in epoll, as an event loop does, on a descriptor that tells of all there is to tell; in C that is the Ksock itself.
  case descriptor = "fd"
  /// It sleeps in epoll on the descriptor that is made for event loops.
  case fastDescriptor = "fast"
  /// Its task is suspended.
  case async
  /// What the library does unless told otherwise.
  case standard
  /// Nobody waits for anybody.
  case none
}

/// How a payload gets into shared memory, and out of it.
enum Interface: String, CaseIterable, Codable, Sendable {
  /// Copied in by the sender and out by the recipient.
  case copy
  /// Filled and read where it lies.
  case loan
  /// The same, many messages together: under one lock, with one wake-up.
  case batch
}

/// What carries messages: `kbus` in one of its faces, `limit.<name>` what nothing can beat, `peer.<name>` another's.
struct Transport: RawRepresentable, Hashable, Codable, Sendable {
  var rawValue: String

  /// The bus, from Swift.
  static let bus = Transport(rawValue: "kbus")
  static let busFromC = Transport(rawValue: "kbus.c")
  static let busFromPython = Transport(rawValue: "kbus.python")

  /// The process that watches over a directory's buses.
  static let reaper = Transport(rawValue: "kbus.reaper")

  static func limit(_ name: String) -> Transport { Transport(rawValue: "limit." + name) }
  static func peer(_ name: String) -> Transport { Transport(rawValue: "peer." + name) }

  /// Two words in shared memory, both sides spinning: nothing between two processors is faster.
  static let cacheLine = limit("cacheline")
  /// Two words in shared memory and two system calls: nothing that sleeps is much faster.
  static let futex = limit("futex")

  var isLimit: Bool { rawValue.hasPrefix("limit.") }
  var isPeer: Bool { rawValue.hasPrefix("peer.") }
  var isBus: Bool { !isLimit && !isPeer }
}

struct Configuration: Hashable, Sendable {
  var scenario: String
  var transport: Transport
  var mode = Mode.none
  var interface = Interface.loan
  /// 1: all processes take turns on one processor. 2: the client, or the sender, has one, and everybody else another.
  var cores = 1
  var senders = 1
  var listeners = 1
  var bindings = 1
  /// Ksocks that have the bindings which are not for the message, and how many messages wait at each of them.
  var bystanders = 1
  var backlog = 0
  var payloadBytes = 64
  /// Messages per second that the sender intends to send; 0 if it sends as fast as it can.
  var rate = 0
  /// What the victim has touched, and how many Requests it holds.
  var memoryBytes = 0
  var requests = 1
  /// What else tells it from others.
  var variant = ""
}
