"""R. poll and select: what a Ksock's descriptor is ready for."""

import time

import pytest
from frame import ALL_OR_WAIT, M, fails
from words import (GONE_AWAY, announce, answer, ask, ids, is_readable, is_writable, ksocks, make_full, read,
                   read_status)


@pytest.fixture
def s_and_l(bus):
    """S, and L that listens to `$.F`."""
    s, l = ksocks(bus, 2)
    l.bind("$.F")
    return s, l


def test_R_01_not_readable_with_nothing_sent(s_and_l):
    _, l = s_and_l
    assert l.poll(read=True) == set()


def test_R_02_readable_while_a_message_is_queued(s_and_l):
    s, l = s_and_l
    announce(s, "$.F")
    assert l.poll(read=True) == {"r"}
    assert l.count() == 1
    assert l.poll(read=True) == {"r"}
    assert l.count() == 1


def test_R_03_not_readable_once_read(s_and_l):
    s, l = s_and_l
    announce(s, "$.F")
    assert read(l).name == "$.F"
    assert l.poll(read=True) == set()


def test_R_04_only_who_has_not_read_is_readable(bus, s_and_l):
    s, l1 = s_and_l
    l2 = bus.open()
    l2.bind("$.F")
    announce(s, "$.F")
    assert is_readable(l1) and is_readable(l2)
    assert read(l1).name == "$.F"
    assert not is_readable(l1)
    assert is_readable(l2)


def test_R_05_an_idle_ksock_is_writable(bus):
    s = bus.open()
    assert s.poll(read=False, write=True) == {"w"}
    assert s.poll(read=True, write=True) == {"w"}


def test_R_06_a_read_only_ksock_is_never_writable(bus):
    s, l = bus.open(), bus.open("r")
    l.bind("$.F")
    assert l.poll(read=False, write=True) == set()
    announce(s, "$.F")
    assert l.poll(read=True, write=True) == {"r"}


def test_R_07_writable_with_a_message_written_and_not_sent(s_and_l):
    s, l = s_and_l
    s.write_pointy(M("$.F"))
    assert is_writable(s)
    id = s.send_written()
    assert is_writable(s)
    assert ids(l.read_all()) == [id]


def test_R_08_nothing_is_ever_exceptional(s_and_l):
    s, l = s_and_l
    assert s.poll(read=True, write=True, exceptional=True) == {"w"}
    announce(s, "$.F")
    assert l.poll(read=True, write=False, exceptional=True) == {"r"}
    make_full(l)
    fails("EAGAIN", announce, s, "$.F", flags=ALL_OR_WAIT)
    assert s.poll(read=True, write=True, exceptional=True) == set()


def test_R_09_a_sent_message_wakes_who_waits(bus):
    s, l = bus.open(), bus.peer().open()
    l.bind("$.F")
    waiting = l.later("poll", read=True, timeout=30)
    waiting.until_asleep()
    announce(s, "$.F", b"wake up")
    assert waiting.result() == {"r"}
    assert read(l).data == b"wake up"


def test_R_10_a_wait_with_a_time_limit_ends_there(s_and_l):
    _, l = s_and_l
    start = time.monotonic()
    assert l.wait_for_msg(0.05) is None
    # That it does not end before; when it ends is the machine's affair.
    assert time.monotonic() - start >= 0.05


@pytest.mark.parametrize("how", ["poll", "epoll"])
def test_R_11_poll_and_epoll_answer_as_select_does(bus, s_and_l, how):
    s, l = s_and_l
    reader = bus.open("r")
    reader.bind("$.F")

    def check(k, expected):
        for asked in {"r"}, {"w"}, {"r", "w"}:
            for way in "select", how:
                answer = k.poll(read="r" in asked, write="w" in asked, exceptional=True, how=way)
                assert answer == asked & expected, f"{way} asked for {asked}"

    check(s, {"w"})
    check(l, {"w"})
    check(reader, set())
    announce(s, "$.F")
    check(l, {"r", "w"})
    check(reader, {"r"})
    read(l)
    make_full(l)
    fails("EAGAIN", announce, s, "$.F", flags=ALL_OR_WAIT)
    check(s, set())
    l.unbind("$.F")
    check(s, {"w"})
    check(l, {"r", "w"})
    l.read_all()
    check(l, {"w"})


def test_R_12_a_killed_replier_wakes_who_waits_for_its_reply(bus):
    s, p = bus.peer().open(), bus.peer()
    r = p.open()
    replier = r.id
    r.bind("$.Q", replier=True)
    request = ask(s, "$.Q")
    waiting = s.later("poll", read=True, timeout=30)
    waiting.until_asleep()
    p.kill()
    assert waiting.result() == {"r"}
    read_status(s, GONE_AWAY, from_=replier, answering=request)


def test_R_13_after_fork_the_ksock_is_the_parents(bus, s_and_l):
    bus.leaves_out("sharing it: here every call in the child fails, and the parent notices nothing")
    s, l = s_and_l
    for call in "count", "next_msg", "discard", "last_id", "ask_only_once":
        assert l.in_child(call) == "ECHILD", call
    assert l.in_child("bind", "$.G") == "ECHILD"
    assert l.in_child("send", M("$.F")) == "ECHILD"
    l.in_child("close")
    id = announce(s, "$.F")
    assert is_readable(l)
    assert ids(l.read_all()) == [id]
