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
      print("messages \(messages) answers \(answers)")
      exit(0)
    } catch {
      print("failed \(error)")
      exit(1)
    }
  }
}
