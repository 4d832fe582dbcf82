// `kbus send` and `kbus listen`: data of every kind and size, JSON, and how listening ends.

import Foundation
import Glibc
import KBUSShm
import Testing

extension CommandLineTests {
  // MARK: Sending and listening

  @Test("send prints the id under which listen sees the message") func sendAndListen() throws {
    let listener = try bus.start("listen", "$.Fred", "--count", "1")
    try bus.waitForBindings("$.Fred")
    let sent = try bus.start("send", "$.Fred", "it's here").end()
    #expect(sent.status == 0)
    let id = sent.text.trimmingCharacters(in: .newlines)
    // The sender was the last to open the bus.
    let sender = try Bus.inspect(0, in: bus.directory).statistics.nextKsock - 1
    let heard = try listener.end()
    #expect(heard.status == 0)
    #expect(heard.errors.isEmpty)
    #expect(heard.text == "<Announcement '$.Fred', id=[\(id)], from=\(sender), data=b\"it's here\">\n")
  }

  @Test("data come from the argument, a file or standard input, and not at all if none are given") func dataSources()
    throws
  {
    let listener = try bus.open()
    try listener.bind("$.Data")
    let file = try bus.makeFile(Array("from a file\n".utf8))
    let empty = try bus.makeFile([])
    let piped = RunningProcess.Input.piped(Array("from a pipe".utf8))
    let sends: [(RunningProcess, String)] = [
      (try bus.start("send", "$.Data", "from an argument"), "from an argument"),
      (try bus.start("send", "$.Data", "--", "-5"), "-5"),
      (try bus.start("send", "$.Data", "--file", file), "from a file\n"),
      (try bus.start("send", "$.Data", "--file", empty), ""),
      (try bus.start("send", "$.Data", "--file", "-", input: piped), "from a pipe"),
      (try bus.start("send", "$.Data", "-", input: piped), "from a pipe"),
      (try bus.start("send", "$.Data", "-", input: .file(file)), "from a file\n"),
      (try bus.start("send", "$.Data", "-"), ""),
      (try bus.start("send", "$.Data", input: piped), ""),
    ]
    var expected: [String: String] = [:]
    for (process, text) in sends {
      let ending = try process.end()
      #expect(ending.status == 0)
      #expect(ending.errors.isEmpty)
      expected[ending.text] = text
    }
    #expect(expected.count == sends.count)
    while let message = try listener.receive() {
      #expect(expected.removeValue(forKey: "\(message.id.network):\(message.id.serial)\n") == message.text)
    }
    #expect(expected.isEmpty)
    listener.close()
  }

  @Test("what cannot be sent ends with 1 and says why") func refusedSends() throws {
    #expect(try bus.start("create", "--max-message-size", "66000", "--slots", "66000:2").end().status == 0)
    let long = [UInt8](repeating: 0x61, count: 70000)
    let refusals: [(RunningProcess, String)] = [
      (try bus.start("send", "$.bad..name", "x"), "EBADMSG"),
      (try bus.start("send", "$.a.*", "x"), "EBADMSG"),
      (try bus.start("send", "$." + String(repeating: "a", count: 1000)), "ENAMETOOLONG"),
      (try bus.start("send", "$.a", "--file", bus.makeFile(long)), "EMSGSIZE"),
      (try bus.start("send", "$.a", "-", input: .piped(long)), "EMSGSIZE"),
      // An endless stream is no reason to read for ever.
      (try bus.start("send", "$.a", "-", input: .file("/dev/zero")), "EMSGSIZE"),
      (try bus.start("send", "$.a", "--file", "/nowhere/at/all"), "No such file or directory"),
      (try bus.start("send", "$.a", "--file", "/"), "directory"),
    ]
    for (process, word) in refusals {
      let ending = try process.end()
      #expect(ending.status == 1)
      #expect(ending.errors.hasPrefix("kbus: "))
      #expect(ending.errors.contains(word), "\(ending.errors)")
      #expect(ending.output.isEmpty)
    }
  }

  @Test("12 MB through standard input arrive whole, from a pipe and from a file", arguments: [true, false])
  func bigSend(piped: Bool) throws {
    let bytes = noise(12_000_000)
    let listener = try bus.start("listen", "$.Frame", "--json", "--full", "--count", "1")
    try bus.waitForBindings("$.Frame")
    let input: RunningProcess.Input = piped ? .piped(bytes) : .file(try bus.makeFile(bytes))
    #expect(try bus.start("send", "$.Frame", "-", input: input).end().status == 0)
    let message = try PrintedMessage(line: try listener.end().text)
    #expect(message.number("data_bytes") == bytes.count)
    #expect(message.text("data") == nil)
    #expect(Data(base64Encoded: message.text("data_base64") ?? "") == Data(bytes))
  }

