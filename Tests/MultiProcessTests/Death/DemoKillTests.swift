// Where the authors of the original started: a user interface that crashed, and could not talk to its decoder again.

import Foundation
import Glibc
import KBUSShm
import Testing

@Suite("kbus demo, killed a hundred times", .timeLimit(.minutes(10)), .serialized) struct DemoKillTests {
  private static let kills = 100
  /// Far more frames than can be played meanwhile.
  private static let frames = "100000"

  /// Who has shown what: the announcements of the UI.
  private struct Witness {
    let ksock: Ksock
    var uis: Set<UInt32> = []
    var decoders: Set<Substring> = []

    init(_ run: DemoRun) throws {
      ksock = try Ksock(bus: 0, in: try #require(run.child("ui").directory))
      try ksock.setMaxMessages(1000)
      try ksock.bind("$.UI.Shown")
    }

    /// Until frames of this many decoders have been shown, by this many UIs.
    mutating func wait(decoders: Int, uis: Int) throws {
      let deadline = ContinuousClock.now + .seconds(60)
      while self.decoders.count < decoders || self.uis.count < uis {
        try #require(
          ContinuousClock.now < deadline, "\(decoders) decoders and \(uis) UIs, not \(self.decoders.count) and \(self.uis.count)")
        guard let message = try ksock.receive(within: .seconds(1)) else { continue }
        self.uis.insert(message.from)
        if let decoder = message.text.split(separator: " ").last { self.decoders.insert(decoder) }
      }
    }
  }

  private func next(_ role: String, after last: pid_t, in run: DemoRun) throws -> pid_t {
    var pid = last
    try DemoRun.wait(for: "another \(role)") {
      pid = try run.child(role).pid
      return pid != last
    }
    return pid
  }

  @Test("the UI notices each death of the decoder by a status, waits for the next one, and goes on: no frame is lost or shown twice")
  func decoder() throws {
    let run = try DemoRun(["--plain", "--frames", Self.frames, "--play", "0-"])
    var witness = try Witness(run)
    var victim: pid_t = 0
    for death in 1...Self.kills {
      try witness.wait(decoders: death, uis: 1)
      victim = try next("decoder", after: victim, in: run)
      kill(victim, SIGKILL)
    }
    try witness.wait(decoders: Self.kills + 1, uis: 1)
    run.signal(SIGINT)
    #expect(try run.exitCode() == 128 + SIGINT)
    #expect(run.line("Decoder").hasPrefix("\(Self.kills) died, and another one went on; the bus answered $.KBUS.Replier."), "\(run.output)")
    #expect(try run.number("Frames", "sent") == run.number("Frames", "shown"))
    #expect(run.line("Frames").contains("(\(try run.number("Frames", "shown")) of the film's \(Self.frames))"), "each of them once")
    #expect(run.line("Result") == "all is well", "\(run.output)\(run.errors)")
    #expect(try witness.ksock.statistics().reaps >= UInt64(Self.kills))
    witness.ksock.close()
  }

  @Test("a UI that was killed binds again and plays on, and the decoder is not disturbed")
  func ui() throws {
    let run = try DemoRun(["--plain", "--frames", Self.frames, "--play", "0-"])
    var witness = try Witness(run)
    let decoder = try run.child("decoder").pid
    var victim: pid_t = 0
    for death in 1...Self.kills {
      try witness.wait(decoders: 1, uis: death)
      victim = try next("ui", after: victim, in: run)
      kill(victim, SIGKILL)
    }
    try witness.wait(decoders: 1, uis: Self.kills + 1)
    #expect(try run.child("decoder").pid == decoder)
    #expect(witness.decoders.count == 1, "all frames are of one decoder")
    run.signal(SIGINT)
    #expect(try run.exitCode() == 128 + SIGINT)
    #expect(run.line("Result") == "all is well", "\(run.output)\(run.errors)")
    #expect(try witness.ksock.statistics().reaps >= UInt64(Self.kills))
    witness.ksock.close()
  }
}
