"""H. Requests and replies."""

import pytest
from frame import M, WANT_A_REPLY, WANT_YOU_TO_REPLY, fails, refused
from words import NO_ID, ids, is_reply, is_request, ksocks, read, reserved


@pytest.fixture
def s_and_r(bus):
    """S, and R that is Replier of `$.F`."""
    s, r = ksocks(bus, 2)
    r.bind("$.F", replier=True)
    return s, r


@pytest.fixture
def answered_by_x(bus, s_and_r):
    """S, R, X and a Request of S's that R has read and X has answered."""
    s, r = s_and_r
    x = bus.open()
    s.send(M.request("$.F"))
    request = read(r)
    x.send(M.reply_to(request, b"by X"))
    return s, r, x, request


def test_H_01_no_replier(bus):
    s = bus.open()
    fails("EADDRNOTAVAIL", s.send, M.request("$.None"))
    assert (s.count(), reserved(bus, s)) == (0, 0)


def test_H_02_a_listener_is_no_replier(bus):
    s, l = ksocks(bus, 2)
    l.bind("$.F")
    fails("EADDRNOTAVAIL", s.send, M.request("$.F"))
    assert l.count() == 0


def test_H_03_the_repliers_copy(s_and_r):
    s, r = s_and_r
    id = s.send(M.request("$.F"))
    request = read(r)
    assert (request.id, request.from_, request.flags) == (id, s.id, WANT_A_REPLY | WANT_YOU_TO_REPLY)


def test_H_04_a_listeners_copy(bus, s_and_r):
    s, r = s_and_r
    l = bus.open()
    l.bind("$.F")
    id = s.send(M.request("$.F"))
    copy = read(l)
    assert (copy.id, copy.from_, copy.flags) == (id, s.id, WANT_A_REPLY)
    assert read(r).marked


def test_H_05_the_marked_copy_first(s_and_r):
    s, r = s_and_r
    r.bind("$.F")
    id = s.send(M.request("$.F"))
    assert [(m.id, m.marked) for m in r.read_all()] == [(id, True), (id, False)]


def test_H_06_the_reply(s_and_r):
    s, r = s_and_r
    request = s.send(M.request("$.F"))
    id = r.send(M.reply_to(read(r), b"answer"))
    reply = read(s)
    assert reply == M("$.F", b"answer", to=s.id, from_=r.id, in_reply_to=request, id=id)
    assert id != request


def test_H_07_nothing_is_left(s_and_r):
    s, r = s_and_r
    s.send(M.request("$.F"))
    r.send(M.reply_to(read(r)))
    read(s)
    assert (r.count(), r.unreplied()) == (0, 0)


def test_H_08_a_listener_to_everything(bus, s_and_r):
    s, r = s_and_r
    l = bus.open()
    l.bind("$.*")
    announcement = s.send(M.announce("$.F"))
    request = s.send(M.request("$.F"))
    reply = r.send(M.reply_to(read(r)))
    heard = l.read_all()
    assert ids(heard) == [announcement, request, reply]
    assert [(is_request(m), is_reply(m), m.marked) for m in heard] == [
        (False, False, False), (True, False, False), (False, True, False)]


def test_H_09_a_requester_that_listens(s_and_r):
    s, r = s_and_r
    s.bind("$.F")
    request = s.send(M.request("$.F"))
    reply = r.send(M.reply_to(read(r)))
    read_by_s = s.read_all()
    assert ids(read_by_s) == [request, reply, reply]
    assert [m.in_reply_to for m in read_by_s] == [NO_ID, request, request]
    assert not read_by_s[0].marked


def test_H_10_a_replier_hears_its_own_reply(s_and_r):
    s, r = s_and_r
    r.bind("$.F")
    request = s.send(M.request("$.F"))
    marked, unmarked = r.read_all()
    reply = r.send(M.reply_to(marked))
    heard = read(r)
    assert (heard.id, heard.in_reply_to, heard.from_) == (reply, request, r.id)
    assert r.read_next() is None


def test_H_11_ones_own_replier(bus):
    s = bus.open()
    s.bind("$.F", replier=True)
    request = s.send(M.request("$.F"))
    reply = s.send(M.reply_to(read(s)))
    answer = read(s)
    assert (answer.id, answer.in_reply_to, answer.to, answer.from_) == (reply, request, s.id, s.id)
    assert (s.count(), s.unreplied()) == (0, 0)


def test_H_12_a_second_reply(s_and_r):
    s, r = s_and_r
    s.send(M.request("$.F"))
    reply = M.reply_to(read(r))
    id = r.send(reply)
    fails("ECONNREFUSED", r.send, reply)
    assert ids(s.read_all()) == [id]


