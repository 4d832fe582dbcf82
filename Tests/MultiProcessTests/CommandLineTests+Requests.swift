// `kbus request` and `kbus reply`, with each other and with Ksocks of the test.

import Foundation
import Glibc
import KBUSShm
import Testing

extension CommandLineTests {
  @Test("request prints the Reply, in each of its forms") func request() throws {
    let replier = try bus.start("reply", "$.Lamp", "lit", "--count", "3")
    try bus.waitForBindings("$.Lamp")
    let plain = try bus.start("request", "$.Lamp", "on").end()
    #expect(plain.status == 0)
    #expect(plain.text.hasPrefix("<Reply '$.Lamp', id=[0:2], "))
    #expect(plain.text.hasSuffix(", in_reply_to=[0:1], data=b'lit'>\n"))
    let json = try PrintedMessage(line: try bus.start("request", "$.Lamp", "on", "--json").end().text)
    #expect(json.text("kind") == "reply")
    #expect(json.text("data") == "lit")
    #expect(try bus.start("request", "$.Lamp", "--raw", "--within", "60").end().output == Array("lit".utf8))
    let answered = try replier.end()
    #expect(answered.status == 0)
    let lines = answered.text.split(separator: "\n")
    #expect(lines.count == 3)
    #expect(lines.allSatisfy { $0.hasPrefix("<Request '$.Lamp', ") && $0.contains("(REQ,YOU)") })
  }

  @Test("a request without a Replier is refused, with the errno and a remedy") func noReplier() throws {
    let ending = try bus.start("request", "$.Nobody").end()
    #expect(ending.status == 1)
    #expect(ending.output.isEmpty)
    let lines = ending.errors.split(separator: "\n")
    #expect(lines.count == 2)
    #expect(lines[0].hasPrefix("kbus: ") && lines[0].contains("$.Nobody"))
    #expect(lines[0].hasSuffix("(EADDRNOTAVAIL: Cannot assign requested address)"))
    #expect(lines[1].hasPrefix("      "))
  }

  @Test("request --wait waits for the Replier") func waitsForReplier() throws {
    let requester = try bus.start("request", "$.Late", "anyone?", "--wait", "--within", "60", "--raw")
    // Once the requester has its Ksock it is on its way to waiting; whichever comes first, it must be answered.
    try eventually("the requester's Ksock") {
      (try? Bus.inspect(0, in: bus.directory))?.statistics.ksocks.isEmpty == false
    }
    let replier = try bus.start("reply", "$.Late", "me", "--count", "1")
    let ending = try requester.end()
    #expect(ending.status == 0)
    #expect(ending.text == "me")
    #expect(try replier.end().status == 0)
  }

  @Test("the time limit ends a wait for a Replier, and one for an answer, with 2") func timeLimits() throws {
    let nobody = try bus.start("request", "$.Nobody", "--wait", "--within", "0.05").end()
    #expect(nobody.status == 2)
    #expect(nobody.errors.hasPrefix("kbus: "))
    #expect(nobody.errors.contains("ETIMEDOUT"))
    let silent = try bus.open()
    try silent.bind("$.Silent", as: .replier)
    let unanswered = try bus.start("request", "$.Silent", "--within", "0.05").end()
    #expect(unanswered.status == 2)
    #expect(unanswered.errors.hasPrefix("kbus: no answer to \"$.Silent\" came within 0.05 seconds (ETIMEDOUT)"))
    #expect(unanswered.output.isEmpty)
    silent.close()
  }

  @Test("a Status in place of the Reply is printed and ends with 3") func statusInsteadOfReply() throws {
    for arguments in [[], ["--json"], ["--raw"]] {
      let replier = try bus.open()
      try replier.bind("$.Rude", as: .replier)
      let requester = try bus.start(arguments: ["request", "$.Rude", "--within", "60"] + arguments)
      #expect(try replier.receive(within: .seconds(30)) != nil)
      replier.close()
      let ending = try requester.end()
      #expect(ending.status == 3)
      switch arguments.first {
      case "--json": #expect(try PrintedMessage(line: ending.text).text("kind") == "status")
      case "--raw":
        #expect(ending.output.isEmpty)
        #expect(ending.errors.hasPrefix("<Status '$.KBUS.Replier.Ignored'"))
      default: #expect(ending.text.hasPrefix("<Status '$.KBUS.Replier.Ignored'"))
      }
    }
  }

  @Test("the request to a killed Replier is answered by a Status, and ends with 3") func killedReplier() throws {
    let replier = try bus.start("reply", "$.Lamp", "lit")
    try bus.waitForBindings("$.Lamp")
    replier.send(signal: SIGSTOP)
    let requester = try bus.start("request", "$.Lamp", "--within", "60")
    try eventually("the request") {
      try Bus.inspect(0, in: bus.directory).statistics.ksocks.contains { $0.queued == 1 }
    }
    replier.send(signal: SIGKILL)
    #expect(try replier.end().status == -SIGKILL)
    // Where no reaper runs, whoever opens the bus next sees to the dead.
    let next = try bus.open()
    let ending = try requester.end()
    #expect(ending.status == 3)
    #expect(ending.text.hasPrefix("<Status '$.KBUS.Replier.GoneAway'"))
    next.close()
  }

  @Test("reply answers the next request when a requester has not waited") func requesterGone() throws {
    let replier = try bus.start("reply", "$.Lamp", "lit", "--count", "1")
    try bus.waitForBindings("$.Lamp")
    replier.send(signal: SIGSTOP)
    let hasty = try bus.open()
    try hasty.send(Request("$.Lamp", "first"))
    hasty.close()
    let requester = try bus.start("request", "$.Lamp", "second", "--raw", "--within", "60")
    // Sent means queued at the replier, which is stopped: two requests wait there.
    try eventually("the second request") {
      try Bus.inspect(0, in: bus.directory).statistics.ksocks.contains { $0.queued == 2 }
    }
    replier.send(signal: SIGCONT)
    #expect(try requester.end().text == "lit")
    let ending = try replier.end()
    #expect(ending.status == 0)
    #expect(ending.errors.contains("EADDRNOTAVAIL"))
    #expect(ending.text.split(separator: "\n").count == 1)
  }

  @Test("a name has one Replier: the second is refused") func secondReplier() throws {
    let first = try bus.open()
    try first.bind("$.Mine", as: .replier)
    let ending = try bus.start("reply", "$.Mine", "x").end()
    #expect(ending.status == 1)
    #expect(ending.errors.contains("EADDRINUSE"))
    first.close()
  }
}
