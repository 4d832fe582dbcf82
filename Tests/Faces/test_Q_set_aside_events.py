"""Q. Replier bind events, continued: the ones that wait for room, and the ones that are lost."""

import pytest
from frame import ALL_OR_WAIT, SYNTHETIC, fails
from words import (BIND_EVENT, EVENTS_LOST, NO_ID, announce, is_readable, ksocks, make_full, names, read, read_event,
                   set_aside)


@pytest.fixture
def one_set_aside(bus):
    """L, with room for one message, holds the event of X binding `$.Q`; X has closed: L and X's id (Q-24)."""
    l = bus.open()
    l.max_messages(1)
    l.bind(BIND_EVENT)
    l.set_report_binds(True)
    x = bus.open()
    binder = x.id
    x.bind("$.Q", replier=True)
    assert l.count() == 1
    x.close()
    return l, binder


def two_thousand_unbound(bus, listeners):
    """So many Listeners to events, each with room for one message, read them while X binds 2000 names. X closes."""
    listening = ksocks(bus, listeners)
    for l in listening:
        l.max_messages(1)
        l.bind(BIND_EVENT)
    x = bus.open()
    binder = x.id
    x.set_report_binds(True)
    for number in range(2000):
        x.bind(f"$.N{number}", replier=True)
        for l in listening:
            read_event(l, is_bind=True, binder=binder, name=f"$.N{number}")
    x.close()
    return *listening, binder


def read_until_lost(l, binder, count):
    """Expects so many unbind events, the newest name first, then that the others were lost, then nothing."""
    messages = [read_event(l, is_bind=False, binder=binder, name=f"$.N{1999 - number}") for number in range(count)]
    lost = read(l)
    assert (lost.name, lost.data, lost.flags) == (EVENTS_LOST, b"", SYNTHETIC)
    assert (lost.from_, lost.to, lost.in_reply_to) == (0, 0, NO_ID)
    assert lost.id[0] == 0 and lost.id[1] != 0
    assert l.count() == 0
    assert l.read_next() is None
    return [*messages, lost]


def test_Q_24_the_event_of_one_who_closes_waits_for_a_full_listener(one_set_aside):
    l, x = one_set_aside
    assert l.count() == 2
    read_event(l, is_bind=True, binder=x, name="$.Q")
    assert l.count() == 1
    read_event(l, is_bind=False, binder=x, name="$.Q")
    assert l.count() == 0


def test_Q_25_1000_are_set_aside_at_most(bus):
    l, x = two_thousand_unbound(bus, listeners=1)
    assert l.count() == 1002
    read_until_lost(l, x, 1001)


def test_Q_26_two_listeners_share_the_1000_places(bus):
    l1, l2, x = two_thousand_unbound(bus, listeners=2)
    assert l1.count() == 502
    assert l2.count() == 502
    assert read_until_lost(l1, x, 501) == read_until_lost(l2, x, 501)


def test_Q_27_who_has_read_all_has_room_who_has_not_has_none(bus):
    l1, l2, x = two_thousand_unbound(bus, listeners=2)
    l1.bind("$.One")
    l2.bind("$.Two")
    read_until_lost(l1, x, 501)
    announce(l1, "$.One", flags=ALL_OR_WAIT)
    assert names(l1.read_all()) == ["$.One"]
    fails("EAGAIN", announce, l1, "$.Two", flags=ALL_OR_WAIT)
    assert l2.count() == 502


def test_Q_28_once_all_is_read_events_are_as_before(bus):
    l, x = two_thousand_unbound(bus, listeners=1)
    read_until_lost(l, x, 1001)
    y = bus.open()
    binder = y.id
    y.bind("$.Y", replier=True)
    # L is full of this event, so that the next one takes the way of those that were lost.
    y.close()
    read_event(l, is_bind=True, binder=binder, name="$.Y")
    read_event(l, is_bind=False, binder=binder, name="$.Y")
    assert l.count() == 0


@pytest.fixture
def full_and_empty_listener(bus):
    """L1, full, and L2, empty, listen to events; X, which held `$.Q`, has closed: L1, L2 and X's id (Q-29)."""
    l1, l2, x = ksocks(bus, 3)
    binder = x.id
    x.set_report_binds(True)
    x.bind("$.Q", replier=True)
    l1.bind(BIND_EVENT)
    l2.bind(BIND_EVENT)
    make_full(l1)
    x.close()
    return l1, l2, binder


def test_Q_29_a_full_listener_does_not_keep_the_event_from_another(full_and_empty_listener):
    l1, l2, x = full_and_empty_listener
    assert l1.count() == 2
    assert l2.count() == 1
    assert is_readable(l2)
    read_event(l2, is_bind=False, binder=x, name="$.Q")
    assert l2.count() == 0


def test_Q_30_unbinding_drops_what_that_binding_had_set_aside(one_set_aside):
    l, _ = one_set_aside
    l.unbind(BIND_EVENT)
    assert l.count() == 0
    assert l.read_next() is None


def test_Q_31_an_unbind_that_fails_drops_nothing(one_set_aside):
    l, _ = one_set_aside
    fails("EINVAL", l.unbind, BIND_EVENT, replier=True)
    assert l.count() == 2
    assert names(l.read_all()) == [BIND_EVENT] * 2


def test_Q_32_closing_drops_what_is_set_aside(bus, one_set_aside):
    l, _ = one_set_aside
    assert set_aside(bus) == 1
    l.close()
    assert set_aside(bus) == 0


def test_Q_33_an_unbind_that_takes_a_message_away_lets_an_event_in(bus):
    l, x = ksocks(bus, 2)
    binder = x.id
    x.set_report_binds(True)
    x.bind("$.Q", replier=True)
    l.bind(BIND_EVENT)
    make_full(l)
    x.close()
    assert l.count() == 2
    assert set_aside(bus) == 1
    l.unbind("$.Filler")
    assert l.count() == 1
    assert set_aside(bus) == 0
    assert is_readable(l)
    read_event(l, is_bind=False, binder=binder, name="$.Q")


def test_Q_34_who_closes_is_no_recipient_of_its_own_events(bus):
    m, o, x = ksocks(bus, 3)
    binder = m.id
    # Closing unbinds the newest first: this binding is there to the end.
    m.bind(BIND_EVENT)
    o.bind(BIND_EVENT)
    for number in range(4):
        m.bind(f"$.M{number}", replier=True)
    x.set_report_binds(True)
    m.max_messages(2)
    m.close()
    assert set_aside(bus) == 0
    assert o.count() == 4
    for number in 3, 2, 1, 0:
        read_event(o, is_bind=False, binder=binder, name=f"$.M{number}")


def test_Q_35_events_are_read_in_the_order_in_which_they_happened(bus, full_and_empty_listener):
    l1, l2, x = full_and_empty_listener
    assert len(l1.read_all()) == 2
    y = bus.open()
    y.bind("$.Y", replier=True)
    read_event(l2, is_bind=False, binder=x, name="$.Q")
    read_event(l2, is_bind=True, binder=y.id, name="$.Y")
    assert l2.count() == 0
    read_event(l1, is_bind=True, binder=y.id, name="$.Y")
    assert l1.count() == 0