def test_H_13_a_reply_to_another_id(s_and_r):
    s, r = s_and_r
    network, serial = s.send(M.request("$.F"))
    reply = M.reply_to(read(r))
    fails("ECONNREFUSED", r.send, reply.but(in_reply_to=(network, serial + 100)))
    assert s.count() == 0
    id = r.send(reply)
    assert ids(s.read_all()) == [id]


def test_H_14_a_reply_that_nobody_asked_for(bus):
    r, x = ksocks(bus, 2)
    fails("ECONNREFUSED", r.send, M("$.F", to=x.id, in_reply_to=(0, 12)))
    assert x.count() == 0


def test_H_15_a_reply_to_nobody(s_and_r):
    s, r = s_and_r
    s.send(M.request("$.F"))
    reply = M.reply_to(read(r))
    fails("EADDRNOTAVAIL", r.send, reply.but(to=0))
    fails("EADDRNOTAVAIL", r.send, reply.but(to=12345))


def test_H_16_the_requester_has_gone(s_and_r):
    s, r = s_and_r
    s.send(M.request("$.F"))
    request = read(r)
    s.close()
    fails("EADDRNOTAVAIL", r.send, M.reply_to(request))
    assert r.unreplied() == 1


def test_H_17_the_request_of_one_that_has_gone(s_and_r):
    s, r = s_and_r
    id = s.send(M.request("$.F"))
    s.close()
    request = read(r)
    assert (request.id, request.marked) == (id, True)


def test_H_18_a_reply_by_another(answered_by_x):
    s, r, x, request = answered_by_x
    answer = read(s)
    assert (answer.in_reply_to, answer.from_, answer.data) == (request.id, x.id, b"by X")
    fails("ECONNREFUSED", r.send, M.reply_to(request))
    assert r.unreplied() == 1


def test_H_19_no_status_after_an_answer(answered_by_x):
    s, r, x, request = answered_by_x
    read(s)
    fails("ECONNREFUSED", r.send, M.reply_to(request))
    r.close()
    assert s.read_next() is None


def test_H_20_an_answer_before_the_replier_reads(bus, s_and_r):
    s, r = s_and_r
    x = bus.open()
    request = s.send(M.request("$.F"))
    answer = x.send(M("$.F", b"by X", to=s.id, in_reply_to=request))
    r.close()
    assert [(m.id, m.from_) for m in s.read_all()] == [(answer, x.id)]


def test_H_21_a_reply_of_another_name(bus, s_and_r):
    s, r = s_and_r
    x = bus.open()
    x.bind("$.Other")
    request = s.send(M.request("$.F"))
    id = r.send(M.reply_to(read(r)).but(name="$.Other"))
    for k in (s, x):
        assert [(m.id, m.name, m.in_reply_to) for m in k.read_all()] == [(id, "$.Other", request)]


def test_H_22_a_reply_to_a_wildcard(s_and_r):
    s, r = s_and_r
    s.send(M.request("$.F"))
    reply = M.reply_to(read(r))
    fails("EBADMSG", r.send, reply.but(name="$.F.*"))
    assert (s.count(), r.unreplied()) == (0, 1)


def test_H_23_no_reply_to_an_announcement(bus):
    s, l = ksocks(bus, 2)
    l.bind("$.F")
    s.send(M.announce("$.F"))
    refused(M.reply_to, read(l))


def test_H_24_no_reply_to_an_unmarked_request(bus, s_and_r):
    s, r = s_and_r
    l = bus.open()
    l.bind("$.F")
    s.send(M.request("$.F"))
    refused(M.reply_to, read(l))
    M.reply_to(read(r))


def test_H_25_a_thousand_requests(s_and_r):
    s, r = s_and_r
    s.max_messages(1050)
    r.max_messages(1050)
    requests = [s.send(M.request("$.F")) for _ in range(1000)]
    marked = r.read_all()
    assert ids(marked) == requests
    assert r.unreplied() == 1000
    for request in marked:
        r.send(M.reply_to(request))
    assert [m.in_reply_to for m in s.read_all()] == requests
    assert r.unreplied() == 0


def test_H_26_what_is_unreplied(s_and_r):
    s, r = s_and_r
    unreplied = []
    s.send(M.request("$.F"))
    unreplied.append(r.unreplied())
    length = r.next_msg()
    unreplied.append(r.unreplied())
    r.send(M.reply_to(r.read_msg(length)))
    unreplied.append(r.unreplied())
    assert unreplied == [0, 1, 0]


def test_H_27_an_unmarked_copy_is_not_owed(s_and_r):
    s, r = s_and_r
    r.bind("$.F")
    s.send(M.request("$.F"))
    assert read(r).marked
    assert r.unreplied() == 1
    assert not read(r).marked
    assert r.unreplied() == 1


def test_H_28_popped_is_owed(s_and_r):
    s, r = s_and_r
    s.send(M.request("$.F"))
    assert r.next_msg() == 96
    assert r.next_msg() == 0
    assert r.unreplied() == 1
