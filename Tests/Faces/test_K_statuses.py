"""K. Statuses: what the bus answers in place of a Replier."""

import pytest
from frame import ALL_OR_WAIT, M, SYNTHETIC, URGENT, fails
from words import (DISAPPEARED, GONE_AWAY, IGNORED, UNBOUND, announce, answer, ask, bindings, datas, ids, is_writable,
                   ksocks, make_full, open_ids, read, read_status, set_aside)


@pytest.fixture
def s_and_r(bus):
    """S, and R that is Replier of `$.Q`."""
    s, r = ksocks(bus, 2)
    r.bind("$.Q", replier=True)
    return s, r


def pop(count, replier):
    """Pops so many requests."""
    for _ in range(count):
        assert read(replier).marked


def close(k):
    """Closes; the id that the Ksock had."""
    id = k.id
    k.close()
    return id


def test_K_01_queued_at_a_replier_that_closes(s_and_r):
    s, r = s_and_r
    request = ask(s, "$.Q")
    gone = close(r)
    read_status(s, GONE_AWAY, from_=gone, answering=request)
    assert s.read_next() is None


def test_K_02_one_status_though_the_replier_listens_too(s_and_r):
    s, r = s_and_r
    r.bind("$.Q")
    request = ask(s, "$.Q")
    gone = close(r)
    read_status(s, GONE_AWAY, from_=gone, answering=request)
    assert s.read_next() is None


def test_K_03_in_the_order_of_the_queue(s_and_r):
    s, r = s_and_r
    r.bind("$.Q")
    announce(s, "$.Q")
    r1 = ask(s, "$.Q")
    announce(s, "$.Q")
    r2 = ask(s, "$.Q")
    gone = close(r)
    read_status(s, GONE_AWAY, from_=gone, answering=r1)
    read_status(s, GONE_AWAY, from_=gone, answering=r2)
    assert s.read_next() is None


def test_K_04_queued_at_a_replier_that_unbinds(s_and_r):
    s, r = s_and_r
    request = ask(s, "$.Q")
    r.unbind("$.Q", replier=True)
    read_status(s, UNBOUND, from_=r.id, answering=request)
    assert s.read_next() is None
    assert r.count() == 0


def test_K_05_unbinding_as_replier_leaves_the_listeners_copy(s_and_r):
    s, r = s_and_r
    r.bind("$.Q")
    request = ask(s, "$.Q")
    r.unbind("$.Q", replier=True)
    read_status(s, UNBOUND, from_=r.id, answering=request)
    [copy] = r.read_all()
    assert (copy.id, copy.marked) == (request, False)


def test_K_06_exactly_the_marked_requests_of_that_binding(bus):
    s, r = ksocks(bus, 2)
    for name in "$.F", "$.J":
        r.bind(name, replier=True)
        r.bind(name)
    announce(s, "$.F", b"m1")
    r1 = ask(s, "$.F", b"r1")
    announce(s, "$.J", b"m3")
    announce(s, "$.F", b"m2")
    r2 = ask(s, "$.F", b"r2")
    ask(s, "$.J", b"r3")
    assert r.count() == 9

    r.unbind("$.F", replier=True)
    read_status(s, UNBOUND, from_=r.id, answering=r1)
    read_status(s, UNBOUND, from_=r.id, answering=r2)
    assert s.read_next() is None
    left = r.read_all()
    assert datas(left) == [b"m1", b"r1", b"m3", b"m2", b"r2", b"r3", b"r3"]
    assert [message.marked for message in left] == [False, False, False, False, False, True, False]


def test_K_07_popped_by_a_replier_that_closes(s_and_r):
    s, r = s_and_r
    request = ask(s, "$.Q")
    pop(1, r)
    gone = close(r)
    read_status(s, IGNORED, from_=gone, answering=request)
    assert s.read_next() is None


def test_K_08_ignored_for_the_request_popped_last_comes_first(s_and_r):
    s, r = s_and_r
    requests = [ask(s, "$.Q") for _ in range(3)]
    pop(3, r)
    gone = close(r)
    for request in reversed(requests):
        read_status(s, IGNORED, from_=gone, answering=request)
    assert s.read_next() is None


def test_K_09_gone_away_comes_before_ignored(s_and_r):
    s, r = s_and_r
    q1, q2, q3, q4 = [ask(s, "$.Q") for _ in range(4)]
    pop(2, r)
    gone = close(r)
    for name, request in (GONE_AWAY, q3), (GONE_AWAY, q4), (IGNORED, q2), (IGNORED, q1):
        read_status(s, name, from_=gone, answering=request)
    assert s.read_next() is None


