"""U. The objects of the Python package."""

import errno

import pytest
from frame import python_only

kbus = pytest.importorskip("kbus")
from kbus import (Announcement, Ksock, Message, MessageId, OrigFrom, Reply, Request, Status, read_bindings,  # noqa: E402
                  reply_to, split_replier_bind_event_data, stateful_request)

pytestmark = python_only("about the Python package")


def status(name="$.KBUS.Replier.GoneAway"):
    return Status.from_bytes(Message(name, to=9, from_=10, in_reply_to=MessageId(0, 20), flags=4, id=MessageId(0, 22)).to_bytes())


def test_U_01_the_examples_of_the_talk(bus):
    r, ahem = Ksock(0), Message("$.Actor.Speak", "Ahem")
    assert str(r) == "Ksock device 0, id 1, mode read/write"
    assert r.send_msg(ahem) == MessageId(0, 1)
    a = Ksock(0)
    a.bind("$.Actor.Speak")
    assert r.send_msg(ahem) == MessageId(0, 2)
    heard = a.read_next_msg()
    assert repr(heard) == "Message('$.Actor.Speak', data=b'Ahem', from_=1, id=MessageId(0, 2))"
    assert str(heard) == "<Announcement '$.Actor.Speak', id=[0:2], from=1, data=b'Ahem'>"
    assert r.ksock_id() == 1 and a.read_next_msg() is None
    r.send_msg(Message("$.Actor.Speak", "Hello there"))
    r.send_msg(Message("$.Actor.Speak", "Can you hear me?"))
    assert [str(m) for m in a] == [
        "<Announcement '$.Actor.Speak', id=[0:3], from=1, data=b'Hello there'>",
        "<Announcement '$.Actor.Speak', id=[0:4], from=1, data=b'Can you hear me?'>"]
    g = Ksock(0)
    assert str(g) == "Ksock device 0, id 3, mode read/write"
    for k in (g, a, r):
        k.bind("$.Actor.*")
    g.send_msg(Message("$.Actor.Speak", "Pssst!"))
    psst = "<Announcement '$.Actor.Speak', id=[0:5], from=3, data=b'Pssst!'>"
    assert [[str(m) for m in k] for k in (g, r, a)] == [[psst], [psst], [psst, psst]]
    a.unbind("$.Actor.Speak")
    g.unbind("$.Actor.*")
    g.bind("$.Actor.Speak")
    g.bind("$.Actor.Ask.Guildenstern", True)
    assert r.send_msg(Request("$.Actor.Ask.Guildenstern", "Were you speaking to me?")) == MessageId(0, 6)
    asked = "<Request '$.Actor.Ask.Guildenstern', id=[0:6], from=1, flags=%s, data=b'Were you speaking to me?'>"
    assert str(r.read_next_msg()) == asked % "0x1 (REQ)"
    r.unbind("$.Actor.*")
    req = g.read_next_msg()
    assert str(req) == asked % "0x3 (REQ,YOU)" and req.wants_us_to_reply() is True and g.read_next_msg() is None
    rep = reply_to(req, "Yes, yes I was")
    assert str(rep) == "<Reply '$.Actor.Ask.Guildenstern', to=1, in_reply_to=[0:6], data=b'Yes, yes I was'>"
    assert g.send_msg(rep) == MessageId(0, 7) and g.read_next_msg() is None
    answered = "<Reply '$.Actor.Ask.Guildenstern', id=[0:7], to=1, from=3, in_reply_to=[0:6], data=b'Yes, yes I was'>"
    assert str(r.read_next_msg()) == answered
    assert [str(m) for m in a] == [asked % "0x1 (REQ)", answered]
    assert r.send_msg(Request("$.Actor.Ask.Guildenstern", "Shall we toss?")) == MessageId(0, 8)
    assert g.send_msg(reply_to(g.read_next_msg(), "Yes")) == MessageId(0, 9)
    g.bind("$.Actor.CoinToss", True)
    sreq = stateful_request(r.read_next_msg(), "$.Actor.CoinToss", "Head")
    assert str(sreq) == "<Request '$.Actor.CoinToss', to=3, flags=0x1 (REQ), data=b'Head'>"
    r.send_msg(sreq)
    toss = g.read_next_msg()
    assert str(toss) == "<Request '$.Actor.CoinToss', id=[0:10], to=3, from=1, flags=0x3 (REQ,YOU), data=b'Head'>"
    assert toss.data == b"Head"
    g.send_msg(reply_to(toss, "Head"))
    again = stateful_request(r.read_next_msg(), "$.Actor.CoinToss", "Head")
    g.close()
    f = Ksock(0)
    assert f.ksock_id() == 4
    f.bind("$.Actor.CoinToss", True)
    with pytest.raises(BrokenPipeError, match=r"\[Errno 32\] Broken pipe"):
        r.send_msg(again)
    assert list(r) == list(f) == []
    for k in (r, a, f):
        k.close()


