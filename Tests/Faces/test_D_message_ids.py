"""D. Message ids."""

import mmap
import re
import struct

from frame import ALL_OR_FAIL, ALL_OR_WAIT, M, fails
from words import ids, ksocks, of_bus_0, read


def after(id, count=1):
    """The id so many serials later."""
    return (id[0], id[1] + count)


def set_last_serial(bus, serial):
    """Makes this the serial given out last on bus 0, on which nobody may be doing anything.

    There is no call for it. The serial stands 16 bytes into the second page of the bus file, as a number of the machine.
    """
    with open(bus.directory / "kbus0", "r+b") as file:
        file.seek(mmap.PAGESIZE + 16)
        file.write(struct.pack("=I", serial))


def test_D_01_serials_differ_by_one(bus):
    s, l = ksocks(bus, 2)
    first = s.send(M.announce("$.F"))
    assert s.send(M.announce("$.F")) == after(first)
    l.bind("$.F")
    assert s.send(M.announce("$.F")) == after(first, 2)
    assert s.send(M.announce("$.F")) == after(first, 3)


def test_D_02_a_serial_without_a_network_is_replaced(bus):
    s, l = ksocks(bus, 2)
    l.bind("$.F")
    assert s.send(M("$.F", id=(0, 9999))) == (0, 1)
    assert read(l).id == (0, 1)
    assert s.send(M.announce("$.F")) == (0, 2)


def test_D_03_an_id_of_a_network_passes_through(bus):
    s, l = ksocks(bus, 2)
    l.bind("$.F")
    assert s.send(M.announce("$.F")) == (0, 1)
    assert [s.send(M("$.F", id=(3, 5))) for _ in range(2)] == [(3, 5), (3, 5)]
    assert s.last_id() == (3, 5)
    assert s.send(M.announce("$.F")) == (0, 2)
    assert ids(l.read_all()) == [(0, 1), (3, 5), (3, 5), (0, 2)]


def test_D_04_serial_0_of_a_network(bus):
    s, l = ksocks(bus, 2)
    l.bind("$.F")
    assert s.send(M("$.F", id=(4, 0))) == (4, 0)
    assert read(l).id == (4, 0)


def test_D_05_no_replier_uses_a_serial(bus):
    s = bus.open()
    first = s.send(M.announce("$.F"))
    fails("EADDRNOTAVAIL", s.send, M.request("$.None"))
    assert s.last_id() == after(first)
    assert s.send(M.announce("$.F")) == after(first, 2)


def test_D_06_a_full_replier_uses_a_serial(bus):
    s, r = ksocks(bus, 2)
    r.bind("$.Q", replier=True)
    r.max_messages(1)
    first = s.send(M.request("$.Q"))
    fails("EBUSY", s.send, M.request("$.Q"))
    assert s.last_id() == after(first)
    assert ids(r.read_all()) == [first]


def test_D_07_what_is_refused_early_uses_none(bus):
    s, r = ksocks(bus, 2)
    r.bind("$.Q", replier=True)
    s.max_messages(1)
    first = s.send(M.request("$.Q"))
    fails("ENOLCK", s.send, M.request("$.Q"))
    assert s.last_id() == first
    fails("EBADMSG", s.send, M.request("$.Q.*"))
    assert s.last_id() == first
    fails("EINVAL", s.send, M.announce("$.Q", flags=ALL_OR_WAIT | ALL_OR_FAIL))
    assert s.last_id() == first
    assert s.send(M.announce("$.F")) == after(first)


def test_D_08_what_is_refused_late_uses_one(bus):
    s, r, x = ksocks(bus, 3)
    r.bind("$.Q", replier=True)
    fails("ECONNREFUSED", x.send, M("$.Q", to=s.id, in_reply_to=(0, 77)))
    assert x.last_id() == (0, 1)
    fails("EPIPE", s.send, M.request("$.Q", to=x.id))
    assert s.last_id() == (0, 2)
    assert s.send(M.announce("$.F")) == (0, 3)


def test_D_09_after_the_greatest_serial(bus):
    s = bus.open()
    set_last_serial(bus, 0xFFFFFFFE)
    # What the bus then calls the next one shows that it was the right word.
    assert int(re.search(r"next msg (\d+)", of_bus_0(bus))[1]) == 0xFFFFFFFF
    assert [s.send(M.announce("$.F")) for _ in range(3)] == [(0, 0xFFFFFFFF), (0, 1), (0, 2)]


def test_D_10_a_status_uses_one(bus):
    s, r = ksocks(bus, 2)
    r.bind("$.Q", replier=True)
    request = s.send(M.request("$.Q"))
    r.close()
    assert read(s).id == after(request)
    assert s.send(M.announce("$.F")) == after(request, 2)
