// A reaper's thread for one bus.

internal import CShm

final class BusWatcher: @unchecked Sendable {
  // Sendable: `processes` and `slices` are the thread's own; the rest does not change, but for `isOver` and `unused`, which are
  // atomic.
  let bus: SharedBus
  /// Its place among the watchers of its reaper.
  let number: Int
  private let reaper: Reaper
  private let isOver = LocalArray(repeating: UInt32(0), count: 1)
  /// Since when nobody has used the bus; 0 while somebody does.
  private let unused = LocalArray(repeating: UInt64(0), count: 1)
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

  deinit {
    isOver.deallocate()
    unused.deallocate()
  }

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
        if watchProcesses() { watch.wake(after: Self.pause) }
      } else {
        watch.addOwnersBell()
      }
      noteUse()
      if unusedSince != 0 {
        if !isOfNamedFile { break }
        if !reaper.options.stays, let left = reaper.timeLeft() { watch.wake(after: left) }
      }
      watch.wait()
    }
    unsafe cshm_store32(isOver.address(0), 1)
    watch.end()
    for (_, descriptor) in processes where descriptor >= 0 { _ = cshm_file_close(descriptor) }
    bus.ringOwnersBell()
    reaper.ended(self)
  }

  /// How often owners are looked at of which nothing else tells.
  private static let pause: UInt64 = 250_000_000

  // Use

  /// Since when nobody has used the bus; 0 while somebody does.
  var unusedSince: UInt64 { unsafe cshm_load64_acquire(unused.address(0)) }

  private func noteUse() {
    let isUsed = bus.isUsed
    if isUsed || unusedSince == 0 { unsafe cshm_store64(unused.address(0), isUsed ? 0 : cshm_now()) }
  }

  // Processes

  /// Opens descriptors of processes that have come, closes those of processes that have gone, and starts threads for owners beyond the
  /// first. True if an owner has no life word.
  private func watchProcesses() -> Bool {
    var isMute = false
    for index in processes.indices {
      let owner = bus.owner(index), incarnation = owner.incarnation
      if incarnation != 0 {
        while index >= slices * Watch.owners, startSlice() { slices += 1 }
      }
      if incarnation != processes[index].incarnation {
        if processes[index].descriptor >= 0 { _ = cshm_file_close(processes[index].descriptor) }
        processes[index] = (incarnation, incarnation == 0 ? -1 : descriptor(of: owner))
      }
      // Its descriptor does not tell of execve.
      if incarnation != 0, owner.life == 0 { isMute = true }
    }
    return isMute
  }

  /// -1 if there is none to be had: no descriptors left, or another pid namespace. Then the owner's other witnesses tell.
  private func descriptor(of owner: OwnerRecord) -> CInt {
    guard bus.isNear(owner) else { return -1 }
    let descriptor = cshm_process_descriptor(owner.pid)
    // Looked at after the descriptor is open: another process may have the pid by now. Then the owner is over, as one look will tell.
    if Machine.isGone(pid: owner.pid, startTime: owner.startTime) { _ = try? bus.reap(.one(owner.index)) }
    guard descriptor >= 0 else { return -1 }
    if reaper.maySpend(descriptor),
      cshm_events_add(reaper.events, descriptor, UInt64(number) << 32 | UInt64(owner.index), 1) == 0
    {
      return descriptor
    }
    _ = cshm_file_close(descriptor)
    return -1
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
      let reaps = bus.reapCount
      _ = try? bus.reap(.ended)
      // Who has departed is buried by the first thread, which has to know.
      if bus.reapCount != reaps { bus.ringOwnersBell() }
      watch.addLives(from: first)
      watch.wait()
    }
    watch.end()
  }
}
