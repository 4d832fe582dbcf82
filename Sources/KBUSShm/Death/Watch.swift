// Watching over a bus: being told when one of its owners ends, and reaping it.
//
// One thread at a time has this role, in a word of the bus that the kernel marks when that thread ends (invariant W1). A reaper has it
// if there is one; otherwise the helper of some process, which starts a reaper and hands the role over when that asks for it. All
// other helpers sleep on the role word: when its holder dies, one of them is woken and takes it. So a reaper makes
// things quicker and lighter, and nothing depends on it.

internal import CShm

/// Who watches over a bus.
public enum Watcher: UInt32, Sendable {
  case nobody, helper, reaper
}

@safe struct Watch: ~Copyable {
  private let bus: SharedBus
  private let memory: BusMemory
  private let kind: Watcher
  /// Nil where the kernel keeps no list of a thread's words: then pids alone tell of an end.
  private let life: OpaquePointer?
  private(set) var hasRole = false
  /// The process has said that it ends (`cshm_life_end_all`): this thread, which may live on for a while, watches no more.
  private var isOver = false
  /// Until when the role is left to a reaper that asked for it; 0 if none did since somebody had it.
  private var patience: UInt64 = 0
  /// When to start a reaper; nil if one has been started.
  private var startAt: UInt64?
  private var startDelay = Self.shortestStartDelay
  private var lastStart: UInt64 = 0
  /// How long to wait before looking again at owners that have departed; grows.
  private var pause: UInt64 = Self.shortestPause
  /// When a helper without the role looks for itself.
  private var glanceAt: UInt64 = 0

  private var unused = UnusedSlots()

  private var words: [cshm_watched] = []
  private var deadline: UInt64 = .max
  /// Somebody waits for more than deaths.
  var hearsBells = false

  private static let shortestPause: UInt64 = 2_000_000
  private static let longestPause: UInt64 = 250_000_000
  /// A reaper that has asked for the role takes it within this time, or is not there any more.
  private static let mostPatience: UInt64 = 100_000_000
  /// A process that is gone again so soon needs no reaper. If reapers end all the time, they are started ever more rarely.
  private static let shortestStartDelay: UInt64 = 50_000_000
  private static let longestStartDelay: UInt64 = 60_000_000_000
  /// Whoever has the role may be stopped, as may be the one who was woken to take it: no wait is without a limit (DESIGN R7).
  private static let betweenGlances: UInt64 = 60_000_000_000

  /// For the calling thread.
  init(_ bus: SharedBus, as kind: Watcher) {
    self.bus = bus
    self.kind = kind
    memory = bus.memory
    unsafe life = bus.memory.beginLife(bus.geometry.watchLine, bytes: bus.geometry.owners.end - bus.geometry.watchLine)
    words.reserveCapacity(Int(CSHM_MOST_WATCHED))
  }

  /// Gives back what the thread has, its process's life word included. To be called at its end.
  mutating func end(of owner: OwnerRecord? = nil) {
    // We may have been woken for the role, and others not.
    if hasRole { giveRoleBack() } else { memory.wake(role, atMost: 1) }
    guard let life = unsafe life else { return }
    if let owner { unsafe cshm_life_give_back(life, memory.lockWord(owner.lifePlace)) }
    unsafe cshm_life_end(life)
  }

  /// False where the kernel keeps no list of a thread's words.
  var tellsOfEnds: Bool { unsafe life != nil }

  // The life word of this process

  func claimLife(of owner: OwnerRecord) {
    if let life = unsafe life { unsafe cshm_life_claim(life, memory.lockWord(owner.lifePlace)) }
  }

  // What to wait for: begun anew with each turn

  mutating func begin() {
    words.removeAll(keepingCapacity: true)
    deadline = .max
  }

  /// With more words than the kernel can wait for, it looks at the rest now and then.
  mutating func add(_ word: cshm_watched) {
    if words.count < Int(CSHM_MOST_WATCHED) { words.append(word) } else { wake(after: Self.shortestPause) }
  }

  /// A bell, as it is now: what it tells of is to be looked at afterwards.
  mutating func add(_ bell: Int) { add(bell, memory.acquire32(bell)) }

  private mutating func add(_ place: Int, _ value: UInt32) { unsafe add(cshm_watch(memory.lockWord(place), value)) }

  mutating func wake(at time: UInt64) { deadline = min(deadline, time) }

  mutating func wake(after nanoseconds: UInt64) { deadline = min(deadline, cshm_now() &+ nanoseconds) }

  func wait() {
    let result = unsafe words.withUnsafeBufferPointer { unsafe cshm_futex_wait_any($0.baseAddress!, UInt32($0.count), deadline) }
    guard result < 0, ![-CInt(CSHM_EAGAIN), -CInt(CSHM_EINTR), -CInt(CSHM_ETIMEDOUT)].contains(result) else { return }
    // Linux before 5.16 can't wait for several words, and a sandbox may not let us: look now and then.
    let first = unsafe UnsafeRawPointer(bitPattern: UInt(words[0].address))!
    _ = unsafe cshm_futex_wait(
      first, UInt32(words[0].expected), min(deadline, cshm_now() &+ (hearsBells ? Self.shortestPause : Self.longestPause)))
  }

  // The role

  /// It leaves the role to a reaper, and waits for that; and may be the only one that knows that it is free.
  var isPatient: Bool { patience != 0 }

  private var role: Int { bus.geometry.watchLine + CSHM_WATCH_LINE_ROLE }
  private var roleWanted: Int { bus.geometry.watchLine + CSHM_WATCH_LINE_ROLE_WANTED }
  private var watcher: Int { bus.geometry.watchLine + CSHM_WATCH_LINE_WATCHER }

