"""B. Names and binding."""

import os

from frame import M, c_only, fails
from words import BIND_EVENT, bindings, ksocks


def refused_both_ways(bus, names, errno_name="EBADMSG"):
    """Expects that none of these names can be bound, as either kind."""
    x = bus.open()
    for name in names:
        for replier in (False, True):
            fails(errno_name, x.bind, name, replier)
    assert bindings(bus) == []


def lines(bus):
    """Who is bound to what and how, newest first."""
    return [(int(ksock), kind, name) for _, ksock, _, kind, name in bindings(bus)]


def test_B_01_names_that_do_not_start_as_they_should(bus):
    refused_both_ways(bus, ["", "$", "$x", "$.", "Fred", ".a.b", "$a.b"])


def test_B_02_characters_that_no_name_has(bus):
    refused_both_ways(bus, ["$.#", "$.a_b", "$.a-b", "$.a b", "$.a'b"])
    if bus.face == "c":
        bus.leaves_out("a name containing a zero byte: in C it ends the name")
    else:
        refused_both_ways(bus, ["$.a\0b", "$.a\0"])


def test_B_03_dots_at_the_end_or_in_a_row(bus):
    refused_both_ways(bus, ["$.Fred.", "$.Fred..", "$.Fred..Jim", "$.Fred....Jim", "$..", "$..*", "$.a..*"])


def test_B_04_wildcards_that_are_not_the_last_word(bus):
    refused_both_ways(bus, ["$.a*", "$.*.a", "$.a.%.b", "$.*.*", "$.a.**", "$.%*", "$.a.*."])


def test_B_05_good_names(bus):
    x = bus.open()
    names = ["$.a", "$.9", "$.A1.b2", "$.Fred.Jim.Fred.Jim", "$.*", "$.%", "$.a.*", "$.a.%"]
    for name in names:
        x.bind(name)
        x.bind(name, replier=True)
    assert lines(bus) == [(x.id, kind, name) for name in reversed(names) for kind in "RL"]


def test_B_06_case_matters(bus):
    x = bus.open()
    x.bind("$.This.is", replier=True)
    x.bind("$.THIS.is", replier=True)
    assert x.find_replier("$.this.is") is None


def test_B_07_the_longest_name(bus):
    x = bus.open()
    x.bind("$." + 998 * "x")
    fails("ENAMETOOLONG", x.bind, "$." + 999 * "x")
    assert lines(bus) == [(x.id, "L", "$." + 998 * "x")]


def test_B_08_length_before_grammar(bus):
    refused_both_ways(bus, [1000 * "0123456789"], "ENAMETOOLONG")


def test_B_09_unbinding_bad_names(bus):
    x = bus.open()
    fails("EBADMSG", x.unbind, "")
    fails("ENAMETOOLONG", x.unbind, "$." + 999 * "x")
    fails("EBADMSG", x.unbind, "$.a.")


def test_B_10_letters_are_ascii(bus):
    refused_both_ways(bus, [b"$.caf\xe9", "$.é"])


def test_B_11_the_same_name_four_times(bus):
    l = bus.open()
    for _ in range(4):
        l.bind("$.F")
    assert lines(bus) == 4 * [(l.id, "L", "$.F")]


def test_B_12_one_replier_for_a_name(bus):
    r, l = ksocks(bus, 2)
    r.bind("$.F", replier=True)
    fails("EADDRINUSE", l.bind, "$.F", replier=True)
    fails("EADDRINUSE", r.bind, "$.F", replier=True)
    assert lines(bus) == [(r.id, "R", "$.F")]


def test_B_13_replier_and_listener_at_once(bus):
    r = bus.open()
    for first, second in ((True, False), (False, True)):
        r.bind("$.F", replier=True)
        r.bind("$.F")
        assert lines(bus) == [(r.id, "L", "$.F"), (r.id, "R", "$.F")]
        r.unbind("$.F", replier=first)
        assert lines(bus) == [(r.id, "L" if first else "R", "$.F")]
        r.unbind("$.F", replier=second)
        assert lines(bus) == []


def test_B_14_unbinding_once_too_often(bus):
    l = bus.open()
    l.bind("$.F")
    l.bind("$.F")
    l.unbind("$.F")
    l.unbind("$.F")
    fails("EINVAL", l.unbind, "$.F")


