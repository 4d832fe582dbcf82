"""How Ksocks end: collected, forked, killed, many (cases A-16, K-17, R-13; specification, section 26)."""

import gc
import os
import threading

import pytest
from processes import die_with_parent

import kbus
from kbus import Ksock, Message, Request, read_bindings, reply_to

DEADLINE_S = 60


def in_child(function):
    """Runs a function in a forked child; what it returns, which must be a text, or the name of the class it raised."""
    reading, writing = os.pipe()
    pid = os.fork()
    if pid == 0:
        die_with_parent(DEADLINE_S)
        try:
            text = function()
        except BaseException as error:
            text = type(error).__name__
        os.write(writing, text.encode())
        os._exit(0)
    os.close(writing)
    with open(reading, "rb") as pipe:
        text = pipe.read().decode()
    os.waitpid(pid, 0)
    return text


class TestCollection:
    def test_an_unreferenced_ksock_closes(self, rosencrantz):
        guildenstern = Ksock(0)
        guildenstern.bind("$.F", True)
        rosencrantz.send_msg(Request("$.F"))
        descriptor = guildenstern.fileno()
        del guildenstern
        gc.collect()
        assert rosencrantz.read_next_msg().name == "$.KBUS.Replier.GoneAway"
        assert read_bindings({}) == []
        with pytest.raises(OSError):
            os.fstat(descriptor)

    def test_a_file_that_is_kept_keeps_it_open(self, rosencrantz):
        guildenstern = Ksock(0)
        guildenstern.bind("$.F", True)
        file = guildenstern.fd
        del guildenstern
        gc.collect()
        assert rosencrantz.find_replier("$.F") == 2
        file.close()
        assert rosencrantz.find_replier("$.F") is None

    def test_at_the_end_of_a_process(self, child, rosencrantz):
        one = child("from kbus import *\nk = Ksock(0)\nk.bind('$.F', True)\nprint(k.ksock_id())\nsys.stdin.readline()")
        assert one.line() == "2"
        rosencrantz.send_msg(Request("$.F"))
        one.tell("")
        assert (one.wait(), one.rest()) == (0, [])
        assert rosencrantz.wait_for_msg(DEADLINE_S).name == "$.KBUS.Replier.GoneAway"

    def test_a_thousand_and_one(self):
        ksocks = [Ksock(0) for _ in range(1001)]
        assert [ksock.ksock_id() for ksock in ksocks] == list(range(1, 1002))
        for ksock in ksocks:
            ksock.bind("$.F")
        ksocks[0].send_msg(Message("$.F", "all"))
        assert {ksock.wait_for_msg(0).data for ksock in ksocks} == {b"all"}
        for ksock in ksocks:
            ksock.close()
        assert read_bindings({}) == []


class TestFork:
    @pytest.mark.parametrize(
        "call",
        [
            lambda k: k.ksock_id(),
            lambda k: k.bind("$.G"),
            lambda k: k.send_msg(Message("$.F")),
            lambda k: k.receive(0),
            lambda k: k.read_next_msg(),
            lambda k: k.loan(Message("$.F"), 5000).__enter__(),
        ],
    )
    def test_a_child_can_not_use_its_parents(self, rosencrantz, call):
        rosencrantz.ksock_id()
        assert in_child(lambda: str(call(rosencrantz))) == "ChildProcessError"

    @pytest.mark.parametrize("how", ["close", "collect"])
    def test_what_a_child_closes_stays_open(self, rosencrantz, how):
        ksocks = [Ksock(0)]
        ksocks[0].bind("$.F", True)

        def close():
            descriptor = ksocks[0].fileno()
            if how == "close":
                ksocks[0].close()
            ksocks.clear()
            gc.collect()
            try:
                os.fstat(descriptor)
            except OSError:
                return "its copy is closed"
            return "its copy is open"

        assert in_child(close) == "its copy is closed"
        assert rosencrantz.find_replier("$.F") == ksocks[0].ksock_id()
        rosencrantz.send_msg(Request("$.F"))
        assert ksocks[0].wait_for_msg(0).wants_us_to_reply()
        ksocks[0].close()

    def test_a_child_opens_its_own(self, rosencrantz):
        rosencrantz.bind("$.F")

        def speak():
            with Ksock(0) as ksock:
                ksock.send_msg(Message("$.F", "from the child"))
                return str(ksock.ksock_id())

        assert in_child(speak) == "2"
        assert rosencrantz.wait_for_msg(DEADLINE_S).data == b"from the child"

    def test_a_child_calls_as_its_parent_did(self):
        def ask():
            with Ksock(0) as asking, Ksock(0) as answering:
                answering.bind("$.Ask", True)
                answer = threading.Thread(target=lambda: answering.send_msg(reply_to(answering.receive(), "yes")))
                answer.start()
                text = asking.call(Request("$.Ask"), DEADLINE_S).data.decode()
                answer.join()
                return text

        assert ask() == "yes"
        assert in_child(ask) == "yes"

    def test_views_in_a_child_are_its_parents(self, rosencrantz):
        rosencrantz.bind("$.F")
        rosencrantz.send_msg(Message("$.F", b"x" * 5000))
        with rosencrantz.read_in_place(0) as message:
            assert in_child(lambda: message.release() or "released") == "released"
            for _ in range(50):
                rosencrantz.send_msg(Message("$.F", b"y" * 5000))
                rosencrantz.read_next_msg()
            assert bytes(message.data) == b"x" * 5000


def test_a_killed_process_is_noticed(child, rosencrantz):
    one = child(
        "from kbus import *\nk = Ksock(0)\nk.bind('$.F', True)\nprint('bound')\n"
        "k.wait_for_msg()\nprint('read')\ninput()"
    )
    assert one.line() == "bound"
    rosencrantz.send_msg(Request("$.F"))
    assert one.line() == "read"
    rosencrantz.send_msg(Request("$.F"))
    one.kill()
    with kbus.Ksock(0):
        names = [rosencrantz.wait_for_msg(DEADLINE_S).name for _ in range(2)]
    assert names == ["$.KBUS.Replier.GoneAway", "$.KBUS.Replier.Ignored"]
