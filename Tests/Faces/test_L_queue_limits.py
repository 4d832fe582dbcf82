"""L. Queue limits: who finds no room, and what then happens."""

import pytest
from frame import ALL_OR_FAIL, ALL_OR_WAIT, M, fails
from words import announce, answer, ask, datas, ids, is_reply, is_request, ksocks, make_full, names, read


@pytest.fixture
def one_request_under_way(bus):
    """S has room for one reply, R is Replier of `$.Q`, and one request is under way."""
    s, r = ksocks(bus, 2)
    r.bind("$.Q", replier=True)
    s.max_messages(1)
    ask(s, "$.Q")
    return s, r


@pytest.fixture
def full_and_free_listener(bus):
    """S, and the Listeners of `$.A`: L1, which is full, and L2."""
    s, l1, l2 = ksocks(bus, 3)
    l1.bind("$.A")
    l2.bind("$.A")
    make_full(l1)
    return s, l1, l2


def test_L_01_a_new_ksocks_maximum_is_100(bus):
    assert bus.open().max_messages() == 100


@pytest.mark.parametrize("mode", ["rw", "r"])
def test_L_02_the_maximum_can_be_set_and_asked(bus, mode):
    s = bus.open(mode)
    assert s.max_messages(200) == 200
    assert s.max_messages() == 200
    assert s.max_messages(0) == 200
    assert s.max_messages(100) == 100
    assert s.max_messages() == 100


def test_L_03_a_full_listener_misses_an_announcement(bus):
    s, l = ksocks(bus, 2)
    l.bind("$.A")
    l.max_messages(1)
    first = announce(s, "$.A")
    announce(s, "$.A")
    assert ids(l.read_all()) == [first]


def test_L_04_of_101_announcements_100_are_queued(bus):
    s, l = ksocks(bus, 2)
    l.bind("$.A")
    sent = [announce(s, "$.A") for _ in range(101)]
    assert l.count() == 100
    assert ids(l.read_all()) == sent[:100]


def test_L_05_a_full_replier(bus):
    s, r = ksocks(bus, 2)
    r.bind("$.Q", replier=True)
    r.max_messages(1)
    first = ask(s, "$.Q")
    fails("EBUSY", ask, s, "$.Q")
    assert ids(r.read_all()) == [first]


def test_L_06_a_request_refused_by_its_replier_reaches_no_listener(bus):
    s, r, l = ksocks(bus, 3)
    r.bind("$.Q", replier=True)
    l.bind("$.Q")
    r.max_messages(1)
    first = ask(s, "$.Q")
    fails("EBUSY", ask, s, "$.Q")
    assert ids(l.read_all()) == [first]


def test_L_07_all_or_fail_with_a_full_listener(full_and_free_listener):
    s, l1, l2 = full_and_free_listener
    fails("EBUSY", announce, s, "$.A", flags=ALL_OR_FAIL)
    assert names(l1.read_all()) == ["$.Filler"]
    assert l2.count() == 0


def test_L_08_announcement_skips_a_full_listener(full_and_free_listener):
    s, l1, l2 = full_and_free_listener
    id = announce(s, "$.A")
    assert ids(l2.read_all()) == [id]
    assert names(l1.read_all()) == ["$.Filler"]


def test_L_09_all_or_fail_ignores_a_full_ksock_that_is_no_recipient(bus):
    s, l1, l2 = ksocks(bus, 3)
    l2.bind("$.A")
    make_full(l1)
    id = announce(s, "$.A", flags=ALL_OR_FAIL)
    assert ids(l2.read_all()) == [id]


def test_L_10_a_request_needs_a_free_place_for_its_reply(one_request_under_way):
    s, r = one_request_under_way
    fails("ENOLCK", ask, s, "$.Q")
    assert len(r.read_all()) == 1
    fails("ENOLCK", ask, s, "$.Q")
    assert r.count() == 0


def test_L_11_without_room_for_replies_one_can_still_announce(bus, one_request_under_way):
    s, _ = one_request_under_way
    l = bus.open()
    l.bind("$.A")
    id = announce(s, "$.A")
    assert ids(l.read_all()) == [id]


def test_L_12_when_the_reply_is_read_the_place_is_free_again(one_request_under_way):
    s, r = one_request_under_way
    answer(r, read(r))
    assert is_reply(read(s))
    ask(s, "$.Q")
    assert r.count() == 1


