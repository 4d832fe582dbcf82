"""T. Bus administration: making buses, their settings, and the statistics."""

import re
import time

from frame import ASK, fails
from words import announce, answer, ask, bindings, ids, ksocks, open_ids, read


def test_T_01_a_new_bus_opens_at_once(bus):
    s = bus.open()
    assert s.new_device() == 1
    x = bus.open(which=1)
    assert x.new_device() == 2
    assert bus.open(which=2).id == 1


def test_T_02_there_are_at_most_256_buses(bus):
    bus.options = "--max-ksocks 16 --max-bindings 16 --max-requests 16"
    s = bus.open()
    assert [s.new_device() for _ in range(255)] == list(range(1, 256))
    fails("EINVAL", s.new_device)


def test_T_03_a_new_bus_begins_afresh(bus):
    s = bus.open()
    s.max_size(200)
    s.set_report_binds(True)
    s.set_verbose(True)
    announce(s, "$.F")
    x = bus.open(which=s.new_device())
    assert x.id == 1
    assert announce(x, "$.F") == (0, 1)
    assert x.max_size(0) == 409600
    assert x.ask_report_binds() == 0
    assert x.ask_verbose() == 0


def test_T_04_verbose_affects_nothing_else(bus):
    s, r = ksocks(bus, 2)
    assert [s.verbose(request) for request in (ASK, 1, ASK)] == [0, 0, 1]
    assert r.ask_verbose() == 1
    r.bind("$.Q", replier=True)
    request = ask(s, "$.Q")
    reply = answer(r, read(r))
    [message] = s.read_all()
    assert (message.id, message.in_reply_to) == (reply, request)


def test_T_05_statistics(bus):
    ksocks(bus, 3)
    lines = bus.statistics().splitlines()
    assert len(lines) == 10
    assert lines[0] == "dev  0: next ksock 4 next msg 0 unsent unbindings 0"
    for position, id in enumerate([3, 2, 1]):
        first, second, third = lines[1 + 3 * position:4 + 3 * position]
        assert first == f"    ksock {id} last msg 0:0 queue 0 of 100"
        part = "(?:HDR|NAME|NPAD|DATA|DPAD|FINAL)"
        assert re.fullmatch(
            rf"      read byte 0 of 0, wrote byte 0 of {part} \((?:not )?finished\), not sending", second)
        assert re.fullmatch(
            r"      outstanding requests 0 \(size \d+, max 0\), unsent replies 0 \(max 0\)", third)


def test_T_06_a_process_killed_inside_a_call(bus):
    x = bus.open()
    x.bind("$.F")
    for call, arguments in ("poll", {"timeout": 30}), ("wait_for_msg", {"timeout": 30}):
        p = bus.peer()
        k = p.open()
        k.bind("$.Q", replier=True)
        inside = k.later(call, **arguments)
        inside.until_asleep()
        p.kill()
        id = announce(x, "$.F")
        assert ids(x.read_all()) == [id]
        deadline = time.monotonic() + 30
        while open_ids(bus) != [x.id]:
            assert time.monotonic() < deadline, "the dead process's Ksock is still there"
        assert [binding[4] for binding in bindings(bus)] == ["$.F"]
