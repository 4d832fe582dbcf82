import Foundation
import KBUSShm
import Testing

/// `$.` and so many letters.
private func name(letters count: Int) -> MessageName { MessageName("$." + String(repeating: "x", count: count)) }

extension Conformance {
  @Suite("B. Names and binding") struct B_Names {
    let bus = TestBus()

    private func expectNoneBinds(_ names: [MessageName], sourceLocation: SourceLocation = #_sourceLocation) throws {
      let s = try bus.open()
      for name in names {
        for kind in [Ksock.BindingKind.listener, .replier] {
          expectErrno(.EBADMSG, "\(name) as \(kind)", sourceLocation: sourceLocation) { try s.bind(name, as: kind) }
        }
      }
      try #expect(s.bindings().isEmpty, sourceLocation: sourceLocation)
    }

    @Test("B-01: a name begins with `$.` and has a word: EBADMSG")
    func b01() throws { try expectNoneBinds(["", "$", "$x", "$.", "Fred", ".a.b", "$a.b"]) }

    @Test("B-02: words consist of letters and digits alone: EBADMSG")
    func b02() throws {
      try expectNoneBinds([
        "$.#", "$.a_b", "$.a-b", "$.a b", "$.Fred's", "$.Fred\0Jim",
      ])
    }

    @Test("B-03: no dot at the end, nor two in a row: EBADMSG")
    func b03() throws {
      try expectNoneBinds(["$.Fred.", "$.Fred..", "$.Fred..Jim", "$.Fred....Jim", "$..", "$..*", "$.a..*"])
    }

    @Test("B-04: a wildcard stands alone and last: EBADMSG")
    func b04() throws {
      try expectNoneBinds(["$.a*", "$.*.a", "$.a.%.b", "$.*.*", "$.a.**", "$.%*", "$.a.*."])
    }

    @Test("B-05: good names and wildcards bind")
    func b05() throws {
      let s = try bus.open()
      let names: [MessageName] = ["$.a", "$.9", "$.A1.b2", "$.Fred.Jim.Fred.Jim", "$.*", "$.%", "$.a.*", "$.a.%"]
      for name in names {
        try s.bind(name)
        try s.bind(name, as: .replier)
      }
      try #expect(s.bindings().count == 2 * names.count)
    }

    @Test("B-06: case matters")
    func b06() throws {
      let (s, x) = try bus.two()
      try s.bind("$.This.is", as: .replier)
      try x.bind("$.THIS.is", as: .replier)
      try #expect(s.findReplier("$.This.is") == s.id)
      try #expect(s.findReplier("$.THIS.is") == x.id)
    }

    @Test("B-07: a name has at most 1000 bytes: ENAMETOOLONG")
    func b07() throws {
      let s = try bus.open()
      for kind in [Ksock.BindingKind.listener, .replier] {
        try s.bind(name(letters: 998), as: kind)
        expectErrno(.ENAMETOOLONG) { try s.bind(name(letters: 999), as: kind) }
      }
    }

    @Test("B-08: the length is checked before the grammar: ENAMETOOLONG")
    func b08() throws {
      let s = try bus.open()
      expectErrno(.ENAMETOOLONG) { try s.bind(MessageName(String(repeating: "1", count: 10_000))) }
    }

    @Test("B-09: unbinding checks the name as binding does")
    func b09() throws {
      let s = try bus.open()
      for kind in [Ksock.BindingKind.listener, .replier] {
        expectErrno(.EBADMSG) { try s.unbind("", as: kind) }
        expectErrno(.ENAMETOOLONG) { try s.unbind(name(letters: 999), as: kind) }
        expectErrno(.EBADMSG) { try s.unbind("$.a.", as: kind) }
      }
    }

    @Test("B-10: letters are those of ASCII: EBADMSG")
    func b10() throws {
      try expectNoneBinds([MessageName(bytes: Array("$.caf".utf8) + [0xE9]), "$.\u{E9}"])
    }

    @Test("B-11: a Listener may bind a name as often as it likes")
    func b11() throws {
      let l = try bus.open()
      for _ in 1...4 { try l.bind("$.F") }
      try #expect(l.bindings().map(\.name) == ["$.F", "$.F", "$.F", "$.F"])
    }

    @Test("B-12: a name has one Replier: EADDRINUSE, for itself too")
    func b12() throws {
      let (r, l) = try bus.two()
      try r.bind("$.F", as: .replier)
      expectErrno(.EADDRINUSE) { try l.bind("$.F", as: .replier) }
      expectErrno(.EADDRINUSE) { try r.bind("$.F", as: .replier) }
      try #expect(l.findReplier("$.F") == r.id)
    }

    @Test("B-13: a Ksock may be Replier and Listener of a name, and stop in either order")
    func b13() throws {
      let r = try bus.open()
      for order in [[Ksock.BindingKind.replier, .listener], [.listener, .replier]] {
        try r.bind("$.F", as: .replier)
        try r.bind("$.F", as: .listener)
        for kind in order { try r.unbind("$.F", as: kind) }
        try #expect(r.bindings().isEmpty)
      }
    }