def test_L_13_a_reply_not_yet_read_takes_the_place(one_request_under_way):
    s, r = one_request_under_way
    answer(r, read(r))
    fails("ENOLCK", ask, s, "$.Q")
    assert s.count() == 1


def test_L_14_announcements_cannot_use_a_reserved_place(bus):
    s, r = ksocks(bus, 2)
    r.bind("$.Q", replier=True)
    s.bind("$.A")
    s.max_messages(2)
    ask(s, "$.Q")
    announce(s, "$.A", flags=ALL_OR_FAIL)
    fails("EBUSY", announce, s, "$.A", flags=ALL_OR_FAIL)
    assert s.count() == 1


def test_L_15_requests_cannot_use_a_reserved_place(bus, one_request_under_way):
    s, _ = one_request_under_way
    x = bus.open()
    s.bind("$.J", replier=True)
    fails("EBUSY", ask, x, "$.J")
    assert s.count() == 0


def test_L_16_three_copies_through_one_free_place(bus):
    s, l = ksocks(bus, 2)
    l.max_messages(1)
    for name in "$.A", "$.*", "$.%":
        l.bind(name)
    announce(s, "$.A")
    assert l.count() == 3


def test_L_17_a_request_and_its_listeners_copy_through_one_free_place(bus):
    s, r = ksocks(bus, 2)
    r.bind("$.Q", replier=True)
    r.bind("$.Q")
    r.max_messages(1)
    ask(s, "$.Q")
    assert r.count() == 2


def test_L_18_a_reply_refused_for_lack_of_room_stays_owed(bus):
    s, r = ksocks(bus, 2)
    r.bind("$.R", replier=True)
    s.bind("$.R")
    s.max_messages(1)
    id = ask(s, "$.R")
    assert s.count() == 1
    request = read(r)
    fails("EBUSY", answer, r, request)
    assert r.unreplied() == 1
    assert is_request(read(s))
    answer(r, request)
    assert r.unreplied() == 0
    assert read(s).in_reply_to == id


def test_L_19_lowering_the_maximum_may_shut_out_a_reply(bus):
    s, r = ksocks(bus, 2)
    r.bind("$.Q", replier=True)
    s.bind("$.A")
    s.max_messages(5)
    ask(s, "$.Q")
    announce(s, "$.A")
    announce(s, "$.A")
    s.max_messages(1)
    request = read(r)
    fails("EBUSY", answer, r, request)
    fails("EAGAIN", answer, r, request, flags=ALL_OR_WAIT)
    assert s.count() == 2
    assert r.unreplied() == 1


def test_L_20_lowering_the_maximum_discards_nothing_and_lets_nothing_in(bus):
    s, l = ksocks(bus, 2)
    l.bind("$.A")
    old = [b"1", b"2", b"3"]
    for data in old:
        announce(s, "$.A", data)
    l.max_messages(1)
    assert l.count() == 3
    for data in old:
        fails("EBUSY", announce, s, "$.A", b"new", flags=ALL_OR_FAIL)
        assert read(l).data == data
    announce(s, "$.A", b"new", flags=ALL_OR_FAIL)
    assert datas(l.read_all()) == [b"new"]


def test_L_21_a_message_popped_makes_room_at_once(bus):
    s, l = ksocks(bus, 2)
    l.bind("$.A")
    l.max_messages(1)
    announce(s, "$.A", b"1")
    length = l.next_msg()
    announce(s, "$.A", b"2", flags=ALL_OR_FAIL)
    assert l.read_msg(length).data == b"1"
    assert read(l).data == b"2"


def test_L_22_all_or_fail_holds_for_replies(bus):
    s, r, l = ksocks(bus, 3)
    r.bind("$.Q", replier=True)
    id = ask(s, "$.Q")
    request = read(r)
    l.bind("$.Q")
    make_full(l)
    fails("EBUSY", answer, r, request, flags=ALL_OR_FAIL)
    assert s.count() == 0
    answer(r, request)
    assert read(s).in_reply_to == id
    assert names(l.read_all()) == ["$.Filler"]


def test_L_23_who_asks_itself_with_one_place_must_read_first(bus):
    s = bus.open()
    s.bind("$.Q", replier=True)
    s.max_messages(1)
    id = ask(s, "$.Q")
    # The reply is built by hand: the request is still in the queue.
    fails("EBUSY", s.send, M("$.Q", to=s.id, in_reply_to=id))
    answer(s, read(s))
    assert read(s).in_reply_to == id
