"""E. Writing and sending."""

import pytest
import wire
from frame import ALL_OR_FAIL, ALL_OR_WAIT, M, fails
from words import datas, ids, ksocks, read


@pytest.fixture
def s_and_l(bus):
    """S, and L that listens to everything."""
    s, l = ksocks(bus, 2)
    l.bind("$.*")
    return s, l


def pattern(count, seed=0):
    """Bytes by which a shift or a gap would show."""
    return bytes((i * 31 + (i >> 8) + seed) & 0xFF for i in range(count))


def write_is_refused(k, errno_name, data):
    """Expects that these bytes are refused, and nothing of them stays."""
    fails(errno_name, k.write, data)
    fails("ENOMSG", k.send_written)


def test_E_01_delivered_by_send_not_by_write(s_and_l):
    s, l = s_and_l
    s.write_pointy(M.announce("$.F", b"1234"))
    assert l.next_msg() == 0
    id = s.send_written()
    message = read(l)
    assert (message.id, message.data) == (id, b"1234")


def test_E_02_byte_by_byte(s_and_l):
    s, l = s_and_l
    message = M.announce("$.Fred", b"abc1234")
    for byte in message.entire_bytes():
        s.write(bytes([byte]))
    s.send_written()
    assert read(l).equivalent(message)


def test_E_03_short_data_in_both_forms(s_and_l):
    s, l = s_and_l
    for count in range(10):
        message = M.announce("$.F", pattern(count))
        s.write_pointy(message)
        s.send_written()
        s.write_entire(message)
        s.send_written()
        s.write(message.entire_bytes())
        s.send_written()
        copies = l.read_all()
        assert len(copies) == 3
        assert all(copy.equivalent(message) for copy in copies), count


def test_E_04_nothing_written(bus):
    fails("ENOMSG", bus.open().send_written)


def test_E_05_discarded(s_and_l):
    s, l = s_and_l
    s.write_pointy(M.announce("$.F", b"1234"))
    s.discard()
    fails("ENOMSG", s.send_written)
    assert l.count() == 0


def test_E_06_nothing_to_discard(bus):
    s = bus.open()
    s.discard()
    s.discard()


def test_E_07_part_of_a_message(s_and_l):
    s, l = s_and_l
    s.write(M.announce("$.Fred", b"abc1234").entire_bytes()[:50])
    fails("EINVAL", s.send_written)
    fails("ENOMSG", s.send_written)
    assert l.count() == 0


def test_E_08_part_of_a_message_discarded(s_and_l):
    s, l = s_and_l
    s.write(M.announce("$.Fred", b"abc1234").entire_bytes()[:50])
    s.discard()
    s.send(M.announce("$.F", b"other"))
    assert datas(l.read_all()) == [b"other"]


def test_E_09_one_byte_too_many(s_and_l):
    s, l = s_and_l
    s.write(M.announce("$.F", b"1234").entire_bytes())
    write_is_refused(s, "EMSGSIZE", b"\0")
    assert l.count() == 0


def test_E_10_two_messages_at_once(s_and_l):
    s, l = s_and_l
    write_is_refused(s, "EMSGSIZE", 2 * M.announce("$.F", b"1234").entire_bytes())
    assert l.count() == 0


@pytest.mark.parametrize("wrong", ["start_guard", "end_guard", "final_guard"])
def test_E_11_wrong_guards(s_and_l, wrong):
    s, l = s_and_l
    write_is_refused(s, "EINVAL", wire.entire(M("$.F", b"1234"), **{wrong: 0x12345678}))
    assert l.count() == 0


def test_E_12_lengths_that_no_name_has(bus):
    s = bus.open()
    for pointer in (0, wire.BAD_POINTER):
        write_is_refused(s, "EINVAL", wire.header(M("$.F"), name_len=0, name_pointer=pointer))
        write_is_refused(s, "ENAMETOOLONG", wire.header(M("$.F"), name_len=1001, name_pointer=pointer))


def test_E_13_data_pointer_without_name_pointer(bus):
    write_is_refused(bus.open(), "EINVAL", wire.header(M("$.F", b"1234"), data_pointer=wire.BAD_POINTER))


def test_E_14_name_pointer_without_data_pointer(bus):
    write_is_refused(bus.open(), "EINVAL", wire.header(M("$.F", b"1234"), name_pointer=wire.BAD_POINTER))


def test_E_15_data_pointer_without_data(bus):
    header = wire.header(M("$.F"), name_pointer=wire.BAD_POINTER, data_pointer=wire.BAD_POINTER)
    write_is_refused(bus.open(), "EINVAL", header)


