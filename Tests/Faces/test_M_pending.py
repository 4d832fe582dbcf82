"""M. ALL_OR_WAIT: messages that wait in their sender until there is room."""

import pytest
from frame import ALL_OR_FAIL, ALL_OR_WAIT, fails
from words import (DISAPPEARED, ERROR_SENDING, GONE_AWAY, UNBOUND, announce, answer, ask, datas, ids, is_reply,
                   is_writable, ksocks, make_full, names, read, read_status, readiness, reserved)


@pytest.fixture
def pending(bus):
    """L, bound to `$.F`, is full, and an announcement by S waits for it: S, L and the announcement's id (M-02)."""
    s, l = ksocks(bus, 2)
    l.bind("$.F")
    make_full(l)
    fails("EAGAIN", announce, s, "$.F", b"pending", flags=ALL_OR_WAIT)
    return s, l, s.last_id()


def request_pending(bus, stateful=False):
    """R, with room for one message, holds a request by S, and another waits for it: S, R and the two ids (M-12)."""
    s, r = ksocks(bus, 2)
    r.bind("$.Q", replier=True)
    r.max_messages(1)
    q1 = ask(s, "$.Q")
    fails("EAGAIN", ask, s, "$.Q", to=r.id if stateful else 0, flags=ALL_OR_WAIT)
    return s, r, q1, s.last_id()


def assert_pending(s):
    fails("EALREADY", announce, s, "$.Other")


def assert_nothing_pending(s):
    announce(s, "$.Other")


def test_M_01_with_room_everywhere_both_are_delivered(bus):
    s, l = ksocks(bus, 2)
    l.bind("$.F")
    announce(s, "$.F", flags=ALL_OR_WAIT)
    announce(s, "$.F", flags=ALL_OR_FAIL)
    assert [message.flags for message in l.read_all()] == [ALL_OR_WAIT, ALL_OR_FAIL]


def test_M_02_a_full_listener_makes_it_wait(bus):
    s, l, x = ksocks(bus, 3)
    l.bind("$.F")
    make_full(l)
    _, before = announce(x, "$.G")
    error = fails("EAGAIN", announce, s, "$.F", flags=ALL_OR_WAIT)
    assert s.last_id() == (0, before + 1)
    if bus.face == "c":
        assert error.msg_id == s.last_id()
    assert announce(x, "$.G") == (0, before + 2)


def test_M_03_nothing_else_can_be_written(pending):
    s, l, id = pending
    fails("EALREADY", announce, s, "$.G")
    fails("EALREADY", s.write, b"K")
    assert s.last_id() == id
    assert l.count() == 1


def test_M_04_ealready_does_not_harm_the_pending_message(pending):
    s, l, id = pending
    fails("EALREADY", announce, s, "$.G")
    assert read(l).name == "$.Filler"
    assert is_writable(s)
    [delivered] = l.read_all()
    assert (delivered.id, delivered.name, delivered.data) == (id, "$.F", b"pending")


def test_M_05_polling_does_not_push_it_in(pending):
    s, l, _ = pending
    assert not is_writable(s)
    assert l.count() == 1


def test_M_06_with_room_polling_delivers_it(pending):
    s, l, id = pending
    assert read(l).name == "$.Filler"
    assert is_writable(s)
    assert l.count() == 1
    assert read(l).id == id


def test_M_07_discarded_it_is_gone(pending):
    s, l, _ = pending
    s.discard()
    assert is_writable(s)
    assert names(l.read_all()) == ["$.Filler"]
    fails("ENOMSG", s.send_written)
    assert l.count() == 0


def test_M_08_sent_again_it_has_the_same_id(pending):
    s, l, id = pending
    fails("EAGAIN", s.send_written)
    assert s.last_id() == id
    assert read(l).name == "$.Filler"
    assert s.send_written() == id
    assert ids(l.read_all()) == [id]


def test_M_09_closing_drops_it(pending):
    s, l, _ = pending
    s.close()
    assert names(l.read_all()) == ["$.Filler"]
    assert l.count() == 0


def test_M_10_done_with_when_the_full_listener_unbinds(pending):
    s, l, _ = pending
    l.unbind("$.F")
    assert is_writable(s)
    assert s.count() == 0
    assert names(l.read_all()) == ["$.Filler"]


def test_M_11_who_bound_meanwhile_gets_it_too(bus, pending):
    s, l, id = pending
    x = bus.open()
    x.bind("$.F")
    assert read(l).name == "$.Filler"
    assert is_writable(s)
    assert ids(x.read_all()) == [id]
    assert ids(l.read_all()) == [id]


def test_M_12_a_pending_request_reserves_no_place(bus):
    s, r, _, _ = request_pending(bus)
    assert reserved(bus, s) == 1
    assert r.count() == 1


def test_M_13_the_replier_closes(bus):
    s, r, q1, q2 = request_pending(bus)
    gone = r.id
    r.close()
    assert readiness(s) == {"r", "w"}
    read_status(s, GONE_AWAY, from_=gone, answering=q1)
    read_status(s, DISAPPEARED, from_=0, answering=q2)
    assert s.read_next() is None


def test_M_14_the_replier_unbinds(bus):
    s, r, q1, q2 = request_pending(bus)
    r.unbind("$.Q", replier=True)
    assert is_writable(s)
    read_status(s, UNBOUND, from_=r.id, answering=q1)
    read_status(s, DISAPPEARED, from_=0, answering=q2)
    assert s.read_next() is None