  @Test("12 MB go round: request from a pipe, answer from a file, --raw puts it out byte for byte") func bigRoundTrip()
    throws
  {
    let question = noise(12_000_000)
    let answer = noise(12_300_001)
    let listener = try bus.open()
    try listener.bind("$.Frame")
    let replier = try bus.start("reply", "$.Frame", "--file", bus.makeFile(answer), "--count", "1", "--json")
    let requester = try bus.start(
      "request", "$.Frame", "-", "--wait", "--raw", "--within", "60", input: .piped(question))
    let received = try requester.end()
    #expect(received.status == 0)
    #expect(received.errors.isEmpty)
    #expect(received.output == answer)
    #expect(try PrintedMessage(line: try replier.end().text).number("data_bytes") == question.count)
    #expect(try listener.receive()?.data == question)
    #expect(try listener.receive()?.data == answer)
    listener.close()
  }

  // MARK: JSON

  @Test("listen --json tells everything about each kind of message") func jsonKinds() throws {
    let listener = try bus.start("listen", "$.*", "--json", "--count", "5")
    try bus.waitForBindings("$.*")
    let ksock = try bus.open()
    let me = Int(ksock.id)
    let first = try ksock.send(Announcement("$.Plain", "naïve ☃ \u{1F600}"))
    // An urgent message would overtake one still in the queue.
    var lines = [try listener.line()]
    let second = try ksock.send(Announcement("$.Bytes", [0xFF, 0, 1], flags: [.urgent]))
    try ksock.setReportsReplierBinds(true)
    try ksock.bind("$.Ask", as: .replier)
    let asked = try ksock.send(Request("$.Ask"))
    while let message = try ksock.receive() {
      if message.wantsUsToReply { try ksock.send(Reply(to: message, "yes")) }
    }

    while lines.count < 5 { lines.append(try listener.line()) }
    #expect(try listener.end().status == 0)
    let messages = try lines.map { try PrintedMessage(line: $0) }
    #expect(messages.map { $0.text("kind") } == ["announcement", "announcement", "bindevent", "request", "reply"])
    #expect(messages.map { $0.text("name") } == ["$.Plain", "$.Bytes", "$.KBUS.ReplierBindEvent", "$.Ask", "$.Ask"])
    #expect(messages.map { $0.number("from") } == [me, me, 0, me, me])
    #expect(messages.map { $0.number("to") } == [0, 0, 0, 0, me])
    #expect(messages.map { $0.number("flags_value") } == [0, 8, 0x204, 1, 0])
    #expect(messages.map { $0.texts("flags") } == [[], ["URG"], ["SYN", "aFL"], ["REQ"], []])
    #expect(messages[0].text("id") == "0:\(first.serial)")
    #expect(messages[1].text("id") == "0:\(second.serial)")
    #expect(messages[3].text("id") == "0:\(asked.serial)")
    #expect(messages.map { $0.isNull("in_reply_to") } == [true, true, true, true, false])
    #expect(messages[4].text("in_reply_to") == "0:\(asked.serial)")
    #expect(messages[0].text("data") == "naïve ☃ \u{1F600}")
    #expect(messages[1].text("data_base64") == "/wAB")
    #expect(messages[1].text("data") == nil)
    #expect(messages[3].text("data") == "")
    #expect(messages[4].text("data") == "yes")
    #expect(messages.map { $0.number("data_bytes") } == ["naïve ☃ \u{1F600}".utf8.count, 3, 12 + 8, 0, 3])
    ksock.close()
  }

  @Test("every character of data comes through JSON, and none upsets a terminal") func jsonEscapes() throws {
    let listener = try bus.start("listen", "$.Text", "--json", "--count", "1")
    try bus.waitForBindings("$.Text")
    let ksock = try bus.open()
    let scalars = (0...0x2FF).compactMap(Unicode.Scalar.init)
    let text = String(String.UnicodeScalarView(scalars)) + "\"\\/\u{2028}\u{FFFD}\u{10FFFF}"
    try ksock.send(Announcement("$.Text", text))
    let line = try listener.end().text
    #expect(line.hasSuffix("\n"))
    #expect(!line.dropLast().unicodeScalars.contains { $0.value < 0x20 || (0x7F...0x9F).contains($0.value) })
    #expect(try PrintedMessage(line: line).text("data") == text)
    ksock.close()
  }

  @Test("base64 is right for every length", arguments: 1...7) func base64(length: Int) throws {
    let listener = try bus.start("listen", "$.Bytes", "--json", "--count", "1")
    try bus.waitForBindings("$.Bytes")
    let ksock = try bus.open()
    let bytes = [UInt8](noise(length - 1) + [0xFE])
    try ksock.send(Announcement("$.Bytes", bytes))
    #expect(try PrintedMessage(line: try listener.end().text).text("data_base64") == Data(bytes).base64EncodedString())
    ksock.close()
  }