def test_U_02_repr_and_str(bus):
    assert repr(Message("$.Fred", data=b"1234", to=9, in_reply_to=MessageId(0, 3))) == \
        "Message('$.Fred', data=b'1234', to=9, in_reply_to=MessageId(0, 3))"
    assert repr(Announcement("$.Fred", "x")) == "Announcement('$.Fred', data=b'x')"
    assert repr(Request("$.Fred")) == "Request('$.Fred', flags=0x00000001)"
    assert repr(Reply("$.Fred", "d", to=3, orig_from=OrigFrom(1, 2), in_reply_to=MessageId(0, 4))) == \
        "Reply('$.Fred', data=b'd', to=3, orig_from=OrigFrom(1, 2), in_reply_to=MessageId(0, 4))"
    assert str(status()) == "<Status '$.KBUS.Replier.GoneAway', id=[0:22], to=9, from=10, in_reply_to=[0:20], flags=0x4 (SYN)>"
    assert str(Message("$.Fred", flags=0x10000)) == "<Announcement '$.Fred', flags=0x10000>"
    assert (repr(MessageId(1, 2)), str(MessageId(1, 2))) == ("MessageId(1, 2)", "[1:2]")
    assert (repr(OrigFrom(1, 2)), str(OrigFrom(1, 2))) == ("OrigFrom(1, 2)", "(1,2)")


@pytest.mark.parametrize("other", [3, None])
def test_U_03_a_message_is_unequal_to_anything_else(bus, other):
    m = Message("$.F")
    assert not m == other and not other == m
    assert m != other and other != m


def test_U_04_rebuilt_messages_are_equal(bus):
    m = Message("$.F", b"12345", to=1, from_=2, orig_from=OrigFrom(3, 4), final_to=OrigFrom(5, 6), in_reply_to=MessageId(7, 8),
                flags=9, id=MessageId(10, 11))
    assert Message.from_message(m) == m
    assert Message.from_sequence(m.extract()) == m
    assert Message.from_sequence(list(m.extract())) == m
    assert Message.from_bytes(m.to_bytes()) == m


@pytest.mark.parametrize("nothing", ["", b"", None])
def test_U_05_no_data_is_none(bus, nothing):
    m = Message("$.F", nothing)
    assert m.data is None and m.msg.data_len == 0


def test_U_06_text_is_encoded(bus):
    assert Message("$.F", "é").data == b"\xc3\xa9"
    assert Message("$.F", "é", encoding="latin-1").data == b"\xe9"


def test_U_07_cast(bus):
    whole = [Announcement("$.F"), Request("$.F"), Reply("$.F", in_reply_to=MessageId(0, 1)), status()]
    assert [type(Message.from_bytes(m.to_bytes()).cast()) for m in whole] == [Announcement, Request, Reply, Status]


def test_U_08_events_lost_is_an_announcement(bus):
    assert type(Message("$.KBUS.UnbindEventsLost", flags=4).cast()) is Announcement


def test_U_09_message_ids_compare_and_add(bus):
    assert MessageId(1, 2) < MessageId(1, 3) < MessageId(2, 0)
    assert MessageId(0, 5) + 100 == MessageId(0, 105)


def test_U_10_reply_to(bus):
    asked = Message("$.F", from_=5, flags=3, id=MessageId(0, 7))
    assert reply_to(asked, "x") == Reply("$.F", "x", to=5, in_reply_to=MessageId(0, 7))


def test_U_11_what_from_message_clears(bus):
    m = Message("$.F", to=5, in_reply_to=MessageId(0, 7))
    assert Message.from_message(m, to=0).to == 0
    assert Message.from_message(m, in_reply_to=None).in_reply_to == MessageId(0, 7)


def test_U_12_an_announcement_answers_nothing(bus):
    assert Announcement.from_message(Message("$.F", in_reply_to=MessageId(0, 7))).in_reply_to is None


def test_U_13_a_real_bind_event_is_split(bus):
    with Ksock(0) as listener, Ksock(0) as replier:
        listener.bind("$.KBUS.ReplierBindEvent")
        listener.report_replier_binds(True)
        replier.bind("$.Fred", True)
        assert split_replier_bind_event_data(listener.read_next_msg().data) == (1, replier.ksock_id(), "$.Fred")


def test_U_14_read_bindings(bus):
    with Ksock(0) as one, Ksock(0) as two:
        one.bind("$.A")
        two.bind("$.B", True)
        assert read_bindings({1: "one"}) == [(2, True, "$.B"), ("one", False, "$.A")]


def test_U_15_errors_are_of_their_class(bus):
    with Ksock(0) as s, Ksock(0) as l:
        l.bind("$.L")
        l.set_max_messages(1)
        s.send_msg(Message("$.L"))
        with pytest.raises(BlockingIOError) as waiting:
            s.send_msg(Message("$.L", flags=Message.ALL_OR_WAIT))
        assert waiting.value.errno == errno.EAGAIN
        s.discard()
        l.bind("$.R", True)
        with pytest.raises(BrokenPipeError) as other:
            s.send_msg(Request("$.R", to=77))
        assert other.value.errno == errno.EPIPE
        with pytest.raises(ConnectionRefusedError) as refused:
            s.send_msg(Reply("$.R", to=l.ksock_id(), in_reply_to=MessageId(0, 99)))
        assert refused.value.errno == errno.ECONNREFUSED


def test_U_16_star_import(bus):
    names = {}
    exec("from kbus import *", names)
    expected = """Announcement BindStruct Ksock MSG_HEADER_LEN Message MessageId OrigFrom ReplierStruct Reply Request SendResultStruct
        Status c_data_as_bytes calc_entire_message_len calc_padded_data_len calc_padded_name_len hexdata hexify
        message_from_parts read_bindings reply_to split_replier_bind_event_data stateful_request
        ksock messages array ctypes fcntl select string struct""".split()
    assert [name for name in expected if name not in names] == []
