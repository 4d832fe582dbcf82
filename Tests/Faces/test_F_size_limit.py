"""F. Message size limit."""

import wire
from frame import M, fails
from words import BIND_EVENT, GONE_AWAY, ksocks, read, read_event, read_status

MOST = 409600


def longest(name, total=MOST):
    """How many bytes of data fit behind this name."""
    return total - wire.entire_len(len(name), 0)


def test_F_01_what_the_bus_was_made_with(bus):
    s = bus.open()
    assert [s.max_size(0), s.max_size(1)] == [MOST, MOST]


def test_F_02_limits_that_cannot_be(bus):
    s = bus.open()
    for size in (99, 2, MOST + 1):
        fails("EINVAL", s.max_size, size)
    assert s.max_size(0) == MOST


def test_F_03_the_smallest_limit(bus):
    s = bus.open()
    assert s.max_size(100) == 100
    assert [s.max_size(0), s.max_size(1)] == [100, MOST]


def test_F_04_what_counts(bus):
    s = bus.open()
    s.max_size(100)
    s.send(M.announce("$.Fred"))
    fails("EMSGSIZE", s.send, M.announce("$.Fred", b"1"))
    s.send(M.announce("$.F", b"1"))
    s.send(M.announce("$.12345"))
    fails("EMSGSIZE", s.send, M.announce("$.1234567"))


def test_F_05_the_entire_form_fails_in_write(bus):
    s = bus.open()
    s.max_size(100)
    fails("EMSGSIZE", s.write, M("$.Fred", b"1").entire_bytes())
    fails("ENOMSG", s.send_written)


def test_F_06_the_longest_message(bus):
    s, l = ksocks(bus, 2)
    l.bind("$.Fred")
    most = longest("$.Fred") * b"x"
    message = M.announce("$.Fred", most)
    assert len(message.entire_bytes()) == MOST
    s.write_pointy(message)
    s.send_written()
    s.write_entire(message)
    s.send_written()
    assert [m.data == most for m in l.read_all()] == [True, True]
    longer = M.announce("$.Fred", most + b"1234")
    fails("EMSGSIZE", s.write_pointy, longer)
    fails("EMSGSIZE", s.write_entire, longer)
    assert l.count() == 0


def test_F_07_a_written_message_stays_good(bus):
    s, l, x = ksocks(bus, 3)
    l.bind("$.F")
    message = M.announce("$.F", longest("$.F", 200) * b"x")
    assert len(message.entire_bytes()) == 200
    for write in (s.write_pointy, s.write_entire):
        x.max_size(MOST)
        write(message)
        x.max_size(100)
        s.send_written()
        assert read(l).equivalent(message)


def test_F_08_the_limit_is_the_buss(bus):
    bus.create(1)
    s, x = ksocks(bus, 2)
    other = bus.open(which=1)
    s.max_size(200)
    assert [x.max_size(0), bus.open().max_size(0), other.max_size(0)] == [200, 200, MOST]
    message = M.announce("$.F", 200 * b"x")
    fails("EMSGSIZE", x.send, message)
    other.send(message)


def test_F_09_messages_of_the_bus_are_exempt(bus):
    s, r, l = ksocks(bus, 3)
    long = "$." + 500 * "x"
    l.bind(BIND_EVENT)
    l.set_report_binds(True)
    l.max_size(100)
    r.bind(long, replier=True)
    read_event(l, 1, r.id, long)
    r.bind("$.Q", replier=True)
    read_event(l, 1, r.id, "$.Q")
    request = s.send(M.request("$.Q"))
    gone = r.id
    r.close()
    read_status(s, GONE_AWAY, from_=gone, answering=request)
    read_event(l, 0, gone, "$.Q")
    read_event(l, 0, gone, long)
