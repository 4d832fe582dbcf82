"""O. Once-only: one copy of a message, however many bindings match."""

import pytest
from frame import ASK, M, fails
from words import announce, answer, ask, ids, is_reply, is_request, ksocks, read


def test_O_01_setting_gives_the_previous_value(bus):
    l = bus.open()
    # In C setting gives 0, always.
    was_on = 0 if bus.face == "c" else 1
    assert [l.only_once(request) for request in (ASK, 1, ASK, 0, ASK)] == [0, 0, 1, was_on, 0]


@pytest.mark.parametrize("setting", ["only_once", "verbose", "report_binds"])
def test_O_02_another_argument_is_refused(bus, setting):
    l = bus.open()
    fails("EINVAL", getattr(l, setting), 2)
    assert (l.ask_only_once(), l.ask_verbose(), l.ask_report_binds()) == (0, 0, 0)


def test_O_03_three_bindings_one_copy(bus):
    s, l = ksocks(bus, 2)
    for _ in range(3):
        l.bind("$.F")
    l.set_only_once(True)
    announce(s, "$.F")
    assert l.count() == 1


def test_O_04_a_replier_that_listens_keeps_the_marked_copy(bus):
    s, r = ksocks(bus, 2)
    r.bind("$.F", replier=True)
    r.bind("$.F")
    r.set_only_once(True)
    ask(s, "$.F")
    assert r.count() == 1
    assert read(r).marked


def test_O_05_switched_off_again_all_copies_come(bus):
    s, l, r = ksocks(bus, 3)
    for _ in range(3):
        l.bind("$.F")
    r.bind("$.Q", replier=True)
    r.bind("$.Q")
    for k in l, r:
        k.set_only_once(True)
        k.set_only_once(False)
    announce(s, "$.F")
    assert l.count() == 3
    ask(s, "$.Q")
    assert r.count() == 2


def test_O_06_a_requester_that_listens_reads_request_and_reply_once_each(bus):
    s, r = ksocks(bus, 2)
    r.bind("$.F", replier=True)
    s.bind("$.F")
    s.set_only_once(True)
    request = ask(s, "$.F")
    reply = answer(r, read(r))
    first, second = s.read_all()
    assert first.id == request and is_request(first)
    assert second.id == reply and is_reply(second)


@pytest.fixture
def one_copy_of_two(bus):
    """L, once-only, bound to `$.A` and then to `$.*`, with its one copy of an announcement of `$.A`."""
    s, l = ksocks(bus, 2)
    l.bind("$.A")
    l.bind("$.*")
    l.set_only_once(True)
    announce(s, "$.A")
    assert l.count() == 1
    return l


def test_O_07_the_copy_goes_with_the_newest_binding(one_copy_of_two):
    one_copy_of_two.unbind("$.*")
    assert one_copy_of_two.count() == 0


def test_O_08_the_copy_stays_when_an_older_binding_goes(one_copy_of_two):
    one_copy_of_two.unbind("$.A")
    assert one_copy_of_two.count() == 1


def test_O_09_two_consecutive_messages_with_one_id_count_as_one(bus):
    s, l = ksocks(bus, 2)
    l.bind("$.A")
    l.set_only_once(True)
    for _ in range(2):
        assert s.send(M("$.A", id=(5, 5))) == (5, 5)
    assert ids(l.read_all()) == [(5, 5)]


def test_O_10_two_messages_are_two(bus):
    s, l = ksocks(bus, 2)
    l.bind("$.A")
    l.set_only_once(True)
    sent = [announce(s, "$.A"), announce(s, "$.A")]
    assert l.count() == 2
    assert ids(l.read_all()) == sent