def test_K_10_listeners_do_not_see_statuses(bus, s_and_r):
    s, r = s_and_r
    l = bus.open()
    # Two bindings, of which a status named `$.KBUS.Replier.GoneAway` would match both and the request only the first.
    l.bind("$.*")
    l.bind("$.KBUS.*")
    request = ask(s, "$.Q")
    gone = close(r)
    read_status(s, GONE_AWAY, from_=gone, answering=request)
    assert ids(l.read_all()) == [request]


def test_K_11_no_status_for_a_request_popped_before_unbinding(s_and_r):
    s, r = s_and_r
    id = ask(s, "$.Q")
    request = read(r)
    r.unbind("$.Q", replier=True)
    assert s.count() == 0
    assert r.unreplied() == 1
    reply = answer(r, request)
    [message] = s.read_all()
    assert (message.id, message.name, message.in_reply_to) == (reply, "$.Q", id)


def test_K_12_who_asked_itself_and_unbinds_has_its_own_status(bus):
    s = bus.open()
    s.bind("$.Q", replier=True)
    request = ask(s, "$.Q")
    s.unbind("$.Q", replier=True)
    read_status(s, UNBOUND, from_=s.id, answering=request)
    assert s.count() == 0


def test_K_13_who_asked_itself_leaves_nothing_behind(bus):
    x, s = ksocks(bus, 2)
    s.bind("$.Q", replier=True)
    ask(s, "$.Q")
    s.close()
    assert bindings(bus) == []
    assert open_ids(bus) == [x.id]
    assert set_aside(bus) == 0
    assert x.count() == 0


def test_K_14_the_place_reserved_for_the_reply_takes_the_status(bus, s_and_r):
    s, r = s_and_r
    x = bus.open()
    x.bind("$.J", replier=True)
    s.max_messages(1)
    request = ask(s, "$.Q")
    gone = close(r)
    read_status(s, GONE_AWAY, from_=gone, answering=request)
    ask(s, "$.J")
    assert x.count() == 1


def test_K_15_the_status_for_an_urgent_request_is_not_urgent(s_and_r):
    s, r = s_and_r
    s.bind("$.A")
    request = ask(s, "$.Q", flags=URGENT)
    announce(s, "$.A")
    gone = close(r)
    assert read(s).name == "$.A"
    read_status(s, GONE_AWAY, from_=gone, answering=request)


def test_K_16_what_a_user_sends_is_never_synthetic(bus):
    s, l = ksocks(bus, 2)
    l.bind("$.KBUS.X")
    announce(s, "$.KBUS.X", flags=SYNTHETIC)
    assert read(l).flags & SYNTHETIC == 0


def test_K_17_a_killed_replier(bus):
    s = bus.open()
    p = bus.peer()
    r = p.open()
    replier = r.id
    r.bind("$.Q", replier=True)
    popped, queued = ask(s, "$.Q"), ask(s, "$.Q")
    assert read(r).id == popped
    p.kill()
    assert "r" in s.poll(read=True, timeout=30)
    read_status(s, GONE_AWAY, from_=replier, answering=queued)
    assert "r" in s.poll(read=True, timeout=30)
    read_status(s, IGNORED, from_=replier, answering=popped)
    assert s.count() == 0


def by_unbinding(s, r):
    ask(s, "$.Q")
    r.unbind("$.Q", replier=True)


def by_closing(s, r):
    ask(s, "$.Q")
    r.close()


def by_closing_after_popping(s, r):
    ask(s, "$.Q")
    pop(1, r)
    r.close()


def by_vanishing_under_a_pending_request(s, r):
    make_full(r)
    fails("EAGAIN", ask, s, "$.Q", flags=ALL_OR_WAIT)
    r.unbind("$.Q", replier=True)
    assert is_writable(s)


ENDS = {
    UNBOUND: by_unbinding,
    GONE_AWAY: by_closing,
    IGNORED: by_closing_after_popping,
    DISAPPEARED: by_vanishing_under_a_pending_request,
}


@pytest.mark.parametrize("status", ENDS)
def test_K_18_a_late_reply_is_refused(bus, s_and_r, status):
    s, r = s_and_r
    x = bus.open()
    ENDS[status](s, r)
    request = s.last_id()
    [message] = s.read_all()
    assert (message.name, message.in_reply_to) == (status, request)
    fails("ECONNREFUSED", x.send, M("$.Q", to=s.id, in_reply_to=request))
    assert s.count() == 0
