import ArgumentParser
import KBUSShm

struct CheckCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "check",
    abstract: "Check every invariant of a bus, live or dead, and say what is found.",
    discussion: """
      Changes nothing. The invariants have the numbers of docs/LAYOUT.md. A bus whose last user died in the middle of a \
      change is unfinished rather than broken: its next user, or `kbus repair`, finishes that. Without a number, all \
      buses of the directory are checked. The files of removed buses that processes still use are reported too; of \
      processes of other users that takes root. Exit status 1 if anything is wrong.
      """)

  @OptionGroup var buses: BusNumbers

  func run() throws {
    let removed = RemovedBus.inUse(in: Bus.directory).filter { buses.all.isEmpty || buses.all.contains($0.number) }
    // One that was removed need not be there again.
    let numbers =
      buses.all.isEmpty ? try Bus.list() : buses.all.filter { number in !removed.contains { $0.number == number } || isThere(number) }
    var isWrong = !removed.isEmpty
    try Failure.forEach(numbers) { number in
      let condition = try Bus.examine(number)
      try StandardStreams.print("bus \(number): \(Bus.path(number))")
      try condition.lines.forEach { try StandardStreams.print("  \($0)") }
      if !condition.isSound { isWrong = true }
    }
    for bus in removed { try StandardStreams.print(bus.line) }
    if isWrong { throw Failure(.refused, nil) }
  }

  private func isThere(_ number: Int) -> Bool { (try? Bus.list().contains(number)) ?? false }
}

extension BusCondition {
  /// Nothing is broken or waits to be finished.
  var isSound: Bool { violations.isEmpty && !isMarkedCorrupt && lock != .bereaved }

  /// What there is to say, a sentence to a line.
  var lines: [String] {
    var lines = ["watched over by \(watcher == .nobody ? "nobody" : "a \(watcher)")"]
    switch lock {
    case .free: lines.append("the lock is free")
    case .held(let thread): lines.append("the lock is held by thread \(thread)")
    case .bereaved: lines.append("the holder of the lock died: what it changed is unfinished, and its next user finishes it")
    }
    for owner in owners {
      let place = owner.isInOtherPidNamespace ? " of another pid namespace" : ""
      let state =
        switch owner.state {
        case .alive: owner.hasLifeWord ? "is alive" : "is alive, and only its pid tells of its end"
        case .ending: "is ending, or has become another program"
        case .over: "is gone"
        }
      lines.append("process \(owner.pid)\(place) \(state)\(owner.isDeparted ? "; its Ksocks are off the bus" : "")")
    }
    if isMarkedCorrupt { lines.append("it is marked as damaged, and everybody refuses to use it") }
    let what = lock == .bereaved && !isMarkedCorrupt ? "unfinished" : "broken"
    lines += violations.map { "\(what): \($0)" }
    if violations.isEmpty { lines.append("all \(Invariant.allCases.count) invariants hold") }
    return lines
  }
}
