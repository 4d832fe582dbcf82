// A bus as this process has it mapped: one mapping for each bus file, shared by all Ksocks of the process.

internal import CShm

/// A mapped bus. What the bus does is in extensions of this class, in the folder of each concept; this file is only about
/// having it.
final class SharedBus: @unchecked Sendable {
  // Sendable: the shared words as BusMemory says; scratch and hints are used under the bus lock only; `users` under
  // the process lock.
  let memory: BusMemory
  let geometry: Geometry
  // The lines that every message needs, found once.
  let header: Window
  let line: Window
  let stateLine: Window
  let smallSlots: SmallSlots
  let hashSeed: UInt64
  let pidNamespace = cshm_pid_namespace()
  let mode: UInt32
  let number: Int
  let directory: String
  let path: String
  let scratch: Scratch
  let helped = HelpedKsocks()
  let fifos = Fifos()
  let ownership = Ownership()
  let descriptor: CInt
  /// Of the process that mapped it: a child makes a mapping of its own.
  private let generation = cshm_fork_generation()
  private let device: UInt64
  private let inode: UInt64
  private var users = 0

  private init(_ file: consuming BusFile, mappedAt memory: BusMemory, number: Int, directory: String) {
    self.memory = memory
    geometry = file.geometry
    header = memory.window(0, CSHM_HEADER_SIZE)
    line = memory.window(geometry.lockLine, CSHM_LOCK_LINE_SIZE)
    smallSlots = SmallSlots(memory, geometry.classes[0])
    stateLine = memory.window(geometry.state, CSHM_STATE_SIZE)
    hashSeed = file.header.hashSeed
    mode = file.header.mode
    path = file.path
    device = file.device
    inode = file.inode
    descriptor = file.keepDescriptor()
    self.number = number
    self.directory = directory
    scratch = Scratch(geometry)
  }

  deinit {
    scratch.deallocate()
    _ = memory.unmap()
    _ = cshm_file_close(descriptor)
  }

  // One mapping for each file

  private nonisolated(unsafe) static var mapped: [SharedBus] = []

  /// The bus with this number, mapped now or before. To be balanced by `leave`. `mayCreate`: bus 0 is made if it is not there.
  static func join(_ number: Int, in directory: String, mayCreate: Bool) throws(KBusError) -> SharedBus {
    let file = try BusFile.open(number, in: directory, mayCreate: mayCreate)
    cshm_process_lock()
    defer { cshm_process_unlock() }
    // What a child inherited stays as it is, for its parent's sake.
    unsafe mapped.removeAll { $0.generation != cshm_fork_generation() }
    for bus in unsafe mapped where bus.device == file.device && bus.inode == file.inode {
      bus.users += 1
      return bus
    }
    let memory = try BusFile.map(file.descriptor, file.geometry, file.path)
    let boot = file.header.bootID
    let bus = SharedBus(file, mappedAt: memory, number: number, directory: directory)
    try bus.startAnew(of: boot)
    bus.users = 1
    unsafe mapped.append(bus)
    return bus
  }

  /// The last to leave unmaps the bus, once no loan refers to it any more.
  func leave() {
    cshm_process_lock()
    users -= 1
    if users == 0 { unsafe Self.mapped.removeAll { $0 === self } }
    cshm_process_unlock()
  }

  /// Whether the descriptor is still that of the bus: a program can close what it did not open.
  var hasItsFile: Bool {
    var facts = cshm_file_facts()
    return unsafe cshm_file_facts_of(descriptor, &facts) == 0 && facts.device == device && facts.inode == inode
  }
}

/// A bus without a count of references: for values that live no longer than the call that holds the bus.
@safe struct BorrowedBus {
  private unowned(unsafe) let reference: SharedBus

  @inline(__always) init(_ bus: SharedBus) { unsafe reference = bus }

  @inline(__always) var shared: SharedBus { unsafe reference }
}

/// What a transaction of this process scribbles on. Guarded by the bus lock.
struct Scratch {
  /// Listener bindings that a message matches, newest first, and room to merge them.
  let recipients: LocalArray<UInt32>
  let merged: LocalArray<UInt32>
  /// The writing ends of the queues that the transaction touches, and for each Ksock 1 + its place among them.
  let ends: LocalArray<QueueEnd>
  let endOf: LocalArray<UInt32>
  /// Where the copies of a direct send go: those to a requester and to who is remembered.
  let plan: LocalArray<PlannedCopy>
  /// Requests that a Ksock owes an answer to, when it goes.
  let requests: LocalArray<UInt32>
  /// Where to begin to look for a free record, by `Hint`.
  let hints: LocalArray<Int>

  enum Hint: Int {
    case chunk, urgentNode, setAsideNode, binding, longName, extensions
    /// And one for each slot class from here on.
    case slotClass
  }

  init(_ geometry: Geometry) {
    recipients = LocalArray(repeating: 0, count: geometry.limits.bindings)
    merged = LocalArray(repeating: 0, count: geometry.limits.bindings)
    ends = LocalArray(repeating: QueueEnd(), count: geometry.limits.ksocks)
    endOf = LocalArray(repeating: 0, count: geometry.limits.ksocks)
    plan = LocalArray(count: KnownName.mostRecipients + 1)
    requests = LocalArray(repeating: 0, count: geometry.limits.requests)
    hints = LocalArray(repeating: 0, count: Hint.slotClass.rawValue + Int(CSHM_CLASSES))
  }

  func deallocate() {
    recipients.deallocate()
    merged.deallocate()
    ends.deallocate()
    endOf.deallocate()
    plan.deallocate()
    requests.deallocate()
    hints.deallocate()
  }
}
