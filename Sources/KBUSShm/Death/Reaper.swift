// What the program kbus-reaper does: it watches over every bus of one directory, with a thread for each, until nobody has used them
// for a while.
//
// The life words of owners tell it of an end as soon as the kernel has ended one thread; descriptors of their processes, all in
// one set of events, tell it of the certain end.

internal import CShm

package struct ReaperOptions: Sendable {
  package var directory = Bus.directory
  /// Stays when no bus is in use.
  package var stays = false
  /// How long nobody must have used any bus before it ends, in nanoseconds.
  package var idle: UInt64 = 5_000_000_000
  /// Says what it does, on its standard error.
  package var isVerbose = false

  package init() {}
}

package final class Reaper: @unchecked Sendable {
  // Sendable: `watchers` is guarded by the process lock, `refused` is the main thread's own; the rest does not change.
  let options: ReaperOptions
  let events: CInt
  private let mostDescriptors: UInt64
  private let directoryEvents: CInt
  private var watchers: [BusWatcher?] = []
  /// Buses that it could not take on, and has said so.
  private var refused: [Int] = []
  private static let ofDirectory: UInt64 = .max

  package init(_ options: ReaperOptions) {
    self.options = options
    mostDescriptors = cshm_raise_descriptor_limit()
    events = cshm_events_make()
    directoryEvents = unsafe options.directory.withCharacters { unsafe cshm_directory_watch($0) }
    if directoryEvents >= 0 { _ = cshm_events_add(events, directoryEvents, Self.ofDirectory, 0) }
  }

  /// Ends when no bus has been used for a while; never with `stays`.
  package func run() {
    guard events >= 0 else { return report("no bus is watched: \(KBusError.system(-events, "watch", options.directory).description)") }
    while true {
      watchNewBuses()
      guard !isOver else { return }
      var number: UInt64 = 0
      // Without word of what happens in the directory it looks now and then.
      let result = unsafe cshm_events_wait(events, directoryEvents >= 0 ? -1 : 250, &number)
      if result > 0, number != Self.ofDirectory {
        reap(number)
      } else {
        cshm_directory_watch_drain(directoryEvents)
        for watcher in everybody { watcher?.look() }
      }
    }
  }

  /// The process of this owner has ended.
  private func reap(_ number: UInt64) {
    let place = Int(number >> 32)
    guard place < everybody.count, let watcher = everybody[place] else { return }
    watcher.reap(owner: Int(number & 0xFFFF_FFFF))
  }

  private func watchNewBuses() {
    let numbers = (try? Bus.list(in: options.directory)) ?? []
    refused.removeAll { !numbers.contains($0) }
    for number in numbers where !isWatching(number) {
      do throws(KBusError) {
        try watch(number)
        refused.removeAll { $0 == number }
      } catch  where error.errno != CInt(CSHM_ENOENT) && !refused.contains(number) {
        refused.append(number)
        report("bus \(number) is not watched: \(error.description) Its own processes watch over it meanwhile.")
      } catch {}
    }
  }

  private func watch(_ number: Int) throws(KBusError) {
    let bus = try SharedBus.join(number, in: options.directory, mayCreate: false)
    guard leaves(Self.sparedByBuses, bus.descriptor) else {
      bus.leave()
      throw .system(CInt(CSHM_EMFILE), "watch", bus.path)
    }
    let watcher = BusWatcher(bus, of: self, number: nextPlace)
    add(watcher)
    if !watcher.start() { ended(watcher) }
  }

  // Its watchers

  private var everybody: [BusWatcher?] {
    cshm_process_lock()
    defer { cshm_process_unlock() }
    return watchers
  }

  private var isOver: Bool { !options.stays && everybody.allSatisfy { $0 == nil } }

  /// A bus that was removed may live on beside a new one of the same number.
  private func isWatching(_ number: Int) -> Bool {
    everybody.contains { $0?.bus.number == number && $0?.isOfNamedFile == true }
  }

  private var nextPlace: Int { everybody.firstIndex { $0 == nil } ?? everybody.count }

  private func add(_ watcher: BusWatcher) {
    cshm_process_lock()
    defer { cshm_process_unlock() }
    if watcher.number < watchers.count { watchers[watcher.number] = watcher } else { watchers.append(watcher) }
  }

  /// Some descriptors are kept free: by processes for buses that come, and by those to look into /proc with.
  func maySpend(_ descriptor: CInt) -> Bool { leaves(Self.sparedByProcesses, descriptor) }

  private func leaves(_ spare: UInt64, _ descriptor: CInt) -> Bool { UInt64(descriptor) + spare < mostDescriptors }

  private static let sparedByProcesses: UInt64 = 8
  private static let sparedByBuses: UInt64 = 4

  /// Called by a watcher whose bus is not used: how long until the program ends. Nil while some bus is used.
  func timeLeft() -> UInt64? {
    let now = cshm_now()
    var left: UInt64 = 0
    for case let watcher? in everybody {
      guard watcher.unusedSince != 0 else { return nil }
      let idle = now &- watcher.unusedSince
      left = max(left, options.idle > idle ? options.idle &- idle : 0)
    }
    guard left == 0 else { return left }
    say("no bus is used")
    // Whoever comes at this moment is told by the kernel that nobody watches any more.
    cshm_exit(0)
  }

  /// Called by a watcher at its end: the last one ends the program, which sits in a wait.
  func ended(_ watcher: BusWatcher) {
    say("bus \(watcher.bus.number): left alone")
    cshm_process_lock()
    watchers[watcher.number] = nil
    cshm_process_unlock()
    watcher.bus.leave()
    if isOver { cshm_exit(0) }
  }

  func say(_ phrase: Phrase) { if options.isVerbose { report(phrase) } }

  private func report(_ phrase: Phrase) {
    let line: Phrase = "kbus-reaper: \(phrase.text)\n"
    var bytes = line.text.bytes
    unsafe bytes.withUnsafeMutableBytes { unsafe cshm_print(2, $0.baseAddress!, UInt($0.count)) }
  }
}
