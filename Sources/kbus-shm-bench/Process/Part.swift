// What a process that plays a part is told, and how it answers (cbench_part.h).

import CBench
import Glibc
import KBUSShm

/// The part of this process.
@safe
struct Part: @unchecked Sendable {
  // Sendable: read only, once it is made.
  let options: UnsafeMutablePointer<cbench_part>
  private let arguments: [String]

  /// Reads the command line, of which the first word is the scenario, and ties this process to its parent. Ends the process if that
  /// can't be done.
  init(arguments: [String]) {
    self.arguments = arguments
    // For as long as the process lives: C keeps pointers into it.
    let argv = UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>.allocate(capacity: arguments.count + 2)
    for (index, argument) in (["kbus-shm-bench"] + arguments).enumerated() { unsafe argv[index] = unsafe strdup(argument) }
    unsafe argv[arguments.count + 1] = nil
    unsafe options = .allocate(capacity: 1)
    unsafe cbench_part_begin(options, Int32(arguments.count + 1), argv)
  }

  var scenario: String { unsafe String(cString: options.pointee.scenario) }
  var transport: Transport { unsafe Transport(rawValue: String(cString: options.pointee.transport)) }
  var mode: Mode { unsafe Mode(rawValue: String(cString: options.pointee.mode)) ?? .none }
  var interface: Interface { unsafe Interface(rawValue: String(cString: options.pointee.api)) ?? .copy }
  var directory: String { unsafe String(cString: options.pointee.directory) }
  var payloadBytes: Int { unsafe options.pointee.payload_bytes }
  var samples: Int { unsafe options.pointee.samples }
  var timeLimit: UInt64 { unsafe options.pointee.time_limit_ns }
  var listeners: Int { unsafe Int(options.pointee.listeners) }
  var bindings: Int { unsafe Int(options.pointee.bindings) }
  var bystanders: Int { unsafe Int(options.pointee.bystanders) }
  var backlog: Int { unsafe Int(options.pointee.backlog) }
  var variant: String { unsafe String(cString: options.pointee.variant) }
  var requests: Int { unsafe Int(options.pointee.requests) }
  var memoryBytes: Int { unsafe Int(options.pointee.memory_bytes) }

  /// Whether the part is played by this process alone.
  var isAlone: Bool { ["routing", "fanout"].contains(scenario) }

  /// The options for a process that this one starts to help it play.
  func options(for scenario: String) -> [String] {
    // What comes later counts.
    [scenario] + arguments.dropFirst() + ["--parent", "\(Peer.ownProcess)"]
  }

  /// Binds this process to the client's processor.
  func pinToClient() { unsafe cbench_pin_to(options.pointee.client_cpu) }

  /// Appends one list of numbers to the figures.
  func leave(_ numbers: ArraySlice<UInt64>) {
    unsafe numbers.withUnsafeBufferPointer { unsafe cbench_write(options, $0.baseAddress, $0.count) }
  }

  /// Plays the part if it is one of C's. Returns whether it was.
  func playInC() -> Bool {
    switch scenario {
    case "death": unsafe cbench_limit_death(options) == 1
    case "rtt": unsafe cbench_limit_round_trip(options) == 1
    case "oneway", "throughput": unsafe cbench_limit_fan(options) == 1 || cbench_kernel_fan(options) == 1
    case "limits":
      unsafe cbench_limit_lock(options) == 1 || cbench_limit_memory(options) == 1 || cbench_limit_call(options) == 1
    default: false
    }
  }

  /// Ends the process with a sentence if this fails.
  static func orFail<T: ~Copyable>(_ body: () throws(KBusError) -> T) -> T {
    do { return try body() } catch { fail("\(error)") }
  }

  static func fail(_ sentence: String) -> Never { unsafe cbench_fail(sentence, 0) }
}