  @Test("data over 64 KiB are cut between characters, and not with --full", arguments: [true, false])
  func jsonCut(full: Bool) throws {
    let arguments = ["listen", "$.Long", "--json", "--count", "3"] + (full ? ["--full"] : [])
    let listener = try bus.start(arguments: arguments)
    try bus.waitForBindings("$.Long")
    let ksock = try bus.open()
    let exact = String(repeating: "x", count: 65536)
    // The three bytes of the snowman lie across the border.
    let text = String(repeating: "x", count: 65534) + "☃ and more"
    let bytes = [UInt8](repeating: 0xFE, count: 65537)
    for data in [Array(exact.utf8), Array(text.utf8), bytes] { try ksock.send(Announcement("$.Long", data)) }
    let messages = try listener.end().text.split(separator: "\n").map { try PrintedMessage(line: String($0)) }
    try #require(messages.count == 3)
    #expect(messages[0].text("data") == exact)
    #expect(messages[1].text("data") == (full ? text : String(repeating: "x", count: 65534)))
    let kept = Data(bytes[..<(full ? 65537 : 65536)])
    #expect(messages[2].text("data_base64") == kept.base64EncodedString())
    #expect(messages.map { $0.number("data_bytes") } == [65536, text.utf8.count, 65537])
    ksock.close()
  }

  @Test("the plain form cuts data at 200 bytes, and not with --full", arguments: [true, false])
  func plainCut(full: Bool) throws {
    let listener = try bus.start(arguments: ["listen", "$.Long", "--count", "1"] + (full ? ["--full"] : []))
    try bus.waitForBindings("$.Long")
    let ksock = try bus.open()
    try ksock.send(Announcement("$.Long", String(repeating: "y", count: 300)))
    let shown = full ? String(repeating: "y", count: 300) + "'" : String(repeating: "y", count: 200) + "'..."
    #expect(try listener.end().text.hasSuffix("data=b'\(shown)>\n"))
    ksock.close()
  }

  @Test("a message that two of the names match is printed once") func listensOnce() throws {
    let listener = try bus.start("listen", "$.*", "$.Two.%", "$.End", "--count", "2", "--json")
    try bus.waitForBindings("$.*", "$.Two.%", "$.End")
    let ksock = try bus.open()
    try ksock.send(Announcement("$.Two.x"))
    try ksock.send(Announcement("$.End"))
    let names = try listener.end().text.split(separator: "\n").map { try PrintedMessage(line: String($0)).text("name") }
    #expect(names == ["$.Two.x", "$.End"])
    ksock.close()
  }

  // MARK: Ends

  @Test(
    "a signal ends listen and reply with 0, and their Ksock is closed", arguments: ["listen", "reply"],
    [SIGINT, SIGTERM])
  func endsAtSignal(command: String, signal: Int32) throws {
    let process = try bus.start(command, "$.Here")
    try bus.waitForBindings("$.Here")
    process.send(signal: signal)
    let ending = try process.end()
    #expect(ending.status == 0)
    #expect(ending.errors.isEmpty)
    let left = try Bus.inspect(0, in: bus.directory)
    #expect(left.bindings.isEmpty)
    #expect(left.statistics.ksocks.isEmpty)
  }

  @Test("each line leaves listen at once, and what came before a signal is printed") func flushes() throws {
    let listener = try bus.start("listen", "$.Tick", "--json")
    try bus.waitForBindings("$.Tick")
    let ksock = try bus.open()
    for tick in 1...3 {
      try ksock.send(Announcement("$.Tick", "\(tick)"))
      #expect(try PrintedMessage(line: try listener.line()).text("data") == "\(tick)")
    }
    listener.send(signal: SIGTERM)
    #expect(try listener.end().status == 0)
    ksock.close()
  }

  @Test("a signal ends listen also while nobody takes its output") func endsWithStuckReader() throws {
    let ksock = try bus.open()
    let listener = try StuckListener(on: bus, "$.Frame", sender: ksock)
    listener.process.send(signal: SIGTERM)
    #expect(try listener.process.end().status == 0)
    #expect(try Bus.inspect(0, in: bus.directory).statistics.ksocks.map(\.id) == [ksock.id])
    ksock.close()
  }

  @Test("listen ends quietly when its reader leaves, without waiting for a message") func readerLeaves() throws {
    let listener = try bus.start("listen", "$.Here")
    try bus.waitForBindings("$.Here")
    listener.leaveOutput()
    let ending = try listener.end()
    #expect(ending.status == 0)
    #expect(ending.errors.isEmpty)
    #expect(try Bus.inspect(0, in: bus.directory).statistics.ksocks.isEmpty)
  }

  @Test("output that cannot be written is reported, and the bus stays whole") func unwritableOutput() throws {
    let full = try bus.start("send", "$.a", output: "/dev/full").end()
    #expect(full.status == 1)
    #expect(full.errors == "kbus: standard output cannot be written: No space left on device\n")
    let closed = try bus.start("send", "$.a", closingOutput: true).end()
    #expect(closed.status == 1)
    #expect(closed.errors == "kbus: standard output cannot be written: Bad file descriptor\n")
    // Had the bus file taken the number of standard output, the id would now stand in its header.
    #expect(try bus.start("send", "$.a").end().text == "0:3\n")
  }
}
