// A reaper's thread for one bus.

internal import CShm

final class BusWatcher: @unchecked Sendable {
  // Sendable: `processes` and `slices` are the thread's own; the rest does not change, but for `isOver`, which is atomic.
  let bus: SharedBus
  /// Its place among the watchers of its reaper.
  let number: Int
  private let reaper: Reaper
  private let isOver = LocalArray(repeating: UInt32(0), count: 1)
  /// For each owner, its process's descriptor, and which owner that is.
  private var processes: [(incarnation: UInt64, descriptor: CInt)]
  /// Threads that wait for the words of owners beyond those that fit one thread.
  private var slices = 1

  init(_ bus: SharedBus, of reaper: Reaper, number: Int) {
    self.bus = bus
    self.reaper = reaper
    self.number = number
    processes = Array(repeating: (0, -1), count: bus.geometry.owners.count)
  }

  deinit { isOver.deallocate() }

  /// False if there can be no more threads.
  func start() -> Bool { OwnThread.start { self.run() } }

  /// Something happened in the directory: the bus may have lost its name.
  func look() { bus.ringOwnersBell() }

  /// The process of an owner has ended.
  func reap(owner: Int) {
    guard owner < bus.geometry.owners.count else { return }
    _ = try? bus.reap(.one(owner))
    // Its descriptor is closed by the thread.
    bus.ringOwnersBell()
  }

  /// Whether the file of the bus still has its name.
  var isOfNamedFile: Bool {
    var facts = cshm_file_facts()
    return unsafe cshm_file_facts_of(bus.descriptor, &facts) == 0 && facts.links > 0
  }

  private func run() {
    var watch = Watch(bus, as: .reaper)
    var idleSince: UInt64 = 0
    var reaps = bus.reapCount
    while true {
      watch.begin()
      // Another reaper has it: then there is nothing for this one to do.
      if !watch.hasRole, bus.watcher == .reaper, !reaper.options.stays { break }
      if bus.isCorrupt {
        reaper.say("bus \(bus.number): damaged")
        break
      }
      let hadRole = watch.hasRole
      watch.look()
      if watch.hasRole {
        if !hadRole { reaper.say("bus \(bus.number): watching") }
        if bus.reapCount != reaps { reaper.say("bus \(bus.number): \(bus.reapCount &- reaps) ended") }
        reaps = bus.reapCount
        watchProcesses()
        if isUnused {
          if !isOfNamedFile { break }
          if idleSince == 0 { idleSince = cshm_now() }
          let idle = cshm_now() &- idleSince
          if !reaper.options.stays {
            if idle >= reaper.options.idle { break }
            watch.wake(after: reaper.options.idle &- idle)
          }
        } else {
          idleSince = 0
        }
      }
      watch.wait()
    }
    unsafe cshm_store32(isOver.address(0), 1)
    watch.end()
    for (_, descriptor) in processes where descriptor >= 0 { _ = cshm_file_close(descriptor) }
    bus.ringOwnersBell()
    reaper.ended(self)
  }

  private var isUnused: Bool { !(0..<bus.geometry.owners.count).contains { bus.owner($0).isInUse } }

  /// Opens descriptors of processes that have come, closes those of processes that have gone, and starts threads for owners beyond the
  /// first.
  private func watchProcesses() {
    for index in processes.indices {
      let owner = bus.owner(index), incarnation = owner.incarnation
      if incarnation != 0 {
        while index >= slices * Watch.owners, startSlice() { slices += 1 }
      }
      guard incarnation != processes[index].incarnation else { continue }
      if processes[index].descriptor >= 0 { _ = cshm_file_close(processes[index].descriptor) }
      processes[index] = (incarnation, incarnation == 0 ? -1 : descriptor(of: owner))
    }
  }

  /// Without one - no descriptors left, or another pid namespace - the owner's other witnesses are looked at now and then.
  private func descriptor(of owner: OwnerRecord) -> CInt {
    guard owner.pidNamespace == bus.pidNamespace else { return -1 }
    let descriptor = cshm_process_descriptor(owner.pid)
    guard descriptor >= 0 else { return -1 }
    // Looked at after the descriptor is open: another process may have the pid by now. Then the owner is over, as one look will tell.
    if Machine.isGone(pid: owner.pid, startTime: owner.startTime) { _ = try? bus.reap(.one(owner.index)) }
    _ = cshm_events_add(reaper.events, descriptor, UInt64(number) << 32 | UInt64(owner.index), 1)
    return descriptor
  }

  private func startSlice() -> Bool {
    let first = slices * Watch.owners
    return OwnThread.start { self.runSlice(from: first) }
  }

  private func runSlice(from first: Int) {
    var watch = Watch(bus, as: .nobody)
    while unsafe cshm_load32_acquire(isOver.address(0)) == 0 {
      watch.begin()
      watch.addOwnersBell()
      _ = try? bus.reap(.ended)
      watch.addLives(from: first)
      watch.wait()
    }
    watch.end()
  }
}
