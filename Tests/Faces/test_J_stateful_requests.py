"""J. Stateful requests: to one particular Replier, or to none."""

import pytest
from frame import M, WANT_A_REPLY, fails, refused
from words import GONE_AWAY, IGNORED, NO_ID, UNBOUND, announce, answer, ask, ksocks, read, read_status


@pytest.fixture
def s_and_r(bus):
    """S, and R that is Replier of `$.T`."""
    s, r = ksocks(bus, 2)
    r.bind("$.T", replier=True)
    return s, r


def test_J_01_reaches_its_replier_and_listeners(bus, s_and_r):
    s, r = s_and_r
    l = bus.open()
    l.bind("$.T")
    id = ask(s, "$.T", to=r.id)
    [request] = r.read_all()
    assert (request.id, request.to, request.marked) == (id, r.id, True)
    [copy] = l.read_all()
    assert (copy.id, copy.to, copy.marked) == (id, r.id, False)


def test_J_02_the_replier_has_unbound(s_and_r):
    s, r = s_and_r
    ask(s, "$.T", to=r.id)
    answer(r, read(r))
    r.unbind("$.T", replier=True)
    fails("EADDRNOTAVAIL", ask, s, "$.T", to=r.id)


def test_J_03_another_has_become_replier(bus, s_and_r):
    s, r = s_and_r
    x = bus.open()
    r.unbind("$.T", replier=True)
    x.bind("$.T", replier=True)
    fails("EPIPE", ask, s, "$.T", to=r.id)
    assert x.count() == 0
    assert r.count() == 0


def test_J_04_the_replier_has_closed_and_another_took_over(bus, s_and_r):
    s, r = s_and_r
    x = bus.open()
    former = r.id
    r.close()
    x.bind("$.T", replier=True)
    fails("EPIPE", ask, s, "$.T", to=former)
    assert x.count() == 0


def test_J_05_whom_it_is_for_is_checked_before_fullness(bus, s_and_r):
    s, r = s_and_r
    x = bus.open()
    r.max_messages(1)
    ask(s, "$.T")
    fails("EPIPE", ask, x, "$.T", to=x.id)
    fails("EBUSY", ask, x, "$.T", to=r.id)


def test_J_06_built_from_a_reply(bus, s_and_r):
    # By hand, as if it had come through a limpet.
    reply = M("$.T", from_=7, to=1, orig_from=(3, 9), in_reply_to=(0, 5), id=(0, 6))
    request = M.stateful(reply, "$.T")
    assert (request.to, request.final_to) == (7, (3, 9))
    assert request.flags == WANT_A_REPLY

    # And on the bus: it reaches the Ksock that replied.
    s, r = s_and_r
    ask(s, "$.T")
    answer(r, read(r))
    id = s.send(M.stateful(read(s), "$.T"))
    followed = read(r)
    assert (followed.id, followed.to, followed.marked) == (id, r.id, True)


def test_J_07_built_from_an_earlier_stateful_request(bus):
    earlier = M("$.T", to=7, final_to=(3, 9), flags=WANT_A_REPLY)
    request = M.stateful(earlier, "$.U")
    assert (request.name, request.to, request.final_to) == ("$.U", 7, (3, 9))
    assert request.flags == WANT_A_REPLY
    assert request.in_reply_to == NO_ID


def test_J_08_not_built_from_an_announcement_or_a_plain_request(bus, s_and_r):
    s, r = s_and_r
    r.bind("$.A")
    announce(s, "$.A")
    ask(s, "$.T")
    announcement, request = r.read_all()
    for earlier in announcement, request:
        refused(M.stateful, earlier, "$.T")


def test_J_09_queued_at_a_replier_that_unbinds(s_and_r):
    s, r = s_and_r
    id = ask(s, "$.T", to=r.id)
    r.unbind("$.T", replier=True)
    read_status(s, UNBOUND, from_=r.id, answering=id)
    assert s.count() == 0


def test_J_10_queued_at_a_replier_that_closes(s_and_r):
    s, r = s_and_r
    replier = r.id
    id = ask(s, "$.T", to=replier)
    r.close()
    read_status(s, GONE_AWAY, from_=replier, answering=id)
    assert s.count() == 0


def test_J_11_popped_by_a_replier_that_closes(s_and_r):
    s, r = s_and_r
    replier = r.id
    id = ask(s, "$.T", to=replier)
    assert read(r).marked
    r.close()
    read_status(s, IGNORED, from_=replier, answering=id)
    assert s.count() == 0
