"""N. Urgent messages."""

from frame import URGENT
from words import announce, answer, ask, datas, ids, is_reply, ksocks, make_full, names, read


def test_N_01_urgent_messages_go_to_the_front(bus):
    s, r = ksocks(bus, 2)
    r.bind("$.M")
    r.bind("$.R", replier=True)
    announce(s, "$.M", b"m1")
    ask(s, "$.R", b"r1")
    announce(s, "$.M", b"m2")
    ask(s, "$.R", b"r2")
    announce(s, "$.M", b"u1", flags=URGENT)
    ask(s, "$.R", b"u2", flags=URGENT)
    messages = r.read_all()
    assert datas(messages) == [b"u2", b"u1", b"m1", b"r1", b"m2", b"r2"]
    assert [message.marked for message in messages] == [True, False, False, True, False, True]
    assert [message.flags & URGENT != 0 for message in messages] == [True, True, False, False, False, False]


def test_N_02_of_several_the_last_comes_first(bus):
    s, l = ksocks(bus, 2)
    l.bind("$.M")
    for data in b"1", b"2", b"3":
        announce(s, "$.M", data, flags=URGENT)
    announce(s, "$.M", b"normal")
    assert datas(l.read_all()) == [b"3", b"2", b"1", b"normal"]


def test_N_03_an_urgent_reply_is_read_first(bus):
    s, r = ksocks(bus, 2)
    r.bind("$.R", replier=True)
    s.bind("$.M")
    ask(s, "$.R")
    announce(r, "$.M")
    answer(r, read(r), flags=URGENT)
    assert [is_reply(message) for message in s.read_all()] == [True, False]


def test_N_04_a_full_listener_misses_it(bus):
    s, l = ksocks(bus, 2)
    l.bind("$.M")
    make_full(l)
    announce(s, "$.M", flags=URGENT)
    assert names(l.read_all()) == ["$.Filler"]


def test_N_05_a_replier_that_listens_gets_two_copies_one_marked(bus):
    s, r = ksocks(bus, 2)
    r.bind("$.R", replier=True)
    r.bind("$.R")
    id = ask(s, "$.R", flags=URGENT)
    copies = r.read_all()
    assert ids(copies) == [id, id]
    # Which of the two comes first is left open.
    assert sorted(copy.marked for copy in copies) == [False, True]
    assert all(copy.flags & URGENT for copy in copies)
