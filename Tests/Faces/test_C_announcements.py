"""C. Announcements and routing."""

from frame import M, WANT_YOU_TO_REPLY
from words import BIND_EVENT, datas, ids, ksocks, names, read


def heard(bus, binding, *announced):
    """How many copies one Listener binding gets of announcements of these names."""
    s, l = ksocks(bus, 2)
    l.bind(binding)
    for name in announced:
        s.send(M.announce(name))
    return l.count()


def test_C_01_an_announcement_that_nobody_hears(bus):
    assert bus.open().send(M.announce("$.D")) == (0, 1)


def test_C_02_ones_own_announcement(bus):
    s = bus.open()
    s.bind("$.B")
    message = M.announce("$.B", b"data")
    id = s.send(message)
    copy = read(s)
    assert copy.equivalent(message)
    assert (copy.from_, copy.id, copy.flags & WANT_YOU_TO_REPLY) == (s.id, id, 0)
    assert s.read_next() is None


def test_C_03_both_read_both_in_order(bus):
    s, l = ksocks(bus, 2)
    for k in (s, l):
        k.bind("$.B")
        k.bind("$.C")
    b = s.send(M.announce("$.B"))
    c = l.send(M.announce("$.C"))
    for k in (s, l):
        assert [(m.id, m.name, m.from_) for m in k.read_all()] == [(b, "$.B", s.id), (c, "$.C", l.id)]


def test_C_04_three_bindings_three_copies(bus):
    s, l = ksocks(bus, 2)
    for _ in range(3):
        l.bind("$.F")
    id = s.send(M.announce("$.F"))
    assert l.count() == 3
    assert ids(l.read_all()) == [id, id, id]


def test_C_05_a_wildcard_and_the_name_itself(bus):
    s, l = ksocks(bus, 2)
    l.bind("$.F.*")
    l.bind("$.F.Jim")
    s.send(M.announce("$.F.Jim"))
    assert l.count() == 2


def test_C_06_star_is_one_word_or_more(bus):
    assert heard(bus, "$.F.*", "$.F.Jim", "$.F.A.B", "$.F", "$.Fx.A") == 2


def test_C_07_percent_is_one_word(bus):
    assert heard(bus, "$.F.%", "$.F.Jim", "$.F.A.B", "$.F") == 1


def test_C_08_percent_at_the_top(bus):
    assert heard(bus, "$.%", "$.F", "$.F.A") == 1


def test_C_09_star_at_the_top(bus):
    assert heard(bus, "$.*", "$.F", "$.F.A.B.C") == 2


def test_C_10_a_replier_hears_no_announcement(bus):
    s, r = ksocks(bus, 2)
    r.bind("$.F", replier=True)
    s.send(M.announce("$.F"))
    assert r.count() == 0


def test_C_11_a_replier_that_listens(bus):
    s, r = ksocks(bus, 2)
    r.bind("$.F", replier=True)
    r.bind("$.F")
    s.send(M.announce("$.F"))
    assert [m.marked for m in r.read_all()] == [False]
    assert r.unreplied() == 0


def test_C_12_to_is_ignored_and_from_is_replaced(bus):
    s, l = ksocks(bus, 2)
    l.bind("$.F")
    s.send(M("$.F", to=777, from_=99))
    copy = read(l)
    assert (copy.to, copy.from_) == (777, s.id)


def test_C_13_what_limpets_write_passes_through(bus):
    s, l = ksocks(bus, 2)
    l.bind("$.F")
    s.send(M("$.F", orig_from=(1, 2), final_to=(3, 4)))
    copy = read(l)
    assert (copy.orig_from, copy.final_to) == ((1, 2), (3, 4))


def test_C_14_extra_becomes_0(bus):
    s, l = ksocks(bus, 2)
    l.bind("$.F")
    message = M("$.F", b"1234", extra=55)
    s.write_pointy(message)
    s.send_written()
    s.write(message.entire_bytes())
    s.send_written()
    assert [m.extra for m in l.read_all()] == [0, 0]


def test_C_15_flags_of_others_pass_through(bus):
    s, l = ksocks(bus, 2)
    l.bind("$.F")
    s.send(M.announce("$.F", flags=0xFFFF00F6))
    assert read(l).flags == 0xFFFF00F0


def test_C_16_anybody_may_announce_an_event(bus):
    s, l = ksocks(bus, 2)
    l.bind(BIND_EVENT)
    s.send(M.announce(BIND_EVENT))
    copy = read(l)
    assert (copy.name, copy.flags, copy.from_) == (BIND_EVENT, 0, s.id)


def test_C_17_reading_all_twice(bus):
    s, l = ksocks(bus, 2)
    l.bind("$.F")
    for _ in range(2):
        sent = [s.send(M.announce("$.F")) for _ in range(5)]
        assert ids(l.read_all()) == sent
    if bus.face == "python":
        # The Ksock is an iterator, which can go on.
        for _ in range(2):
            sent = [s.send(M.announce("$.F")) for _ in range(5)]
            assert [(m.id.network_id, m.id.serial_num) for m in l.ksock] == sent


def test_C_18_a_thousand_listeners(bus):
    p = bus.peer(descriptors=1200)
    s, *listeners = [p.open() for _ in range(1001)]
    for l in listeners:
        l.bind("$.F")
    message = M.announce("$.F", b"for a thousand")
    id = s.send(message)
    for l in listeners:
        copy = read(l)
        assert copy.equivalent(message)
        assert (copy.id, l.count()) == (id, 0)


def test_C_19_a_binding_hears_nothing_from_before(bus):
    s, l = ksocks(bus, 2)
    s.send(M.announce("$.F"))
    l.bind("$.F")
    assert l.count() == 0


def test_C_20_all_see_one_order(bus):
    p = bus.peer()
    s, x, l1, l2 = bus.open(), p.open(), bus.open(), p.open()
    for l in (l1, l2):
        l.bind("$.F")
    for number in range(1, 11):
        s.send(M.announce("$.F", b"%d" % number))
        x.send(M.announce("$.F", b"%d" % (number + 10)))
    read_by_l1 = l1.read_all()
    assert ids(read_by_l1) == ids(l2.read_all())
    assert names(read_by_l1) == 20 * ["$.F"]
    for sender, first in ((s, 1), (x, 11)):
        of_sender = [m for m in read_by_l1 if m.from_ == sender.id]
        assert datas(of_sender) == [b"%d" % number for number in range(first, first + 10)]
