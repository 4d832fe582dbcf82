"""P. Unbinding takes away what that binding had queued, and nothing else."""

import itertools

import pytest
from frame import ALL_OR_WAIT, fails
from words import announce, answer, ask, datas, is_writable, ksocks, make_full, names, read


def test_P_01_a_name_and_a_wildcard(bus):
    s, l = ksocks(bus, 2)
    l.bind("$.F")
    announce(s, "$.F")
    assert l.count() == 1
    l.bind("$.*")
    announce(s, "$.F")
    assert l.count() == 3
    announce(s, "$.F")
    assert l.count() == 5
    l.unbind("$.F")
    assert l.count() == 2
    l.unbind("$.*")
    assert l.count() == 0


def test_P_02_of_two_equal_bindings_the_newest_goes_first(bus):
    s, l = ksocks(bus, 2)
    l.bind("$.F")
    announce(s, "$.F")
    assert l.count() == 1
    l.bind("$.F")
    announce(s, "$.F")
    assert l.count() == 3
    announce(s, "$.F")
    assert l.count() == 5
    l.unbind("$.F")
    assert l.count() == 3
    l.unbind("$.F")
    assert l.count() == 0


@pytest.mark.parametrize("bound", list(itertools.permutations(["$.F.Jim", "$.F.*", "$.*"])), ids=" ".join)
def test_P_03_each_binding_owns_one_copy(bus, bound):
    s, l = ksocks(bus, 2)
    for order in itertools.permutations(bound):
        for name in bound:
            l.bind(name)
        announce(s, "$.F.Jim")
        assert l.count() == 3
        for left, name in zip((2, 1, 0), order):
            l.unbind(name)
            assert l.count() == left, f"unbound in the order {order}"


def test_P_04_messages_of_other_bindings_stay_in_order(bus):
    s, l = ksocks(bus, 2)
    l.bind("$.A")
    l.bind("$.B")
    for data in b"1", b"2", b"3":
        announce(s, "$.A", data)
        announce(s, "$.B", data)
    l.unbind("$.A")
    left = l.read_all()
    assert names(left) == ["$.B"] * 3
    assert datas(left) == [b"1", b"2", b"3"]


def test_P_05_the_requesters_copy_of_a_reply_stays(bus):
    s, r = ksocks(bus, 2)
    r.bind("$.Q", replier=True)
    request = ask(s, "$.Q")
    s.bind("$.Q")
    answer(r, read(r))
    assert s.count() == 2
    s.unbind("$.Q")
    assert [message.in_reply_to for message in s.read_all()] == [request]


def test_P_06_unbinding_makes_room_for_a_pending_message(bus):
    s, l = ksocks(bus, 2)
    l.bind("$.G")
    make_full(l)
    fails("EAGAIN", announce, s, "$.G", flags=ALL_OR_WAIT)
    assert not is_writable(s)
    l.unbind("$.Filler")
    assert is_writable(s)
    assert names(l.read_all()) == ["$.G"]