  /// Takes the role if it is free, and does what it asks for if we have it.
  mutating func look() {
    if hasRole, unsafe cshm_life_is_mine(memory.lockWord(role)) == 0 { (hasRole, isOver) = (false, true) }
    guard !isOver else { return }
    if !hasRole { tryForRole() }
    if hasRole, kind == .helper, memory.u32(roleWanted) != 0 {
      giveRoleBack()
      patience = cshm_now() &+ Self.mostPatience
      tryForRole()
    }
    if hasRole { watchOver() } else if kind == .helper { glance() }
  }

  private mutating func glance() {
    let now = cshm_now()
    if glanceAt == 0 { glanceAt = now &+ Self.betweenGlances }
    if now >= glanceAt {
      glanceAt = now &+ Self.betweenGlances
      _ = try? bus.reap(.ended)
    }
    deadline = min(deadline, glanceAt)
  }

  private mutating func tryForRole() {
    guard let life = unsafe life else { return }
    let seen = unsafe cshm_life_prepare_wait(memory.lockWord(role))
    if cshm_life_is_taken(seen) != 0 {
      patience = 0
      if kind == .reaper {
        // Whoever has just taken it has not said yet what it is, and will.
        add(watcher)
        if bus.watcher != .reaper {
          if bus.watcher == .helper {
            memory.store32(roleWanted, 1)
            bus.ringHelpers()
          }
          wake(after: Self.mostPatience)
        }
      }
      return unsafe awaitRole(seen, life)
    }
    if kind == .helper, memory.u32(roleWanted) != 0 {
      let now = cshm_now()
      if patience == 0 { patience = now &+ Self.mostPatience }
      if now < patience {
        deadline = min(deadline, patience)
        return unsafe awaitRole(seen, life)
      }
      memory.store32(roleWanted, 0)
    }
    patience = 0
    guard unsafe cshm_life_take(life, memory.lockWord(role)) != 0 else { return deadline = 0 }
    hasRole = true
    memory.store32(watcher, kind.rawValue)
    // Whoever was woken for it is us. A reaper that waits wants it more, and can tell now whose it is.
    if kind == .reaper { memory.store32(roleWanted, 0) } else { memory.wake(watcher) }
    let now = cshm_now()
    if now &- lastStart > Self.longestStartDelay { startDelay = Self.shortestStartDelay }
    startAt = now &+ startDelay
    // Whoever had it may have missed an end.
    _ = try? bus.reap(.all)
    bus.removeStrayFifos()
    unused = UnusedSlots()
  }

  private mutating func awaitRole(_ seen: UInt32, _ life: OpaquePointer) {
    // If we are the one that is woken, and are killed before we take it, another is woken in our place.
    unsafe cshm_life_await(life, memory.lockWord(role))
    add(role, seen)
  }

  private mutating func giveRoleBack() {
    guard hasRole, let life = unsafe life else { return }
    hasRole = false
    memory.store32(watcher, Watcher.nobody.rawValue)
    unsafe cshm_life_give_back(life, memory.lockWord(role))
  }

  private mutating func watchOver() {
    addOwnersBell()
    // A bus that is damaged has nobody to be told; one whose lock is not to be had is looked at again.
    if bus.isCorrupt { return }
    guard let left = try? bus.reap(.ended) else { return wake(after: Self.longestPause) }
    if left.contains(.departed) || left.contains(.mute) && kind == .helper {
      wake(after: pause)
      pause = min(pause &* 2, Self.longestPause)
    } else {
      pause = Self.shortestPause
    }
    addLives(from: 0)
    wake(at: unused.look(bus))
    if kind == .helper, let start = startAt {
      if cshm_now() < start { return deadline = min(deadline, start) }
      startAt = nil
      lastStart = cshm_now()
      startDelay = min(startDelay &* 2, Self.longestStartDelay)
      bus.startReaper()
    }
  }

  /// Waits for owners to come and go, and for large slots to get their pages.
  mutating func addOwnersBell() { add(bus.geometry.watchLine + CSHM_WATCH_LINE_OWNERS_BELL) }

  /// How many owners' words one thread can wait for, beside its bells.
  static let owners = Int(CSHM_MOST_WATCHED) - 8

  /// Waits for the life words of owners from this place in their table on, as many as fit.
  mutating func addLives(from first: Int) {
    let table = bus.geometry.owners.count
    for index in first..<min(table, first + Self.owners) {
      let owner = bus.owner(index)
      guard owner.isInUse, !owner.isDeparted, index != bus.ownership.index else { continue }
      let life = unsafe cshm_life_prepare_wait(memory.lockWord(owner.lifePlace))
      if cshm_life_is_taken(life) != 0 { add(owner.lifePlace, life) }
      // Ended since we looked.
      if cshm_life_has_ended(life) != 0 { deadline = 0 }
    }
    // A reaper has more threads for the others; a helper looks at them now and then.
    if kind == .helper, (first + Self.owners..<max(table, first + Self.owners)).contains(where: { bus.owner($0).isInUse }) {
      wake(after: Self.longestPause)
    }
  }
}

extension SharedBus {
  /// Whether somebody watches over the bus.
  var isReaped: Bool { cshm_life_is_taken(memory.u32(geometry.watchLine + CSHM_WATCH_LINE_ROLE)) != 0 }

  /// Who does.
  var watcher: Watcher {
    isReaped ? Watcher(rawValue: memory.u32(geometry.watchLine + CSHM_WATCH_LINE_WATCHER)) ?? .nobody : .nobody
  }
}
