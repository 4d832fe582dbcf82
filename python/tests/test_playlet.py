"""The playlet of the EuroPython 2010 talk (case U-01; Python API, section 10): four people at four interactive prompts.

Each actor is a process that runs what is typed as the interactive interpreter does. What it prints is compared to the
letter.
"""

import pytest

PROMPT = """
import code

class Console(code.InteractiveConsole):
    def raw_input(self, prompt=''):
        line = sys.stdin.readline()
        if not line:
            raise EOFError
        return line.rstrip('\\n')

Console({'__name__': '__console__'}).interact(banner='', exitmsg='')
"""

ASK = "'$.Actor.Ask.Guildenstern'"
LISTEN = ["while 1:", "   print(audience.wait_for_msg())", ""]


class Actor:
    def __init__(self, process):
        self._process = process
        self._cues = 0

    def does(self, *lines):
        """What is printed when these lines are typed."""
        self._cues += 1
        cue = "<cue %d>" % self._cues
        self._process.tell(*lines, "print(%r)" % cue)
        return list(iter(self._process.line, cue))

    def starts(self, *lines):
        """Types what goes on until it is interrupted."""
        self._process.tell(*lines)

    def prints(self):
        """The next line that appears by itself."""
        return self._process.line()

    def presses_control_c(self):
        self._process.until_asleep()
        self._process.interrupt()
        lines = self.does("pass")
        assert lines[-1] == "KeyboardInterrupt"
        return lines


@pytest.fixture
def actor(child):
    return lambda: Actor(child(PROMPT))


