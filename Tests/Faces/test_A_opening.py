"""A. Opening, modes, identity."""

import errno

import pytest
from frame import M, c_only, fails, python_only
from words import NO_ID, bindings, ids, ksocks, open_ids, read


def test_A_01_three_buses_open_in_both_modes(bus):
    bus.create(1)
    bus.create(2)
    for mode in ("r", "rw"):
        for which in range(3):
            k = bus.open(mode, which)
            assert k.id == (1 if mode == "r" else 2)


def test_A_02_no_such_bus(bus):
    bus.create(1)
    bus.create(2)
    for mode in ("r", "rw"):
        for which in (-1, 3):
            fails("ENOENT", bus.open, mode, which)


@python_only("modes are words in Python alone")
def test_A_03_a_bad_mode_uses_no_id(bus):
    import kbus

    bus.open()
    for mode in ("fred", "w+", "x", "w"):
        with pytest.raises(ValueError, match=f"^Ksock mode should be 'r' or 'rw', not '{mode}'$".replace("+", r"\+")):
            kbus.Ksock(0, mode)
    assert bus.open().id == 2


def test_A_04_ids_are_not_reused(bus):
    s, r = ksocks(bus, 2)
    assert (s.id, r.id) == (1, 2)
    s.close()
    assert bus.open().id == 3


def test_A_05_every_bus_counts_its_own_ids(bus):
    bus.create(1)
    assert (bus.open(which=0).id, bus.open(which=1).id) == (1, 1)


def test_A_06_nothing_crosses_between_buses(bus):
    bus.create(1)
    l, x = bus.open(which=0), bus.open(which=1)
    l.bind("$.A")
    assert x.send(M.announce("$.A")) == (0, 1)
    assert l.count() == 0


def test_A_07_no_writing_when_open_for_reading(bus):
    x, l = bus.open("r"), bus.open()
    l.bind("$.A")
    message = M.announce("$.A", b"1234")
    fails("EBADF", x.write, message.entire_bytes())
    fails("EBADF", x.write, b"K")
    fails("EBADF", x.write_pointy, message)
    fails("EBADF", x.write_entire, message)
    fails("EBADF", x.send, message)
    assert l.count() == 0


def test_A_08_nothing_to_send_when_open_for_reading(bus):
    fails("ENOMSG", bus.open("r").send_written)


def test_A_09_nothing_to_read(bus):
    x = bus.open("r")
    assert x.next_msg() == 0
    assert x.read(1) == b""


def test_A_10_what_a_read_only_ksock_can_do(bus):
    x = bus.open("r")
    x.bind("$.A")
    x.bind("$.A", replier=True)
    assert x.max_messages(5) == 5
    x.discard()
    assert x.max_size(0) == 409600
    assert [line[3] for line in bindings(bus)] == ["R", "L"]


def test_A_11_a_read_only_replier(bus):
    s, r = bus.open(), bus.open("r")
    r.bind("$.Q", replier=True)
    request = s.send(M.request("$.Q"))
    copy = read(r)
    assert (copy.id, copy.marked) == (request, True)
    assert r.unreplied() == 1


@c_only("in Python a Ksock is open for reading, or for reading and writing")
def test_A_12_open_for_writing(bus):
    w = bus.open("w")
    w.bind("$.A")
    w.send(M.announce("$.A", b"1234"))
    length = w.next_msg()
    assert length == 100
    fails("EBADF", w.read, length)


def test_A_13_no_last_id_at_first(bus):
    assert bus.open().last_id() == NO_ID


def test_A_14_a_closed_ksock(bus):
    s, r = ksocks(bus, 2)
    s.bind("$.A")
    r.bind("$.A", replier=True)
    message, request = M.announce("$.A"), M.request("$.A")
    s.close()
    uses = [
        lambda: s.id, s.close, s.next_msg, s.len_left, s.send_written, s.discard, s.last_id, s.count, s.unreplied,
        s.max_messages, s.new_device, s.read_next, s.ask_only_once, s.ask_report_binds, s.ask_verbose, s.poll,
        lambda: s.bind("$.B"), lambda: s.bind("$.B", replier=True), lambda: s.unbind("$.A"),
        lambda: s.find_replier("$.A"), lambda: s.send(message), lambda: s.send(request), lambda: s.write(b"Kbus"),
        lambda: s.write_pointy(message), lambda: s.write_entire(message), lambda: s.read(1), lambda: s.read_msg(100),
        lambda: s.max_messages(5), lambda: s.max_size(0), lambda: s.set_only_once(True),
        lambda: s.set_report_binds(True), lambda: s.set_verbose(True), lambda: s.poll(write=True, timeout=30),
        lambda: s.wait_for_msg(30),
    ]
    for number, use in enumerate(uses):
        if bus.face == "c":
            assert fails("EBADF", use).errno == errno.EBADF, number
        else:
            # Which exceptions is left open.
            with pytest.raises(Exception):
                use()
    assert open_ids(bus) == [r.id]
    assert bindings(bus) == [("0:", str(r.id), bindings(bus)[0][2], "R", "$.A")]


@python_only("C has no `with`")
def test_A_15_with_closes_and_lets_exceptions_through(bus):
    import kbus

    x = bus.open()
    with pytest.raises(ZeroDivisionError):
        with kbus.Ksock(0) as ksock:
            assert open_ids(bus) == [ksock.ksock_id(), x.id]
            1 / 0
    assert open_ids(bus) == [x.id]
    assert ksock.fd is None


def test_A_16_a_thousand_ksocks_in_one_process(bus):
    p = bus.peer(descriptors=1024)
    opened = [p.open() for _ in range(1001)]
    assert [k.id for k in opened] == list(range(1, 1002))
    # They are not merely there: the first hears the last.
    opened[0].bind("$.A")
    id = opened[-1].send(M.announce("$.A"))
    assert ids(opened[0].read_all()) == [id]
