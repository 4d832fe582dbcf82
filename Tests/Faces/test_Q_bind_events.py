"""Q. Replier bind events: who is told that a Replier came or went."""

import pytest
from frame import ASK, fails
from words import BIND_EVENT, announce, ids, ksocks, make_full, read, read_event


@pytest.fixture
def l_and_r(bus):
    """L, which listens to bind events and has switched reporting on, and R."""
    l, r = ksocks(bus, 2)
    l.bind(BIND_EVENT)
    l.set_report_binds(True)
    return l, r


@pytest.fixture
def r_and_x(bus):
    """R, which holds `$.B0` to `$.B3`, and X, which is not bound to the event; reporting is off (Q-09)."""
    r, x = ksocks(bus, 2)
    for number in range(4):
        r.bind(f"$.B{number}", replier=True)
    return r, x


def read_initial_report(x, r):
    for number in 3, 2, 1, 0:
        read_event(x, is_bind=True, binder=r.id, name=f"$.B{number}")


def test_Q_01_setting_gives_the_previous_value(bus):
    s = bus.open()
    # In C setting gives 0, always.
    was_on = 0 if bus.face == "c" else 1
    assert [s.report_binds(request) for request in (ASK, 1, ASK, 0, ASK)] == [0, 0, 1, was_on, 0]


def test_Q_02_a_replier_that_binds_is_one_event(l_and_r):
    l, r = l_and_r
    r.bind("$.F", replier=True)
    assert l.count() == 1
    event = read_event(l, is_bind=True, binder=r.id, name="$.F")
    assert event.flags == 0x204
    assert len(event.data) == 16
    r.bind("$.Fred", replier=True)
    assert len(read_event(l, is_bind=True, binder=r.id, name="$.Fred").data) == 20


def test_Q_03_listeners_are_not_reported(l_and_r):
    l, r = l_and_r
    r.bind("$.J")
    r.unbind("$.J")
    assert l.count() == 0


def test_Q_04_a_replier_that_unbinds_is_reported(l_and_r):
    l, r = l_and_r
    r.bind("$.F", replier=True)
    r.unbind("$.F", replier=True)
    read_event(l, is_bind=True, binder=r.id, name="$.F")
    read_event(l, is_bind=False, binder=r.id, name="$.F")
    assert l.count() == 0


def test_Q_05_a_replier_that_listens_gets_its_own_events(l_and_r):
    l, _ = l_and_r
    l.bind("$.F", replier=True)
    l.unbind("$.F", replier=True)
    read_event(l, is_bind=True, binder=l.id, name="$.F")
    read_event(l, is_bind=False, binder=l.id, name="$.F")
    assert l.count() == 0


@pytest.mark.parametrize("name", ["$.*", "$.KBUS.*", "$.KBUS.%"])
def test_Q_06_wildcards_get_events(bus, name):
    l, r = ksocks(bus, 2)
    r.set_report_binds(True)
    l.bind(name)
    r.bind("$.F", replier=True)
    read_event(l, is_bind=True, binder=r.id, name="$.F")
    assert l.count() == 0


def test_Q_07_no_events_with_reporting_off(l_and_r):
    l, r = l_and_r
    l.set_report_binds(False)
    r.bind("$.F", replier=True)
    r.unbind("$.F", replier=True)
    assert l.count() == 0


@pytest.mark.parametrize("replier", [True, False])
def test_Q_08_unbinding_what_is_not_bound_is_no_event(l_and_r, replier):
    l, r = l_and_r
    fails("EINVAL", r.unbind, "$.F", replier=replier)
    assert l.count() == 0


def test_Q_09_switching_on_reports_the_repliers_there_are(r_and_x):
    r, x = r_and_x
    x.set_report_binds(True)
    assert x.count() == 4
    read_initial_report(x, r)
    assert r.count() == 0


def test_Q_10_switching_on_again_reports_again(bus, r_and_x):
    r, x = r_and_x
    x.set_report_binds(True)
    read_initial_report(x, r)
    # The previous value; in C setting gives 0, always.
    assert x.report_binds(1) == (0 if bus.face == "c" else 1)
    read_initial_report(x, r)
    assert x.count() == 0


def test_Q_11_asking_reports_nothing(r_and_x):
    r, x = r_and_x
    r.set_report_binds(True)
    assert x.ask_report_binds() == 1
    assert x.count() == 0


