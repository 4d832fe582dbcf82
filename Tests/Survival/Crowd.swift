// The workers of a soak, and the history that all that there ever were have left.

import CShm
import CSurvival
import Glibc

struct Crowd {
  private var places: [Place]
  private var lives: UInt32 = 0
  private var history = History()
  var noise: Noise

  private(set) var kills = 0
  private(set) var heard = 0
  private(set) var answered = 0
  private var sent = 0
  private var asked = 0

  private struct Place {
    let slot = WorkerSlot()
    var process: CInt = 0
    var beats: UInt32 = 0
    var movedAt: UInt64 = 0
  }

  init(workers: Int, seed: UInt64) {
    places = (0..<workers).map { _ in Place() }
    noise = Noise(seed: seed)
  }

  var summary: String {
    "\(kills) kills, \(lives) processes, \(sent) messages sent, \(heard) announcements heard, \(asked) requests, \(answered) answers"
  }

  mutating func fill() throws { for place in places.indices where places[place].process == 0 { try start(place) } }

  private mutating func start(_ place: Int) throws {
    lives += 1
    let slot = places[place].slot, life = lives, seed = UInt64.random(in: 1...(.max), using: &noise)
    slot.clear()
    let child = csurvival_fork()
    try expect(child >= 0, "no process")
    if child == 0 {
      do { try Worker(slot, life: life, seed: seed).work() } catch {
        slot.violation = "\(error)"
        _exit(1)
      }
      _exit(0)
    }
    places[place].process = child
    places[place].beats = 0
    places[place].movedAt = cshm_now()
  }

  /// Kills somebody, after a while; those who ended by themselves meanwhile are replaced too.
  mutating func killOne(after microseconds: Int) throws {
    csurvival_sleep(CInt(microseconds))
    let place = Int.random(in: 0..<places.count, using: &noise)
    try killed(place)
    try start(place)
    try checkBeats()
  }

  mutating func killAll() throws { for place in places.indices where places[place].process != 0 { try killed(place) } }

  private mutating func killed(_ place: Int) throws {
    let process = places[place].process, slot = places[place].slot
    _ = kill(process, SIGKILL)
    let end = csurvival_wait(process, 30_000)
    places[place].process = 0
    try expect(end == -SIGKILL || end == 0, "life \(lives) ended with \(end): \(slot.violation)")
    if end == -SIGKILL { kills += 1 }
    sent += Int(slot[.sent])
    asked += Int(slot[.asked])
    answered += Int(slot[.answered])
    heard += Int(slot[.heard])
    try history.add(slot.log)
  }

  /// Whoever works moves on, whatever becomes of the others.
  private mutating func checkBeats() throws {
    let now = cshm_now()
    for place in places.indices {
      let beats = places[place].slot[.beats]
      if beats != places[place].beats || csurvival_state(places[place].process) == CChar(UInt8(ascii: "Z")) {
        places[place].beats = beats
        places[place].movedAt = now
      }
      try expect(now - places[place].movedAt < 30_000_000_000, "process \(places[place].process) hangs")
    }
  }
}

/// The one order of all announcements, as far as anybody has heard them.
struct History {
  /// What one Ksock heard around this line of its process's log.
  private static func around(_ line: Int, of log: [Heard]) -> String {
    let heard = log[line]
    func list(_ part: ArraySlice<Heard>) -> [Heard] { part.filter { $0.ear & ~Heard.urgent == heard.ear } }
    let before = list(log[..<line]), wasHeard = before.contains { $0.serial == heard.serial }
    let around = (before.suffix(6) + list(log[line...]).prefix(6)).map { "\($0.serial) (\($0.sender): \($0.number))" }
    return "\(heard), \(wasHeard ? "heard before" : "not heard before"), in \(around.joined(separator: ", "))"
  }

  /// What has been heard lately, by serial.
  private var known: [Heard] = Array(repeating: Heard(serial: 0, sender: 0, number: 0, ear: 0), count: 1 << 20)

  /// The log of one process: each of its Ksocks must have heard a subsequence of the one order, and what others heard.
  mutating func add(_ log: [Heard]) throws {
    var lastOf: [UInt32: Heard] = [:]
    var numberOf: [UInt64: UInt32] = [:]
    for (line, heard) in log.enumerated() {
      let place = Int(heard.serial) & (known.count - 1)
      if known[place].serial == heard.serial {
        try expect(
          known[place].sender == heard.sender && known[place].number == heard.number,
          "serial \(heard.serial) is two messages: \(known[place]) and \(heard)")
      } else if known[place].serial < heard.serial {
        known[place] = heard
      }
      guard heard.ear & Heard.urgent == 0 else { continue }
      if let last = lastOf[heard.ear] { try expect(last.serial <= heard.serial, "out of order: \(Self.around(line, of: log))") }
      lastOf[heard.ear] = heard
      let pair = UInt64(heard.ear) << 32 | UInt64(heard.sender)
      if let last = numberOf[pair] { try expect(last <= heard.number, "a sender's messages out of order: \(heard) after \(last)") }
      numberOf[pair] = heard.number
    }
  }
}