def test_E_16_both_all_or_flags(bus):
    both = ALL_OR_WAIT | ALL_OR_FAIL
    s, r, l = ksocks(bus, 3)
    l.bind("$.F")
    r.bind("$.Q", replier=True)
    fails("EINVAL", s.write_pointy, M.announce("$.F", flags=both))
    fails("EINVAL", s.write_entire, M.announce("$.F", flags=both))
    fails("ENOMSG", s.send_written)
    s.send(M.request("$.Q"))
    fails("EINVAL", r.write_pointy, M.reply_to(read(r), flags=both))
    fails("ENOMSG", r.send_written)
    assert (l.count(), s.count(), r.unreplied()) == (0, 0, 1)


def test_E_17_a_pointy_wildcard_fails_in_send(s_and_l):
    s, l = s_and_l
    s.write_pointy(M.announce("$.Fred.*"))
    fails("EBADMSG", s.send_written)
    fails("ENOMSG", s.send_written)
    assert l.count() == 0


def test_E_18_an_entire_bad_name_fails_in_write(s_and_l):
    s, l = s_and_l
    for name in ("$.F!", "$.F.*"):
        write_is_refused(s, "EBADMSG", wire.entire(M(name, b"1234")))
    assert l.count() == 0


def test_E_19_sending_to_percent(s_and_l):
    s, l = s_and_l
    fails("EBADMSG", s.send, M.announce("$.Jim.%"))
    assert l.count() == 0


def test_E_20_sending_to_a_name_too_long(bus):
    fails("ENAMETOOLONG", bus.open().send, M.announce("$." + 1000 * "x"))


def test_E_21_rubbish_in_the_padding(s_and_l):
    s, l = s_and_l
    message = M("$.Fred", b"12345")
    s.write(wire.entire(message, padding=b"\xAA"))
    id = s.send_written()
    length = l.next_msg()
    assert l.read(length) == wire.entire(message.but(id=id, from_=s.id))


def test_E_22_what_was_read_can_be_sent(s_and_l):
    s, l = s_and_l
    for count in range(10):
        message = M.announce("$.F", pattern(count))
        s.send(message)
        first = read(l)
        id = s.send(first)
        again = read(l)
        assert again.equivalent(message), count
        assert again.id == id != first.id


def test_E_23_one_message_sent_twice(s_and_l):
    s, l = s_and_l
    message = M.announce("$.F", b"twice")
    network, serial = s.send(message)
    assert s.send(message) == (network, serial + 1)
    assert [(m.id[1], m.data) for m in l.read_all()] == [(serial, b"twice"), (serial + 1, b"twice")]


def test_E_24_writing_and_reading_interleave(bus):
    s, r = ksocks(bus, 2)
    r.bind("$.Q", replier=True)
    s.write_pointy(M.request("$.Q", b"r1"))
    r1 = s.send_written()
    length = r.next_msg()
    s.write_pointy(M.request("$.Q", b"r2"))
    request = r.read_msg(length)
    assert (request.id, request.data) == (r1, b"r1")
    r2 = s.send_written()
    r.write_pointy(M.reply_to(request, b"to r1"))
    s.write_pointy(M.request("$.Q", b"r3"))
    r.send_written()
    r3 = s.send_written()
    request = read(r)
    assert (request.id, request.data) == (r2, b"r2")
    r.send(M.reply_to(request, b"to r2"))
    assert [(m.in_reply_to, m.data) for m in s.read_all()] == [(r1, b"to r1"), (r2, b"to r2")]
    request = read(r)
    assert (request.id, request.data) == (r3, b"r3")


def test_E_25_lengths_around_pages(s_and_l):
    s, l = s_and_l
    counts = [2047, 2048, 2049, 4095, 4096, 4097, 8191, 8192, 8193]
    sent = [pattern(counts[i % len(counts)], seed=i) for i in range(100)]
    for data in sent:
        s.send(M.announce("$.F", data))
    for data in sent:
        length = l.next_msg()
        assert length == wire.entire_len(3, len(data))
        assert l.read_msg(length).data == data


def test_E_26_a_long_one(s_and_l):
    s, l = s_and_l
    s.send(M.announce("$.F", pattern(65563)))
    assert read(l).data == pattern(65563)


def test_E_27_a_length_that_would_overflow(bus):
    s = bus.open()
    for pointer in (0, wire.BAD_POINTER):
        header = wire.header(M("$.F"), data_len=0xFFFFFFFE, name_pointer=pointer, data_pointer=pointer)
        write_is_refused(s, "EMSGSIZE", header)
