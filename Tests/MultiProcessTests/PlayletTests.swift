// The introduction of the original's talk at EuroPython 2010, word for word: four processes, and what each of them sees.

import Foundation
import KBUSShm
import TestPeer
import Testing

@Suite(.timeLimit(.minutes(10))) struct PlayletTests {
  private static let speak: MessageName = "$.Actor.Speak"
  private static let ask: MessageName = "$.Actor.Ask.Guildenstern"
  private static let coinToss: MessageName = "$.Actor.CoinToss"

  @Test("four processes that play the EuroPython 2010 introduction see what the talk says they see")
  func playlet() throws {
    let bus = try PrivateBus()
    let rosencrantz = Actor("rosencrantz", try bus.peer()), audience = Actor("audience", try bus.peer())
    let guildenstern = Actor("guildenstern", try bus.peer()), falstaff = Actor("falstaff", try bus.peer())

    // Rosencrantz speaks, to nobody and then to the audience. The same message may be sent again.
    #expect(try rosencrantz.does("open") == "ok 1")
    let ahem = Announcement(Self.speak, "Ahem").message
    #expect(try rosencrantz.sends(ahem) == "ok [0:1]")
    #expect(try audience.does("open") == "ok 2")
    #expect(try audience.does("bind name=$.Actor.Speak") == "ok")
    #expect(try rosencrantz.sends(ahem) == "ok [0:2]")
    #expect(try audience.does("receive") == "message <Announcement '$.Actor.Speak', id=[0:2], from=1, data=b'Ahem'>")
    #expect(try rosencrantz.does("id") == "ok 1")
    #expect(try audience.does("receive") == "nothing")

    // The audience sleeps in `select` when the next words come.
    try audience.begins("wait r")
    #expect(try rosencrantz.sends(Announcement(Self.speak, "Hello there").message) == "ok [0:3]")
    #expect(try rosencrantz.sends(Announcement(Self.speak, "Can you hear me?").message) == "ok [0:4]")
    #expect(try audience.ends() == "ok r-")
    #expect(try audience.does("receive") == "message <Announcement '$.Actor.Speak', id=[0:3], from=1, data=b'Hello there'>")
    #expect(try audience.does("receive") == "message <Announcement '$.Actor.Speak', id=[0:4], from=1, data=b'Can you hear me?'>")

    // Guildenstern whispers. The audience, bound twice, hears it twice.
    #expect(try guildenstern.does("open") == "ok 3")
    for actor in [guildenstern, audience, rosencrantz] { #expect(try actor.does("bind name=$.Actor.*") == "ok") }
    #expect(try guildenstern.sends(Announcement(Self.speak, "Pssst!").message) == "ok [0:5]")
    for actor in [guildenstern, rosencrantz, audience, audience] {
      let heard = try actor.does("receive-within within=30000")
      #expect(heard == "message <Announcement '$.Actor.Speak', id=[0:5], from=3, data=b'Pssst!'>", "\(actor.name)")
    }
    #expect(try audience.does("receive") == "nothing")

    // A question: Guildenstern's copy is marked, the others' are not.
    #expect(try audience.does("unbind name=$.Actor.Speak") == "ok")
    #expect(try guildenstern.does("unbind name=$.Actor.*") == "ok")
    #expect(try guildenstern.does("bind name=$.Actor.Speak") == "ok")
    #expect(try guildenstern.does("bind name=$.Actor.Ask.Guildenstern replier") == "ok")
    #expect(try rosencrantz.sends(Request(Self.ask, "Were you speaking to me?").message) == "ok [0:6]")
    let question = "message <Request '$.Actor.Ask.Guildenstern', id=[0:6], from=1, flags=0x1 (REQ), data=b'Were you speaking to me?'>"
    #expect(try rosencrantz.does("receive") == question)
    #expect(try rosencrantz.does("unbind name=$.Actor.*") == "ok")
    #expect(
      try guildenstern.does("receive")
        == "message <Request '$.Actor.Ask.Guildenstern', id=[0:6], from=1, flags=0x3 (REQ,YOU), data=b'Were you speaking to me?'>")
    #expect(try guildenstern.does("receive") == "nothing")
    #expect(try guildenstern.replies("Yes, yes I was") == "ok [0:7]")
    #expect(try guildenstern.does("receive") == "nothing")
    let answer = "message <Reply '$.Actor.Ask.Guildenstern', id=[0:7], to=1, from=3, in_reply_to=[0:6], data=b'Yes, yes I was'>"
    #expect(try rosencrantz.does("receive") == answer)
    #expect(try audience.does("receive") == question)
    #expect(try audience.does("receive") == answer)

    // Tossing coins. The table of the talk's results leaves out Guildenstern's answer; without it he would leave a Status behind.
    #expect(try rosencrantz.sends(Request(Self.ask, "Will you count heads for me?").message) == "ok [0:8]")
    #expect(try guildenstern.does("receive").hasPrefix("message <Request"))
    #expect(try guildenstern.replies("Yes, yes I shall") == "ok [0:9]")
    #expect(try guildenstern.does("bind name=$.Actor.CoinToss replier") == "ok")
    #expect(
      try rosencrantz.does("receive")
        == "message <Reply '$.Actor.Ask.Guildenstern', id=[0:9], to=1, from=3, in_reply_to=[0:8], data=b'Yes, yes I shall'>")
    let promise = Message(Self.ask, to: 1, from: 3, inReplyTo: MessageID(serial: 8), id: MessageID(serial: 9))
    let toss = try Request(following: promise, Self.coinToss, "Head").message
    #expect(toss.description == "<Request '$.Actor.CoinToss', to=3, flags=0x1 (REQ), data=b'Head'>")
    #expect(try rosencrantz.sends(toss) == "ok [0:10]")
    #expect(
      try guildenstern.does("receive")
        == "message <Request '$.Actor.CoinToss', id=[0:10], to=3, from=1, flags=0x3 (REQ,YOU), data=b'Head'>")
    #expect(try guildenstern.replies("Head count is 1") == "ok [0:11]")
    #expect(try rosencrantz.does("receive").contains("data=b'Head count is 1'>"))

    // Falstaff takes the place of Guildenstern, and state is lost.
    #expect(try guildenstern.does("close") == "ok")
    #expect(try falstaff.does("open") == "ok 4")
    #expect(try falstaff.does("bind name=$.Actor.CoinToss replier") == "ok")
    #expect(try rosencrantz.sends(toss) == "error EPIPE")
    for actor in [rosencrantz, falstaff] { #expect(try actor.does("receive") == "nothing", "\(actor.name)") }
    let violations = try bus.violations().map(\.description)
    #expect(violations == [])
  }

  @Test("swift run playlet prints the committed transcript")
  func example() throws {
    let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
    let transcript = try String(contentsOf: root.appendingPathComponent("Examples/Playlet/transcript.txt"), encoding: .utf8)
    var variables = ProcessInfo.processInfo.environment
    variables["KBUS_CREATE"] = nil
    let playlet = try RunningProcess(RunningProcess.built("playlet"), [], environment: variables)
    let ending = try playlet.end()
    #expect(ending.status == 0, "\(ending.errors)")
    #expect(ending.text == transcript)
    // Not any transcript: with the ids and flags that the talk shows.
    for line in [
      "The Audience hears <Announcement '$.Actor.Speak', id=[0:2], from=1, data=b'Ahem'>",
      "Guildenstern hears <Request '$.Actor.Ask.Guildenstern', id=[0:6], from=1, flags=0x3 (REQ,YOU), data=b'Were you speaking to me?'>",
      "Rosencrantz hears <Reply '$.Actor.Ask.Guildenstern', id=[0:7], to=1, from=3, in_reply_to=[0:6], data=b'Yes, yes I was'>",
    ] {
      #expect(transcript.contains(line + "\n"), "\(line)")
    }
  }
}

/// A process with one Ksock, named after its part.
private struct Actor {
  let name: String
  private let peer: Peer

  init(_ name: String, _ peer: Peer) {
    self.name = name
    self.peer = peer
  }

  func does(_ order: String) throws -> String {
    try begins(order)
    return try ends()
  }

  /// Gives an order whose answer is to come only after others have acted.
  func begins(_ order: String) throws {
    let verb = order.prefix { $0 != " " }
    try peer.order("\(verb) \(name)\(order.dropFirst(verb.count))")
  }

  func ends() throws -> String { try peer.answer() }

  func sends(_ message: Message) throws -> String { try does("send \(message.words)") }

  /// Answers the last Request that it received.
  func replies(_ text: String) throws -> String {
    try does("reply data=" + Message.hex(Array(text.utf8)))
  }
}
