"""The recipes of docs/EVENT-LOOPS.md: each program under Examples/EventLoops hears every message, in order, and ends."""

import errno
import os
import pathlib
import select
import subprocess
import sys
import time

import pytest

from kbus import Announcement, Ksock

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.append(str(ROOT / "python" / "tests"))
from processes import die_with_parent, guarded_directory, until_undisturbed  # noqa: E402

DEBUG = ROOT / ".build" / "debug"
EXAMPLES = ROOT / "Examples" / "EventLoops"
DEADLINE_S = 60


@pytest.fixture(scope="session")
def built(tmp_path_factory):
    """The programs in C, built against headers and library as they are in the repository."""
    directory = tmp_path_factory.mktemp("event-loops")
    subprocess.run(
        ["make", "-C", str(EXAMPLES), "all", "BUILD=%s" % directory, "CFLAGS=-g -O2 -Wall -Wextra -Werror",
         "KBUS_CFLAGS=-I%s/Sources/CKBUS/include" % ROOT,
         "KBUS_LIBS=-L%s -Wl,-rpath,%s -lkbus" % (ROOT, ROOT)],
        check=True, stdout=subprocess.DEVNULL,
    )
    return directory


@pytest.fixture
def bus(monkeypatch):
    with guarded_directory("kbus-loops-") as directory:
        monkeypatch.setenv("KBUS_DIR", directory)
        yield directory


class Program:
    """A running program, whose lines are read with a deadline; killed if it outlives its test, or the tests."""

    def __init__(self, command, **environment):
        self._process = subprocess.Popen(
            command, stdout=subprocess.PIPE, env={**os.environ, **environment}, preexec_fn=lambda: die_with_parent(2 * DEADLINE_S))
        self._text = b""

    def line(self):
        end = time.monotonic() + DEADLINE_S
        while b"\n" not in self._text:
            ready, _, _ = select.select([self._process.stdout], [], [], max(0, end - time.monotonic()))
            assert ready, "no line in time; so far: %r" % self._text
            read = os.read(self._process.stdout.fileno(), 65536)
            assert read, "it ended early; so far: %r" % self._text
            self._text += read
        line, _, self._text = self._text.partition(b"\n")
        return line.decode()

    def until_asleep(self):
        until_undisturbed(self._process.pid)

    def end(self):
        assert self._process.wait(DEADLINE_S) == 0

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        self._process.kill()
        self._process.wait()
        self._process.stdout.close()


def command(name, built):
    if name == "asyncio":
        return [sys.executable, str(EXAMPLES / "with-asyncio.py")]
    if name in ("dispatch", "tasks"):
        return [str(DEBUG / ("with-" + name))]
    return [str(built / ("with-" + name))]


def check(program):
    """A program hears everything in order, sleeps while there is nothing, and ends when it is told."""
    with Ksock(0) as ksock, program:
        assert program.line() == "listening"
        # One at a time: each wakes a program that is asleep.
        for number in range(100):
            ksock.send_msg(Announcement("$.Weather.Rain", "%d" % number))
            assert program.line() == "$.Weather.Rain %d" % number
        program.until_asleep()
        # Many at once.
        for number in range(90):
            ksock.send_msg(Announcement("$.Weather.Sun", "%d" % number))
        assert [program.line() for _ in range(90)] == ["$.Weather.Sun %d" % number for number in range(90)]
        program.until_asleep()
        ksock.send_msg(Announcement("$.Weather.End"))
        assert program.line().rstrip() == "$.Weather.End"
        program.end()


FAST, FULL = {}, {"FULL_DESCRIPTOR": "1"}
BOTH = [(name, descriptor) for name in ("poll", "epoll", "glib", "libuv", "asyncio") for descriptor in (FAST, FULL)]


# Swift has the fast descriptor, and for tasks none.
@pytest.mark.parametrize("name, descriptor", [*BOTH, ("dispatch", FAST), ("tasks", FAST)])
def test_hears_everything_in_order_and_sleeps(name, descriptor, built, bus):
    check(Program(command(name, built), **descriptor))
    assert not [entry for entry in os.listdir(bus) if "fifo" in entry]


# As in many containers. Newer versions of libuv use io_uring where they can.
@pytest.mark.parametrize("name, descriptor", [one for one in BOTH if one[0] in ("epoll", "libuv", "asyncio")])
def test_where_io_uring_is_forbidden(name, descriptor, built, bus):
    forbidding = [str(DEBUG / "TestPeer"), "confine", "io_uring=%d" % errno.EPERM, "--"]
    check(Program(forbidding + command(name, built), **descriptor))
