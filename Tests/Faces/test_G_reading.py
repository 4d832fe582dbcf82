"""G. Reading."""

import wire
from frame import M
from words import datas, ksocks, read


def with_queued(bus, *messages):
    """A Listener with these messages in its queue."""
    s, l = ksocks(bus, 2)
    l.bind("$.*")
    for message in messages:
        s.send(message)
    return l


def test_G_01_nothing_queued(bus):
    l = bus.open()
    assert (l.next_msg(), l.len_left(), l.read(4)) == (0, 0, b"")
    assert l.read_msg(100) is None
    assert l.read_next() is None


def test_G_02_the_length_of_the_next(bus):
    assert with_queued(bus, M.announce("$.Fred", b"data")).next_msg() == 104


def test_G_03_the_first_byte(bus):
    l = with_queued(bus, M.announce("$.Fred", b"data"))
    total = l.next_msg()
    assert l.len_left() == total
    assert l.read(1) == b"K"
    assert l.len_left() == total - 1


def test_G_04_what_is_left(bus):
    l = with_queued(bus, M.announce("$.Fred", 20 * b"x"))
    assert l.next_msg() == 120
    left = []
    already = 0
    for position in (96, 97, 102, 116):
        assert len(l.read(position - already)) == position - already
        already = position
        left.append(l.len_left())
    assert left == [24, 23, 18, 4]


def test_G_05_byte_by_byte(bus):
    message = M.announce("$.Fred", b"abc1234")
    l = with_queued(bus, message)
    parts = [l.read(1) for _ in range(l.next_msg())]
    assert all(len(part) == 1 for part in parts)
    assert M.from_bytes(b"".join(parts)).equivalent(message)
    assert (l.len_left(), l.read(1)) == (0, b"")


def test_G_06_reading_ends_with_the_message(bus):
    l = with_queued(bus, M.announce("$.Fred"), M.announce("$.Other"))
    assert l.next_msg() == 100
    assert len(l.read(10000)) == 100
    assert l.read(1) == b""
    assert l.next_msg() == 100
    assert M.from_bytes(l.read(10000)).name == "$.Other"


def test_G_07_the_next_drops_the_rest(bus):
    l = with_queued(bus, M.announce("$.Fred", b"first"), M.announce("$.Fred", b"second"))
    l.next_msg()
    l.read(10)
    length = l.next_msg()
    assert l.read_msg(length).data == b"second"
    assert (l.next_msg(), l.count()) == (0, 0)


def test_G_08_no_next_drops_the_rest(bus):
    l = with_queued(bus, M.announce("$.Fred"))
    l.next_msg()
    l.read(10)
    assert (l.next_msg(), l.len_left(), l.read(5)) == (0, 0, b"")


def test_G_09_skipping_one(bus):
    l = with_queued(bus, *(M.announce("$.Fred", b"%d" % number) for number in range(6)))
    before = datas([read(l), read(l)])
    assert l.next_msg() != 0
    assert before + datas(l.read_all()) == [b"0", b"1", b"3", b"4", b"5"]


def test_G_10_popped_at_once(bus):
    l = with_queued(bus, M.announce("$.Fred", b"data"))
    assert l.poll() == {"r"}
    length = l.next_msg()
    assert (l.count(), l.poll()) == (0, set())
    assert l.read_msg(length).data == b"data"


def test_G_11_unbinding_leaves_what_is_popped(bus):
    l = with_queued(bus, M.announce("$.Fred", b"data"), M.announce("$.Fred", b"goes"))
    length = l.next_msg()
    l.unbind("$.*")
    assert l.count() == 0
    assert l.read_msg(length).data == b"data"


def test_G_12_every_byte(bus):
    s, l = ksocks(bus, 2)
    l.bind("$.*")
    for name in ("$.F", "$.Fr", "$.Fre", "$.Fred"):
        for data in (b"", b"1", b"12", b"123", b"1234", b"12345"):
            message = M(name, data, to=7, orig_from=(1, 2), final_to=(3, 4), flags=0x10000)
            id = s.send(message)
            length = l.next_msg()
            assert length == wire.entire_len(len(name), len(data))
            # The padding of the header itself is nobody's business.
            assert without_gaps(l.read(length)) == wire.entire(message.but(id=id, from_=s.id))


def without_gaps(data):
    """The bytes of a message, with zeros where its header has gaps."""
    header = wire.HEADER.pack(*wire.HEADER.unpack_from(data))
    return header + data[wire.HEADER.size:]