    @Test("B-14: each unbind undoes one bind; one more is EINVAL")
    func b14() throws {
      let l = try bus.open()
      try l.bind("$.F")
      try l.bind("$.F")
      try l.unbind("$.F")
      try l.unbind("$.F")
      expectErrno(.EINVAL) { try l.unbind("$.F") }
    }

    @Test("B-15: unbinding another kind or another name is EINVAL and leaves the binding alone")
    func b15() throws {
      let (s, l) = try bus.two()
      try l.bind("$.F")
      expectErrno(.EINVAL) { try l.unbind("$.F", as: .replier) }
      expectErrno(.EINVAL) { try l.unbind("$.G") }
      try s.announce("$.F")
      try #expect(l.n == 1)
    }

    @Test("B-16: unbinding does not match wildcards: EINVAL")
    func b16() throws {
      let l = try bus.open()
      try l.bind("$.F.*")
      expectErrno(.EINVAL) { try l.unbind("$.F.Jim") }
      try #expect(l.bindings().count == 1)
    }

    @Test("B-17: a Ksock cannot undo another's binding: EINVAL")
    func b17() throws {
      let (r, x) = try bus.two()
      try r.bind("$.F", as: .replier)
      expectErrno(.EINVAL) { try x.unbind("$.F", as: .replier) }
      try #expect(x.findReplier("$.F") == r.id)
    }

    @Test("B-18: closing frees the Replier's name")
    func b18() throws {
      let (r, x) = try bus.two()
      try r.bind("$.F", as: .replier)
      r.close()
      try x.bind("$.F", as: .replier)
      try #expect(x.findReplier("$.F") == x.id)
    }

    @Test("B-19: overlapping names may have different Repliers")
    func b19() throws {
      let (r, x) = try bus.two()
      try r.bind("$.F.*", as: .replier)
      for name in ["$.F.Jim", "$.F.%", "$.*"] as [MessageName] { try x.bind(name, as: .replier) }
    }

    @Test("B-20: nobody is Replier of bind events: EBADMSG")
    func b20() throws {
      let r = try bus.open()
      expectErrno(.EBADMSG) { try r.bind("$.KBUS.ReplierBindEvent", as: .replier) }
    }

    @Test("B-21: other bindings to the bus's own names are allowed")
    func b21() throws {
      let r = try bus.open()
      try r.bind("$.KBUS.ReplierBindEvent")
      for name in ["$.KBUS.*", "$.KBUS.%", "$.KBUS.Fred"] as [MessageName] { try r.bind(name, as: .replier) }
    }

    @Test("B-22: find_replier takes the name literally, wildcards too")
    func b22() throws {
      let (r, x) = try bus.two()
      try r.bind("$.W.*", as: .replier)
      try #expect(x.findReplier("$.W.A") == nil)
      try #expect(x.findReplier("$.W.*") == r.id)
      try #expect(x.findReplier("$.None") == nil)
    }

    @Test("B-23: find_replier with a name too long or empty: ENAMETOOLONG")
    func b23() throws {
      let s = try bus.open()
      expectErrno(.ENAMETOOLONG) { try s.findReplier(name(letters: 999)) }
      expectErrno(.ENAMETOOLONG) { try s.findReplier("") }
    }

    @Test("B-24: find_replier with an invalid name finds none")
    func b24() throws {
      let s = try bus.open()
      try #expect(s.findReplier("xx") == nil)
    }

    @Test("B-25: find_replier does not find Listeners")
    func b25() throws {
      let (s, l) = try bus.two()
      try l.bind("$.F")
      try #expect(s.findReplier("$.F") == nil)
    }

    // The header line of the listing is the business of what prints it, not of the Swift API.
    @Test("B-27: the bindings listing has the newest first, in the format of the original")
    func b27() throws {
      let (s, r) = try bus.two()
      try s.bind("$.A")
      try r.bind("$.B", as: .replier)
      let pid = String(getpid())
      let padded = String(repeating: " ", count: max(0, 8 - pid.count)) + pid
      let lines = ["  0:        2 \(padded)  R  $.B", "  0:        1 \(padded)  L  $.A"]
      try #expect(s.bindings().map(\.line) == lines)
      try #expect(Bus.inspect(0, in: bus.directory).bindings.map(\.line) == lines)
    }

    @Test("B-28: when all Ksocks are closed nothing is bound")
    func b28() throws {
      let (s, r) = try bus.two()
      try s.bind("$.A")
      try r.bind("$.B", as: .replier)
      s.close()
      r.close()
      let description = try Bus.inspect(0, in: bus.directory)
      #expect(description.bindings.isEmpty)
      #expect(description.statistics.ksocks.isEmpty)
    }
  }
}
