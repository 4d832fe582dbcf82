import KBUSShm
import Testing

extension Conformance {
  @Suite("H. Requests and replies") struct H_Requests {
    let bus = TestBus()

    @Test("H-01: a request without a Replier: EADDRNOTAVAIL, the sender is as before")
    func h01() throws {
      let s = try bus.open()
      expectErrno(.EADDRNOTAVAIL) { try s.ask("$.None") }
      try #expect(s.n == 0)
      try #expect(s.reserved == 0)
    }

    @Test("H-02: a Listener is no Replier: EADDRNOTAVAIL, it hears nothing")
    func h02() throws {
      let (s, l) = try bus.two()
      try l.bind("$.F")
      expectErrno(.EADDRNOTAVAIL) { try s.ask("$.F") }
      try #expect(l.n == 0)
    }

    @Test("H-03: the Replier's copy is marked")
    func h03() throws {
      let (s, r) = try bus.two()
      try r.bind("$.F", as: .replier)
      let id = try s.ask("$.F")
      let request = try r.read()
      #expect(request.id == id)
      #expect(request.flags == [.wantAReply, .wantYouToReply])
      #expect(request.from == s.id)
    }

    @Test("H-04: a Listener's copy of a request is not marked, and has the same id")
    func h04() throws {
      let (s, r, l) = try bus.three()
      try r.bind("$.F", as: .replier)
      try l.bind("$.F")
      try s.ask("$.F")
      let request = try r.read()
      #expect(request.flags == [.wantAReply, .wantYouToReply])
      let copy = try l.read()
      #expect(copy.flags == .wantAReply)
      #expect(copy.id == request.id)
    }

    @Test("H-05: who is Replier and Listener reads the marked copy first")
    func h05() throws {
      let (s, r) = try bus.two()
      try r.bind("$.F", as: .replier)
      try r.bind("$.F")
      let id = try s.ask("$.F")
      let read = try r.readAll()
      #expect(read.map(\.wantsUsToReply) == [true, false])
      #expect(read.map(\.id) == [id, id])
    }

    @Test("H-06: the reply reaches the requester, who has no binding")
    func h06() throws {
      let (s, r) = try bus.two()
      try r.bind("$.F", as: .replier)
      let question = try s.ask("$.F")
      let answer = try r.answer(r.read(), "here")
      let reply = try s.read()
      #expect(reply.kind == .reply)
      #expect(reply.inReplyTo == question)
      #expect(reply.to == s.id)
      #expect(reply.from == r.id)
      #expect(reply.name == "$.F")
      #expect(reply.text == "here")
      #expect(reply.flags == [])
      #expect(reply.id == answer)
      #expect(answer == MessageID(serial: question.serial + 1))
    }

    @Test("H-07: after its reply a Replier that does not listen has nothing more")
    func h07() throws {
      let (s, r) = try bus.two()
      try r.bind("$.F", as: .replier)
      try s.ask("$.F")
      try r.answer(r.read())
      try #expect(r.n == 0)
      try #expect(r.u == 0)
    }

    @Test("H-08: a Listener hears announcement, request and reply, none of them marked")
    func h08() throws {
      let (s, r, l) = try bus.three()
      try r.bind("$.F", as: .replier)
      try l.bind("$.*")
      try s.announce("$.F")
      try s.ask("$.F")
      try r.answer(r.read())
      let read = try l.readAll()
      #expect(read.map(\.kind) == [.announcement, .request, .reply])
      #expect(read.allSatisfy { !$0.wantsUsToReply })
    }

    @Test("H-09: a requester that listens reads its request, the reply, and the reply again")
    func h09() throws {
      let (s, r) = try bus.two()
      try r.bind("$.F", as: .replier)
      try s.bind("$.F")
      let question = try s.ask("$.F")
      let answer = try r.answer(r.read())
      let read = try s.readAll()
      #expect(read.map(\.kind) == [.request, .reply, .reply])
      #expect(read.map(\.id) == [question, answer, answer])
    }