def test_B_15_unbinding_the_other_kind_or_name(bus):
    l = bus.open()
    l.bind("$.F")
    fails("EINVAL", l.unbind, "$.F", replier=True)
    fails("EINVAL", l.unbind, "$.G")
    assert lines(bus) == [(l.id, "L", "$.F")]


def test_B_16_unbinding_is_literal(bus):
    l = bus.open()
    l.bind("$.F.*")
    fails("EINVAL", l.unbind, "$.F.Jim")
    assert lines(bus) == [(l.id, "L", "$.F.*")]


def test_B_17_unbinding_what_another_bound(bus):
    r, x = ksocks(bus, 2)
    r.bind("$.F", replier=True)
    fails("EINVAL", x.unbind, "$.F", replier=True)
    assert x.find_replier("$.F") == r.id


def test_B_18_a_closed_repliers_name_is_free(bus):
    r, x = ksocks(bus, 2)
    r.bind("$.F", replier=True)
    r.close()
    x.bind("$.F", replier=True)
    assert x.find_replier("$.F") == x.id


def test_B_19_overlapping_repliers(bus):
    r, x = ksocks(bus, 2)
    r.bind("$.F.*", replier=True)
    for name in ("$.F.Jim", "$.F.%", "$.*"):
        x.bind(name, replier=True)
    assert lines(bus) == [(x.id, "R", "$.*"), (x.id, "R", "$.F.%"), (x.id, "R", "$.F.Jim"), (r.id, "R", "$.F.*")]


def test_B_20_nobody_replies_to_bind_events(bus):
    x = bus.open()
    fails("EBADMSG", x.bind, BIND_EVENT, replier=True)
    assert lines(bus) == []


def test_B_21_other_names_of_the_bus_can_be_bound(bus):
    x = bus.open()
    x.bind(BIND_EVENT)
    for name in ("$.KBUS.*", "$.KBUS.%", "$.KBUS.Fred"):
        x.bind(name, replier=True)
        assert x.find_replier(name) == x.id


def test_B_22_finding_a_replier_is_literal(bus):
    r, x = ksocks(bus, 2)
    r.bind("$.W.*", replier=True)
    assert [x.find_replier(name) for name in ("$.W.A", "$.W.*", "$.None")] == [None, r.id, None]


def test_B_23_finding_names_of_a_bad_length(bus):
    x = bus.open()
    fails("ENAMETOOLONG", x.find_replier, "$." + 999 * "x")
    fails("ENAMETOOLONG", x.find_replier, "")


def test_B_24_finding_an_invalid_name(bus):
    assert bus.open().find_replier("xx") is None


def test_B_25_a_listener_is_no_replier(bus):
    l = bus.open()
    l.bind("$.F")
    assert l.find_replier("$.F") is None


@c_only("in Python the kind is a boolean")
def test_B_26_any_number_but_0_is_true(bus):
    x = bus.open()
    x.peer.call("bind", x.number, "$.F", 2)
    assert lines(bus) == [(x.id, "R", "$.F")]
    x.peer.call("unbind", x.number, "$.F", 1)
    assert lines(bus) == []


def test_B_27_the_listing_of_bindings(bus):
    p = bus.peer()
    s, r = bus.open(), p.open()
    s.bind("$.A")
    r.bind("$.B", replier=True)
    bus.create(1)
    header, of_r, of_s, header_of_1 = bus.bindings().splitlines()
    pid_of_s = os.getpid() if bus.face == "python" else s.peer.pid
    for line in (header, header_of_1):
        assert line.startswith("# ")
        assert line.endswith("is bound to <Ksock-ID> in <process-PID> as <Replier|Listener> for <message-name>")
    assert header == header_of_1
    assert of_r == "%3u: %8u %8u  R  $.B" % (0, r.id, p.pid)
    assert of_s == "%3u: %8u %8u  L  $.A" % (0, s.id, pid_of_s)
    if bus.face == "python":
        import kbus

        assert kbus.read_bindings({}) == [(r.id, True, "$.B"), (s.id, False, "$.A")]


def test_B_28_bindings_go_with_their_ksocks(bus):
    bus.create(1)
    for which in (0, 0, 1):
        k = bus.open(which=which)
        k.bind("$.A")
        k.bind(f"$.{k.id}", replier=True)
        k.send(M.announce("$.A"))
        k.close()
    assert [line[0] for line in bus.bindings().splitlines()] == ["#", "#"]
