import ArgumentParser
import CShm
import CSurvival
import Glibc
import KBUSShm

/// Flips bits of a bus on which processes work: none of them may crash or hang. What they are told is an error, or nothing at all.
struct MemoryFuzz: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "fuzz", abstract: "Flips bits in every page of a bus in use.")

  @Option(help: "How many flips.") var count = 4000
  @Option(help: "How many processes work at once.") var workers = 4
  @Option(help: "A new bus after so many flips.") var every = 50
  @Option(help: "Of everything random.") var seed: UInt64 = .random(in: 1...999_999)
  @Option(help: "Leave a process that hangs alone for so many seconds, so that a debugger can look at it.") var hold: UInt32 = 0
  @Option(help: "Where to keep how far it is, so that it can be stopped and continued.") var state: String?

  func run() throws {
    let directory = try Directory()
    var bookmark = Bookmark(state)
    var noise = Noise(seed: seed)
    var flips = bookmark.next(of: "flips") ?? 0
    var refused = 0, unharmed = 0
    var progress = Progress()
    print("fuzz: seed \(seed)" + (flips > 0 ? ", \(flips) flips before" : ""))
    while flips < count {
      let round = FuzzRound(directory: directory, workers: workers, flips: min(every, count - flips), seed: noise.next(), hold: hold)
      let ends = try round.run()
      refused += ends.refused
      unharmed += ends.unharmed
      flips += min(every, count - flips)
      bookmark.set("flips", to: flips)
      progress.say("fuzz: \(flips) flips, \(refused) processes were told of damage, \(unharmed) noticed nothing")
    }
    try expect(refused > 0, "nobody noticed anything")
    bookmark.remove()
    print("fuzz: \(flips) flips, \(refused) processes were told of damage, \(unharmed) noticed nothing, 0 crashes, 0 hangs")
  }
}

/// One bus, from its making to its end.
private struct FuzzRound {
  let directory: Directory
  let workers: Int
  let flips: Int
  let seed: UInt64
  let hold: UInt32

  struct Ends {
    var refused = 0
    var unharmed = 0
  }

  func run() throws -> Ends {
    _ = unsafe unlink(directory.bus)
    try Soak.createBus(in: directory)
    var noise = Noise(seed: seed)
    var places = (0..<workers).map { _ in (slot: WorkerSlot(), process: CInt(0), beats: UInt32(0)) }
    for place in places.indices { places[place].process = start(places[place].slot, life: UInt32(place + 1), seed: noise.next()) }
    defer { for place in places where place.process != 0 { _ = kill(place.process, SIGKILL); _ = csurvival_wait(place.process, 10_000) } }
    let file = try Flips(directory.bus)
    let slots = places.map(\.slot)
    Self.wait { slots.allSatisfy { $0[.beats] >= 50 } }
    var done: [String] = []
    file.findBusyWords()
    for _ in 0..<flips {
      done.append(file.flip(&noise))
      csurvival_sleep(CInt.random(in: 0...500, using: &noise))
    }
    // A while to come upon the last of it.
    let beats = slots.map { $0[.beats] }
    Self.wait { zip(slots, beats).allSatisfy { $0[.beats] >= $1 &+ 100 } }
    // Who is held up by a lock that a flip has taken gives up in time.
    for place in places { place.slot[.stop] = 1 }
    var ends = Ends()
    for place in places.indices {
      let end = csurvival_wait(places[place].process, 60_000)
      let told = "\(places[place].slot.violation) (seed \(seed); flips: \(done.joined(separator: " ")))"
      if end == -1000, hold > 0 {
        print("fuzz: process \(places[place].process) hangs")
        fflush(nil)
        sleep(hold)
      }
      try expect(end != -1000, "process \(places[place].process) hangs: \(told)")
      places[place].process = 0
      try expect(end == 0 || end == 1, "a process ended with \(end): \(told)")
      if end == 0, places[place].slot[.refused] == 0 { ends.unharmed += 1 } else { ends.refused += 1 }
    }
    return ends
  }

  /// Not for long: those who have met damage are over.
  private static func wait(until isDone: () -> Bool) {
    for _ in 0..<100 where !isDone() { csurvival_sleep(500) }
  }

  private func start(_ slot: WorkerSlot, life: UInt32, seed: UInt64) -> CInt {
    let child = csurvival_fork()
    guard child == 0 else { return child }
    // Its own limit, should this process go first.
    alarm(90 + hold)
    do { try Worker(slot, life: life, seed: seed, toleratesDamage: true).work() } catch {
      slot.violation = "\(error)"
      _exit(1)
    }
    _exit(0)
  }
}

/// The words of a bus file, mapped for nothing but damage.
@safe private final class Flips {
  private let base: UnsafeMutablePointer<UInt64>
  private let bytes: Int
  private let before: [UInt64]
  /// Words that have changed since the file was mapped: somebody is at work there.
  private var busy: [Int] = []

  init(_ path: String) throws {
    let file = unsafe open(path, O_RDWR)
    try expect(file >= 0, "no bus at \(path)")
    defer { close(file) }
    bytes = Int(lseek(file, 0, SEEK_END))
    guard let map = unsafe mmap(nil, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0), unsafe map != MAP_FAILED else {
      throw Failure("no mapping")
    }
    unsafe base = map.assumingMemoryBound(to: UInt64.self)
    before = unsafe Array(UnsafeBufferPointer(start: base, count: bytes / 8))
  }

  deinit { _ = unsafe munmap(base, bytes) }

  func findBusyWords() {
    csurvival_sleep(2000)
    let now = unsafe Array(UnsafeBufferPointer(start: base, count: bytes / 8))
    busy = now.indices.filter { now[$0] != before[$0] }
  }

  /// Flips a random bit: of a busy word, of any word of the first pages, which are few, or of any page. Returns where it was.
  func flip(_ noise: inout Noise) -> String {
    let kind = Int.random(in: 0..<8, using: &noise), words = bytes / 8
    let word =
      (kind < 5 ? busy.randomElement(using: &noise) : nil) ?? Int.random(in: 0..<(kind == 5 ? min(words, 4 * 512) : words), using: &noise)
    let bit = UInt64.random(in: 0..<64, using: &noise)
    unsafe base[word] ^= 1 << bit
    return "\(word * 8):\(bit)"
  }
}