    @Test("H-10: a Replier that listens hears its own reply")
    func h10() throws {
      let (s, r) = try bus.two()
      try r.bind("$.F", as: .replier)
      try r.bind("$.F")
      try s.ask("$.F")
      let request = try r.read()
      try #expect(!r.read().wantsUsToReply)
      let answer = try r.answer(request)
      let heard = try r.read()
      #expect(heard.id == answer)
      #expect(heard.kind == .reply)
    }

    @Test("H-11: a Ksock may ask itself")
    func h11() throws {
      let s = try bus.open()
      try s.bind("$.F", as: .replier)
      let question = try s.ask("$.F")
      try s.answer(s.read())
      let reply = try s.read()
      #expect(reply.inReplyTo == question)
      #expect(reply.to == s.id)
      #expect(reply.from == s.id)
      try #expect(s.u == 0)
      try #expect(s.reserved == 0)
    }

    @Test("H-12: a reply sent twice: the second is refused with ECONNREFUSED")
    func h12() throws {
      let (s, r) = try bus.two()
      try r.bind("$.F", as: .replier)
      try s.ask("$.F")
      let reply = try Reply(to: r.read())
      try r.send(reply)
      expectErrno(.ECONNREFUSED) { try r.send(reply) }
      try #expect(s.n == 1)
    }

    @Test("H-13: a reply to a made-up id is refused, and the proper one still works")
    func h13() throws {
      let (s, r) = try bus.two()
      try r.bind("$.F", as: .replier)
      let question = try s.ask("$.F")
      let request = try r.read()
      var wrong = try Reply(to: request).message
      wrong.inReplyTo.serial += 100
      expectErrno(.ECONNREFUSED) { try r.send(wrong) }
      try r.answer(request)
      try #expect(s.readAll().map(\.inReplyTo) == [question])
    }

    @Test("H-14: a reply to a Ksock that never asked: ECONNREFUSED")
    func h14() throws {
      let (s, x) = try bus.two()
      expectErrno(.ECONNREFUSED) { try s.send(Message("$.F", to: x.id, inReplyTo: MessageID(serial: 5))) }
      try #expect(x.n == 0)
    }

    @Test("H-15: a reply to no Ksock, or to one never opened: EADDRNOTAVAIL")
    func h15() throws {
      let s = try bus.open()
      for to in [0, 77] as [UInt32] {
        expectErrno(.EADDRNOTAVAIL) { try s.send(Message("$.F", to: to, inReplyTo: MessageID(serial: 5))) }
      }
    }

    @Test("H-16: a reply to a requester that has closed: EADDRNOTAVAIL, it stays owed")
    func h16() throws {
      let (s, r) = try bus.two()
      try r.bind("$.F", as: .replier)
      try s.ask("$.F")
      let request = try r.read()
      s.close()
      expectErrno(.EADDRNOTAVAIL) { try r.answer(request) }
      try #expect(r.u == 1)
    }

    @Test("H-17: a request is delivered even if its sender has closed")
    func h17() throws {
      let (s, r) = try bus.two()
      try r.bind("$.F", as: .replier)
      let question = try s.ask("$.F")
      s.close()
      let request = try r.read()
      #expect(request.id == question)
      #expect(request.wantsUsToReply)
    }

    /// S asks, R reads, X answers in R's place. Returns them and R's request.
    private func answeredByAnother() throws -> (s: Ksock, r: Ksock, x: Ksock, request: Message) {
      let (s, r, x) = try bus.three()
      try r.bind("$.F", as: .replier)
      try s.ask("$.F")
      let request = try r.read()
      try x.answer(request)
      let reply = try s.read()
      #expect(reply.from == x.id)
      #expect(reply.inReplyTo == request.id)
      return (s, r, x, request)
    }

    @Test("H-18: anybody may answer; the Replier's own answer is then refused")
    func h18() throws {
      let (s, r, _, request) = try answeredByAnother()
      expectErrno(.ECONNREFUSED) { try r.answer(request) }
      try #expect(r.u == 1)
      try #expect(s.n == 0)
    }