def test_the_playlet(actor):
    r, a, g, f = (actor() for _ in range(4))

    assert r.does("from kbus import Ksock", "rosencrantz = Ksock(0)", "print(rosencrantz)") == [
        "Ksock device 0, id 1, mode read/write"
    ]
    assert r.does(
        "from kbus import Message", "ahem = Message('$.Actor.Speak', 'Ahem')", "rosencrantz.send_msg(ahem)"
    ) == ["MessageId(0, 1)"]

    assert a.does("from kbus import *", "audience = Ksock(0)", "audience.bind('$.Actor.Speak')") == []
    assert r.does("rosencrantz.send_msg(ahem)") == ["MessageId(0, 2)"]
    assert a.does("audience.read_next_msg()") == ["Message('$.Actor.Speak', data=b'Ahem', from_=1, id=MessageId(0, 2))"]
    assert a.does("print(_)") == ["<Announcement '$.Actor.Speak', id=[0:2], from=1, data=b'Ahem'>"]
    assert r.does("rosencrantz.ksock_id()") == ["1"]
    assert a.does("print(audience.read_next_msg())") == ["None"]

    a.starts(
        "import select",
        "while 1:",
        "   (r,w,x) = select.select([audience], [], [])",
        "   # At this point, r should contain audience",
        "   print(audience.read_next_msg())",
        "",
    )
    assert r.does(
        "rosencrantz.send_msg(Message('$.Actor.Speak', 'Hello there'))",
        "rosencrantz.send_msg(Message('$.Actor.Speak', 'Can you hear me?'))",
    ) == ["MessageId(0, 3)", "MessageId(0, 4)"]
    assert a.prints() == "<Announcement '$.Actor.Speak', id=[0:3], from=1, data=b'Hello there'>"
    assert a.prints() == "<Announcement '$.Actor.Speak', id=[0:4], from=1, data=b'Can you hear me?'>"

    assert g.does("from kbus import *", "guildenstern = Ksock(0)", "print(guildenstern)") == [
        "Ksock device 0, id 3, mode read/write"
    ]
    assert g.does("guildenstern.bind('$.Actor.*')") == []
    a.presses_control_c()
    assert a.does("audience.bind('$.Actor.*')") == []
    a.starts(*LISTEN)
    assert r.does("rosencrantz.bind('$.Actor.*')") == []

    pssst = "<Announcement '$.Actor.Speak', id=[0:5], from=3, data=b'Pssst!'>"
    assert g.does(
        "guildenstern.send_msg(Message('$.Actor.Speak', 'Pssst!'))",
        "# Remember guildenstern is himself listening to '$.Actor.*'",
        "print(guildenstern.read_next_msg())",
    ) == ["MessageId(0, 5)", pssst]
    assert r.does("msg = rosencrantz.read_next_msg()", "print(msg)") == [pssst]
    assert [a.prints(), a.prints()] == [pssst, pssst]

    a.presses_control_c()
    assert a.does("audience.unbind('$.Actor.Speak')") == []
    a.starts(*LISTEN)
    assert (
        g.does(
            "guildenstern.unbind('$.Actor.*')",
            "guildenstern.bind('$.Actor.Speak')",
            "guildenstern.bind(%s, True)" % ASK,
        )
        == []
    )

    assert r.does(
        "from kbus import Request", "req = Request(%s, 'Were you speaking to me?')" % ASK, "rosencrantz.send_msg(req)"
    ) == ["MessageId(0, 6)"]
    question = "<Request %s, id=[0:6], from=1, flags=0x%s, data=b'Were you speaking to me?'>"
    assert r.does("print(rosencrantz.read_next_msg())", "rosencrantz.unbind('$.Actor.*')") == [
        question % (ASK, "1 (REQ)")
    ]
    assert g.does("req = guildenstern.read_next_msg()", "print(req)") == [question % (ASK, "3 (REQ,YOU)")]
    assert g.does("print(req.wants_us_to_reply())") == ["True"]
    assert g.does("msg = guildenstern.read_next_msg()", "print(msg)") == ["None"]
    assert g.does("rep = reply_to(req, 'Yes, yes I was')", "print(rep)") == [
        "<Reply %s, to=1, in_reply_to=[0:6], data=b'Yes, yes I was'>" % ASK
    ]
    assert g.does("guildenstern.send_msg(rep)", "print(guildenstern.read_next_msg())") == ["MessageId(0, 7)", "None"]
    answer = "<Reply %s, id=[0:7], to=1, from=3, in_reply_to=[0:6], data=b'Yes, yes I was'>" % ASK
    assert r.does("rep = rosencrantz.read_next_msg()", "print(rep)") == [answer]
    assert [a.prints(), a.prints()] == [question % (ASK, "1 (REQ)"), answer]

    assert r.does(
        "# About to start tossing coins",
        "rosencrantz.send_msg(Request(%s," % ASK,
        "'Will you count heads for me?'))",
    ) == ["MessageId(0, 8)"]
    assert g.does(
        "req = guildenstern.read_next_msg()",
        "guildenstern.send_msg(reply_to(req, 'Yes, yes I shall'))",
        "guildenstern.bind('$.Actor.CoinToss', True)",
        "heads = 0",
    ) == ["MessageId(0, 9)"]
    assert r.does(
        "rep = rosencrantz.read_next_msg()",
        "print(rep.from_)",
        "# Throws a head",
        "from kbus import stateful_request",
        "sreq = stateful_request(rep, '$.Actor.CoinToss', 'Head')",
        "print(sreq)",
        "rosencrantz.send_msg(sreq)",
    ) == ["3", "<Request '$.Actor.CoinToss', to=3, flags=0x1 (REQ), data=b'Head'>", "MessageId(0, 10)"]
    g.starts(
        "while True:",
        "    toss = guildenstern.wait_for_msg()",
        "    print(toss)",
        "    if toss.data == b'Head':",
        "       print('A head - amazing')",
        "       heads += 1",
        "    else:",
        "       print('Bah, tails')",
        "    guildenstern.send_msg(reply_to(toss, 'Head count is %d'%heads))",
        "",
    )
    toss = "<Request '$.Actor.CoinToss', id=[0:%d], to=3, from=1, flags=0x3 (REQ,YOU), data=b'Head'>"
    assert [g.prints(), g.prints(), g.prints()] == [toss % 10, "A head - amazing", "MessageId(0, 11)"]
    again = ["sreq = stateful_request(rep, '$.Actor.CoinToss', 'Head')", "rosencrantz.send_msg(sreq)"]
    read_count = ["count = rosencrantz.read_next_msg()", "print('So,',count.data)"]
    assert r.does(*read_count, "# Throws a head", *again) == ["So, b'Head count is 1'", "MessageId(0, 12)"]
    assert [g.prints(), g.prints(), g.prints()] == [toss % 12, "A head - amazing", "MessageId(0, 13)"]
    assert r.does(*read_count) == ["So, b'Head count is 2'"]

    g.presses_control_c()
    assert g.does("print('Ouch')", "guildenstern.close()") == ["Ouch"]
    assert f.does(
        "from kbus import *", "falstaff = Ksock(0)", "print(falstaff)", "falstaff.bind('$.Actor.CoinToss', True)"
    ) == ["Ksock device 0, id 4, mode read/write"]
    assert "BrokenPipeError: [Errno 32] Broken pipe" in r.does(*again)

    heard = [a.prints() for _ in range(6)]
    assert [line.split()[0] for line in heard] == ["<Request", "<Reply"] * 3
    a.presses_control_c()
    for one, ksock in ((r, "rosencrantz"), (f, "falstaff")):
        assert one.does("for msg in %s:" % ksock, "    print(msg)", "") == []