def test_M_15_another_replier_than_the_stateful_request_is_for(bus):
    s, r, q1, q2 = request_pending(bus, stateful=True)
    x = bus.open()
    # A retry between these two would find no Replier at all; only S looking, or room for the message, may cause one.
    r.unbind("$.Q", replier=True)
    x.bind("$.Q", replier=True)
    assert is_writable(s)
    read_status(s, UNBOUND, from_=r.id, answering=q1)
    read_status(s, ERROR_SENDING, from_=0, answering=q2)
    assert s.read_next() is None
    assert x.count() == 0


def test_M_16_sent_again_it_fails_as_sending_does(bus):
    s, r, q1, _ = request_pending(bus)
    gone = r.id
    r.close()
    fails("EADDRNOTAVAIL", s.send_written)
    read_status(s, GONE_AWAY, from_=gone, answering=q1)
    assert is_writable(s)
    assert s.read_next() is None


@pytest.fixture
def pending_without_room_for_the_reply(bus):
    """S has room for two, one request outstanding, a second pending, and a filler queued; R has read nothing yet."""
    s, r, x = ksocks(bus, 3)
    r.bind("$.Q", replier=True)
    r.max_messages(1)
    s.bind("$.Filler")
    s.max_messages(2)
    ask(s, "$.Q", b"1")
    fails("EAGAIN", ask, s, "$.Q", b"2", flags=ALL_OR_WAIT)
    announce(x, "$.Filler")
    assert s.count() == 1
    return s, r


def test_M_17_a_pending_request_goes_out_without_room_for_its_reply(pending_without_room_for_the_reply):
    s, r = pending_without_room_for_the_reply
    first = read(r)
    assert is_writable(s)
    [second] = r.read_all()
    assert second.data == b"2"
    for request in first, second:
        fails("EBUSY", answer, r, request)
    assert read(s).name == "$.Filler"
    for request in first, second:
        answer(r, request)
    assert [reply.in_reply_to for reply in s.read_all()] == [first.id, second.id]


def test_M_18_sent_again_a_request_without_room_for_its_reply_is_lost(bus, pending_without_room_for_the_reply):
    s, r = pending_without_room_for_the_reply
    # KBUS specification, section 12.2. So R reads only after the message is lost.
    bus.leaves_out("with room at R: then the bus has delivered it already")
    fails("ENOLCK", s.send_written)
    fails("ENOMSG", s.send_written)
    assert datas(r.read_all()) == [b"1"]
    assert is_writable(s)
    assert r.count() == 0


def test_M_19_a_pending_reply_whose_requester_closes(bus):
    s, r, l = ksocks(bus, 3)
    r.bind("$.Q", replier=True)
    ask(s, "$.Q")
    request = read(r)
    l.bind("$.Q")
    make_full(l)
    fails("EAGAIN", answer, r, request, flags=ALL_OR_WAIT)
    s.close()
    assert is_writable(r)
    assert r.unreplied() == 1
    assert names(l.read_all()) == ["$.Filler"]
    assert_nothing_pending(r)
    # The original sends the Replier a status here, which is tolerated.
    assert names(r.read_all()) in ([], [DISAPPEARED])


@pytest.mark.parametrize("relief", ["reserved place released", "maximum raised", "closed", "unbound"])
def test_M_20_whatever_ends_the_fullness_wakes_the_sender(bus, relief):
    l, r = ksocks(bus, 2)
    s = bus.peer().open()
    r.bind("$.Q", replier=True)
    l.bind("$.F")
    if relief == "reserved place released":
        l.max_messages(1)
        ask(l, "$.Q")
    else:
        make_full(l)
    fails("EAGAIN", announce, s, "$.F", b"pending", flags=ALL_OR_WAIT)
    poll = s.later("poll", read=False, write=True, timeout=30)
    poll.until_asleep()

    if relief == "reserved place released":
        answer(r, read(r))
        assert is_reply(read(l))
    elif relief == "maximum raised":
        l.max_messages(2)
    elif relief == "closed":
        l.close()
    else:
        l.unbind("$.F")

    assert poll.result() == {"w"}
    if relief == "reserved place released":
        assert datas(l.read_all()) == [b"pending"]
    elif relief == "maximum raised":
        assert names(l.read_all()) == ["$.Filler", "$.F"]
    elif relief == "unbound":
        assert names(l.read_all()) == ["$.Filler"]
    assert_nothing_pending(s)
    assert s.count() == 0


def test_M_21_it_arrives_behind_later_ones_with_its_earlier_id(bus):
    s, x, l, full = ksocks(bus, 4)
    l.bind("$.F")
    full.bind("$.F")
    make_full(full)
    fails("EAGAIN", announce, s, "$.F", flags=ALL_OR_WAIT)
    _, n = s.last_id()
    announce(x, "$.F")
    announce(x, "$.F")
    assert read(full).name == "$.Filler"
    assert is_writable(s)
    assert ids(l.read_all()) == [(0, n + 1), (0, n + 2), (0, n)]


def test_M_22_everything_else_works_meanwhile(pending):
    s, l, id = pending
    s.bind("$.G")
    announce(l, "$.G", b"for S")
    assert s.count() == 1
    assert read(s).data == b"for S"
    assert s.next_msg() == 0
    s.unbind("$.G")
    s.bind("$.H", replier=True)
    s.unbind("$.H", replier=True)
    assert_pending(s)
    assert s.last_id() == id