    @Test("H-19: no status follows when another has answered and the Replier closes")
    func h19() throws {
      let (s, r, _, request) = try answeredByAnother()
      expectErrno(.ECONNREFUSED) { try r.answer(request) }
      r.close()
      try #expect(s.n == 0)
      try #expect(s.receive() == nil)
    }

    @Test("H-20: a request answered by another before its Replier read it has that one answer")
    func h20() throws {
      let (s, r, x) = try bus.three()
      try r.bind("$.F", as: .replier)
      let question = try s.ask("$.F")
      try x.send(Message("$.F", to: s.id, inReplyTo: question))
      r.close()
      let read = try s.readAll()
      #expect(read.map(\.from) == [x.id])
      #expect(read.map(\.inReplyTo) == [question])
    }

    @Test("H-21: a reply may have another name, by which Listeners hear it")
    func h21() throws {
      let (s, r, x) = try bus.three()
      try r.bind("$.F", as: .replier)
      try x.bind("$.Other")
      let question = try s.ask("$.F")
      var reply = try Reply(to: r.read()).message
      reply.name = "$.Other"
      let id = try r.send(reply)
      for ksock in [s, x] {
        let read = try ksock.read()
        #expect(read.name == "$.Other")
        #expect(read.inReplyTo == question)
        #expect(read.id == id)
      }
    }

    @Test("H-22: a reply named with a wildcard: EBADMSG")
    func h22() throws {
      let (s, r) = try bus.two()
      try r.bind("$.F", as: .replier)
      try s.ask("$.F")
      var reply = try Reply(to: r.read()).message
      reply.name = "$.F.*"
      expectErrno(.EBADMSG) { try r.send(reply) }
      try #expect(r.u == 1)
    }

    @Test("H-23: no reply can be built to what is neither marked nor a request")
    func h23() throws {
      expectErrno(.EBADMSG) { try Reply(to: Message("$.F", from: 1, id: MessageID(serial: 1))) }
    }

    @Test("H-24: no reply can be built to a Listener's copy of a request")
    func h24() throws {
      let (s, r, l) = try bus.three()
      try r.bind("$.F", as: .replier)
      try l.bind("$.F")
      try s.ask("$.F")
      let copy = try l.read()
      expectErrno(.EBADMSG) { try Reply(to: copy) }
    }

    @Test("H-25: a thousand requests have a thousand replies")
    func h25() throws {
      let (s, r) = try bus.two()
      try r.bind("$.F", as: .replier)
      try s.setMaxMessages(1050)
      try r.setMaxMessages(1050)
      var questions: [MessageID] = []
      for _ in 1...1000 { questions.append(try s.ask("$.F")) }
      while let request = try r.receive() { try r.answer(request) }
      try #expect(s.readAll().map(\.inReplyTo) == questions)
      try #expect(r.u == 0)
      try #expect(s.reserved == 0)
    }

    @Test("H-26: a reply is owed from when the request is popped to when it is answered")
    func h26() throws {
      let (s, r) = try bus.two()
      try r.bind("$.F", as: .replier)
      try s.ask("$.F")
      try #expect(r.u == 0)
      let request = try r.read()
      try #expect(r.u == 1)
      try r.answer(request)
      try #expect(r.u == 0)
    }

    @Test("H-27: popping the copy that is not marked owes nothing")
    func h27() throws {
      let (s, r) = try bus.two()
      try r.bind("$.F", as: .replier)
      try r.bind("$.F")
      try s.ask("$.F")
      try #expect(r.read().wantsUsToReply)
      try #expect(r.u == 1)
      try #expect(!r.read().wantsUsToReply)
      try #expect(r.u == 1)
    }

    @Test("H-28: a request popped without reading it is still owed a reply")
    func h28() throws {
      let (s, r) = try bus.two()
      try r.bind("$.F", as: .replier)
      try s.ask("$.F")
      try #expect(r.skip())
      try #expect(!r.skip())
      try #expect(r.u == 1)
    }
  }
}