def test_Q_12_no_room_for_the_whole_report(r_and_x):
    r, x = r_and_x
    x.max_messages(2)
    fails("EBUSY", x.set_report_binds, True)
    read_event(x, is_bind=True, binder=r.id, name="$.B3")
    read_event(x, is_bind=True, binder=r.id, name="$.B2")
    assert x.count() == 0
    assert x.ask_report_binds() == 1


def test_Q_13_the_initial_report_belongs_to_no_binding(r_and_x):
    r, x = r_and_x
    x.set_report_binds(True)
    x.bind(BIND_EVENT)
    x.unbind(BIND_EVENT)
    assert x.count() == 4
    read_initial_report(x, r)


def test_Q_14_a_full_listener_keeps_repliers_from_binding(bus, l_and_r):
    l, r = l_and_r
    x = bus.open()
    x.bind(BIND_EVENT)
    make_full(l)
    fails("EAGAIN", r.bind, "$.F", replier=True)
    assert r.find_replier("$.F") is None
    assert l.count() == 1
    assert x.count() == 0


def test_Q_15_a_full_listener_does_not_keep_listeners_from_binding(l_and_r):
    l, r = l_and_r
    make_full(l)
    r.bind("$.F")
    id = announce(l, "$.F")
    assert ids(r.read_all()) == [id]


def test_Q_16_with_reporting_off_a_full_listener_hinders_nobody(l_and_r):
    l, r = l_and_r
    make_full(l)
    r.set_report_binds(False)
    r.bind("$.F", replier=True)
    assert l.find_replier("$.F") == r.id
    assert l.count() == 1


def test_Q_17_a_full_listener_keeps_repliers_from_unbinding(l_and_r):
    l, r = l_and_r
    r.bind("$.F", replier=True)
    read_event(l, is_bind=True, binder=r.id, name="$.F")
    make_full(l)
    fails("EAGAIN", r.unbind, "$.F", replier=True)
    assert l.find_replier("$.F") == r.id
    assert l.count() == 1


def test_Q_18_that_there_is_a_replier_is_found_first(bus, l_and_r):
    l, r = l_and_r
    x = bus.open()
    r.bind("$.F", replier=True)
    read(l)
    make_full(l)
    fails("EADDRINUSE", x.bind, "$.F", replier=True)


def test_Q_19_unbinding_is_reported_though_binding_was_not(bus):
    l, x = ksocks(bus, 2)
    l.bind(BIND_EVENT)
    x.bind("$.F", replier=True)
    # X switches on, so that the initial report goes to X and not to L.
    x.set_report_binds(True)
    x.unbind("$.F", replier=True)
    read_event(l, is_bind=False, binder=x.id, name="$.F")
    assert l.count() == 0


def test_Q_20_a_wildcard_as_it_was_bound(l_and_r):
    l, r = l_and_r
    r.bind("$.W.*", replier=True)
    read_event(l, is_bind=True, binder=r.id, name="$.W.*")


def test_Q_21_the_flag_outlives_the_ksock_that_set_it(bus):
    s, l, r = ksocks(bus, 3)
    l.bind(BIND_EVENT)
    s.set_report_binds(True)
    s.close()
    assert l.ask_report_binds() == 1
    r.bind("$.F", replier=True)
    read_event(l, is_bind=True, binder=r.id, name="$.F")


def test_Q_22_the_flag_is_one_of_its_bus_alone(bus):
    bus.create(1)
    l, l1, r1 = bus.open(), bus.open(which=1), bus.open(which=1)
    l.bind(BIND_EVENT)
    l1.bind(BIND_EVENT)
    l.set_report_binds(True)
    assert l1.ask_report_binds() == 0
    r1.bind("$.F", replier=True)
    assert l1.count() == 0
    assert l.count() == 0


def test_Q_23_closing_reports_the_newest_first(l_and_r):
    l, r = l_and_r
    binder = r.id
    for name in "$.A", "$.B", "$.C":
        r.bind(name, replier=True)
        read_event(l, is_bind=True, binder=binder, name=name)
    r.close()
    for name in "$.C", "$.B", "$.A":
        read_event(l, is_bind=False, binder=binder, name=name)
    assert l.count() == 0
