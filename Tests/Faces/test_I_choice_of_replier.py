"""I. Which of several Repliers a Request goes to."""

import pytest
from frame import fails
from words import ask, ids, ksocks


def expect(name, sender, chosen, repliers):
    """Expects that a request of this name is delivered once: to this Ksock among these."""
    request = ask(sender, name)
    for replier in repliers:
        assert ids(replier.read_all()) == ([request] if replier is chosen else []), f"{name} at Ksock {replier.id}"


@pytest.fixture(params=[1, -1], ids=["in order", "in reverse"])
def bind(request):
    """Binds Repliers to names, in this order or the other: that a name is bound last must not help it."""
    def bind_all(*repliers_and_names):
        for replier, name in repliers_and_names[::request.param]:
            replier.bind(name, replier=True)

    return bind_all


def test_I_01_the_name_itself_goes_before_star(bus, bind):
    s, r1, r2 = ksocks(bus, 3)
    bind((r1, "$.F.*"), (r2, "$.F.Jim"))
    expect("$.F.Jim", s, r2, [r1, r2])
    expect("$.F.Bob", s, r1, [r1, r2])


def test_I_02_percent_goes_before_star(bus, bind):
    s, r1, r2 = ksocks(bus, 3)
    bind((r1, "$.F.*"), (r2, "$.F.%"))
    expect("$.F.Jim", s, r2, [r1, r2])
    expect("$.F.Jim.Bob", s, r1, [r1, r2])


def test_I_03_the_name_itself_then_percent_then_star(bus, bind):
    s, r1, r2, r3 = ksocks(bus, 4)
    bind((r1, "$.F.*"), (r2, "$.F.%"), (r3, "$.F.Jim"))
    expect("$.F.Jim", s, r3, [r1, r2, r3])
    expect("$.F.James", s, r2, [r1, r2, r3])
    expect("$.F.Jim.Bob", s, r1, [r1, r2, r3])


def test_I_04_one_copy_for_a_replier_in_two_ways(bus):
    s, r = ksocks(bus, 2)
    r.bind("$.F.*", replier=True)
    r.bind("$.F.Jim", replier=True)
    expect("$.F.Jim", s, r, [r])


def test_I_05_the_newest_star_though_shorter(bus):
    s, r1, r2 = ksocks(bus, 3)
    r1.bind("$.F.*", replier=True)
    r2.bind("$.*", replier=True)
    expect("$.F.Jim", s, r2, [r1, r2])


def test_I_06_the_newest_star_here_the_longer(bus):
    s, r1, r2 = ksocks(bus, 3)
    r2.bind("$.*", replier=True)
    r1.bind("$.F.*", replier=True)
    expect("$.F.Jim", s, r1, [r1, r2])


def test_I_07_star_does_not_match_the_name_before_it(bus):
    s, r = ksocks(bus, 2)
    r.bind("$.F.*", replier=True)
    fails("EADDRNOTAVAIL", ask, s, "$.F")
    assert r.count() == 0


def test_I_08_the_wildcard_takes_over_when_the_specific_unbinds(bus):
    s, r1, r2 = ksocks(bus, 3)
    r1.bind("$.F.*", replier=True)
    r2.bind("$.F.Jim", replier=True)
    r2.unbind("$.F.Jim", replier=True)
    expect("$.F.Jim", s, r1, [r1, r2])
