import Glibc
import KBUSShm
import KBUSShmAsync

/// Tasks that wait on bus 0 of `$KBUS_DIR` while the cooperative pool has one thread (`LIBDISPATCH_COOPERATIVE_POOL_STRICT`): if any
/// of them blocked it, nobody would send what they wait for. Says how many messages and answers came.
enum OneThreadPool {
  static func run() async -> Never {
    alarm(120)
    do {
      let listener = try Ksock(), replier = try Ksock(), sender = try Ksock()
      try listener.setMaxMessages(5000)
      try listener.bind("$.Pool.News")
      try replier.bind("$.Pool.Ask", as: .replier)
      let waiting = (0..<1000).map { _ in Task { try await listener.nextMessage() } }
      let answering = Task { for try await request in replier.messages { try replier.send(Reply(to: request, request.text)) } }
      // All wait before anything is sent.
      for _ in 0..<2000 { await Task.yield() }
      var answers = 0
      for number in 0..<1000 {
        try sender.send(Announcement("$.Pool.News"))
        if try await sender.request(Request("$.Pool.Ask", "\(number)")).text == "\(number)" { answers += 1 }
      }
      var messages = 0
      for task in waiting where try await task.value != nil { messages += 1 }
      replier.close()
      try await answering.value
      print("messages \(messages) answers \(answers) \(try await isOthersTurn() ? "others had their turn" : "not cancelled")")
      exit(0)
    } catch {
      print("failed \(error)")
      exit(1)
    }
  }

  /// On a bus that is never silent, since each message makes the next, a task that takes them lets others run, and can be cancelled.
  private static func isOthersTurn() async throws -> Bool {
    let talker = try Ksock()
    try talker.bind("$.Pool.Talk")
    try talker.send(Announcement("$.Pool.Talk"))
    let talking = Task { for try await _ in talker.messages { try talker.send(Announcement("$.Pool.Talk")) } }
    for _ in 0..<100 { await Task.yield() }
    talking.cancel()
    guard case .failure(let error) = await talking.result else { return false }
    return error is CancellationError
  }
}
