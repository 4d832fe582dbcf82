// Buses as an administrator sees them: made, listed, looked at, removed. None of this opens a Ksock.

internal import CShm

/// Administration of buses.
public enum Bus {
  /// The version of this library and of the tools that come with it.
  public static let version = versionText.description
  static let versionText: StaticString = "0.1.0"

  /// The directory of the bus files: `$KBUS_DIR`, or `/dev/shm`.
  public static var directory: String { BusDirectory.standard }

  /// Where the file of a bus is.
  public static func path(_ number: Int, in directory: String? = nil) -> String {
    BusDirectory.path(number, in: directory ?? BusDirectory.standard)
  }

  /// Makes a bus.
  ///
  /// **Errors:** `busExists`, `tooManyBuses`, `badOption`, `noDirectory`, `noPermission`, `noSpace`.
  public static func create(_ number: Int, options: BusOptions = BusOptions(), in directory: String? = nil) throws(KBusError) {
    try BusFile.create(number, options, in: directory ?? BusDirectory.standard)
  }

  /// Removes a bus. Who has it open goes on with it, alone; its memory is given back when the last of them ends.
  ///
  /// **Errors:** `noSuchBus`, `noPermission`.
  public static func remove(_ number: Int, in directory: String? = nil) throws(KBusError) {
    let directory = directory ?? BusDirectory.standard, path = BusDirectory.path(number, in: directory)
    guard number >= 0, number < BusDirectory.mostBuses, BusDirectory.facts(path) != nil else { throw .noSuchBus(number, directory) }
    let result = unsafe path.withCharacters { unsafe cshm_file_remove($0) }
    guard result == 0 else { throw .cannotOpen(path, -result) }
    for incarnation in BusDirectory.fifos(of: number, in: directory) { BusDirectory.removeFifo(path, incarnation) }
  }

  /// The numbers of the buses there are, in order.
  public static func list(in directory: String? = nil) throws(KBusError) -> [Int] {
    try BusDirectory.numbers(in: directory ?? BusDirectory.standard)
  }

  /// Looks at a bus without opening a Ksock on it.
  ///
  /// **Errors:** those of opening a bus; unlike opening, it does not make bus 0.
  public static func inspect(_ number: Int, in directory: String? = nil) throws(KBusError) -> BusDescription {
    let directory = directory ?? BusDirectory.standard, path = BusDirectory.path(number, in: directory)
    try BusDirectory.check(directory, "open")
    guard number >= 0, number < BusDirectory.mostBuses, let facts = BusDirectory.facts(path) else {
      throw .noSuchBus(number, directory)
    }
    let shared = try SharedBus.join(number, in: directory, mayCreate: false)
    defer { shared.leave() }
    try shared.lock("inspect")
    defer { shared.unlock() }
    var options = BusOptions()
    let limits = shared.geometry.limits
    options.maxKsocks = limits.ksocks
    options.maxBindings = limits.bindings
    options.maxRequests = limits.requests
    options.maxMessageSize = limits.absoluteMaxMessage
    options.slots = limits.slots
    options.mode = facts.mode
    options.group = facts.group
    return BusDescription(
      number: number, path: path, options: options, bytes: shared.geometry.fileBytes,
      reservedBytes: shared.geometry.reservedBytes,
      maxMessageSize: Int(truncatingIfNeeded: shared.memory.u64(shared.geometry.state + CSHM_STATE_MAX_MESSAGE)),
      bindings: try shared.bindingInfos(), statistics: shared.statistics())
  }
}

/// What a bus is like.
public struct BusDescription: Sendable {
  public let number: Int
  public let path: String
  /// As it was made, with mode and group as they are now.
  public let options: BusOptions
  /// The size of its file, and how much of that was reserved when it was made. The rest is payload, reserved when first used.
  public let bytes: Int
  public let reservedBytes: Int
  /// The longest message it takes now, entire length.
  public let maxMessageSize: Int
  public let bindings: [BindingInfo]
  public let statistics: BusStatistics
}
